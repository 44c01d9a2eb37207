import { parentPort, workerData } from 'node:worker_threads';
import { type LoadedModule, runCall } from './call.ts';
import { InputRing } from './input-ring.ts';
import type { CallOrder } from './orders.ts';
import { writeFrame } from './output.ts';

/** Set while a frame is being written: a worker that is ended then leaves half a frame behind. */
const writing = new Int32Array((workerData as { writing: SharedArrayBuffer }).writing);

function write(header: unknown, bodies: readonly Uint8Array[]): void {
  Atomics.store(writing, 0, 1);
  writeFrame(header, bodies);
  Atomics.store(writing, 0, 0);
}

interface Work {
  readonly callId: number;
  readonly loaded: LoadedModule;
  readonly order: CallOrder;
  readonly body: Uint8Array;
  readonly input: SharedArrayBuffer | null;
}

parentPort?.on('message', ({ callId, loaded, input, ...request }: Work) => {
  const { report, contents } = runCall(
    loaded,
    { ...request, input: input === null ? null : new InputRing(input) },
    {
      write: (stream, data) => write({ type: 'output', stream }, [data]),
      taken: (bytes) => write({ type: 'taken', bytes }, []),
    },
  );
  write(report, contents);
  parentPort?.postMessage(callId);
});
