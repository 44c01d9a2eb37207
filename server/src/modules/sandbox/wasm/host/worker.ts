import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { type LoadedModule, runCall } from './call.ts';
import { InputRing } from './input-ring.ts';
import type { CallOrder } from './orders.ts';
import { writeFrame } from './output.ts';
import { SharedState } from './shared-state.ts';

const state = new SharedState((workerData as { state: SharedArrayBuffer }).state);
const modules = new Map<string, LoadedModule>();
/** Then V8's own work for this thread has its turn, which only the event loop gives it. */
const callsAtOnce = 256;

function write(header: unknown, bodies: readonly Uint8Array[]): void {
  state.writing = true;
  writeFrame(header, bodies);
  state.writing = false;
}

export interface Work {
  readonly callId: number;
  /** Null when this thread has it already. */
  readonly loaded: LoadedModule | null;
  readonly order: CallOrder;
  readonly body: Uint8Array;
  readonly input: SharedArrayBuffer | null;
}

function work({ callId, loaded, input, ...request }: Work): void {
  if (loaded !== null) modules.set(request.order.hash, loaded);
  const module = modules.get(request.order.hash);
  if (module === undefined) throw new Error('a call of a module that was never handed over');
  const { report, contents } = runCall(
    module,
    { ...request, input: input === null ? null : new InputRing(input) },
    {
      write: (stream, data) => write({ type: 'output', stream }, [data]),
      taken: (bytes) => write({ type: 'taken', bytes }, []),
    },
  );
  write(report, contents);
  state.ended = callId;
}

function serve(port: MessagePort): void {
  for (let served = 0; served < callsAtOnce; ) {
    const { handedOver } = state;
    const received = receiveMessageOnPort(port) as { message: Work } | undefined;
    if (received === undefined) state.sleepAfter(handedOver);
    else {
      work(received.message);
      served += 1;
    }
  }
  setImmediate(serve, port);
}

if (parentPort !== null) setImmediate(serve, parentPort);
