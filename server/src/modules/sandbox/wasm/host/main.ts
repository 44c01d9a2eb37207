import { Worker } from 'node:worker_threads';
import { WASI } from '@bjorn3/browser_wasi_shim';
import { ModuleRefused } from './bytes.ts';
import type { LoadedModule } from './call.ts';
import { createFrameReader, type Frame } from './frames.ts';
import { InputRing } from './input-ring.ts';
import { meterModule } from './meter.ts';
import type { Import, ModuleParts } from './module.ts';
import type { CallOrder, Order } from './orders.ts';
import { writeFrame } from './output.ts';
import { SharedState } from './shared-state.ts';
import type { Work } from './worker.ts';

/**
 * A process that runs WebAssembly for one user and project, one call at a time. This thread takes orders and compiles; the
 * programs run in a worker that is warmed before it is needed and ended when time is up, so what was compiled is kept.
 */
const modules = new Map<string, LoadedModule>();
const workerLimits = { maxOldGenerationSizeMb: 192, maxYoungGenerationSizeMb: 32, stackSizeMb: 4 };
/** The answer of a worker that died instead of answering; the server knows it as an end by the memory limit. */
const outOfMemory = { kind: 'limit', limit: 'memory' } as const;

/** The last call; it runs while its end is not told. */
let calls = 0;
let state = new SharedState();
/** What the worker has of `modules`. */
let handedOver = new Set<string>();
/** Standard input of the last call, where it stays open. */
let input: InputRing | null = null;
let worker = startWorker();

function startWorker(): Worker {
  state = new SharedState();
  state.ended = calls;
  handedOver = new Set();
  const made = new Worker(new URL('./worker.ts', import.meta.url), {
    workerData: { state: state.buffer },
    resourceLimits: workerLimits,
    env: {},
  });
  made.on('error', () => {
    // Out of its memory, or a mistake of this host: either way the program is over and the thread is gone.
    if (worker === made) replaceWorker(outOfMemory);
  });
  return made;
}

/** Tells how the call of an ended worker ended, and warms the next one. */
function replaceWorker(outcome: unknown): void {
  // Half a frame can't be taken back; the server starts another host.
  if (state.writing) process.exit(70);
  const wasRunning = state.ended !== calls;
  worker = startWorker();
  if (wasRunning) writeFrame({ type: 'gone', outcome });
}

const offeredScriptImports = new Set(['abort', 'seed', 'trace', 'console.log', 'console.error']);
const offeredSystemImports = new Set(Object.keys(new WASI([], [], [], { debug: false }).wasiImport));

const isOfSystem = ({ module }: Import) => module === 'wasi_snapshot_preview1';

function isOffered(wanted: Import): boolean {
  const { module, name } = wanted;
  if (isOfSystem(wanted)) return offeredSystemImports.has(name);
  return module === 'env' && offeredScriptImports.has(name);
}

/** Valid first, then metered, then compiled, once. @throws ModuleRefused */
function load(hash: string, bytes: Uint8Array): ModuleParts {
  if (!WebAssembly.validate(bytes)) throw new ModuleRefused(whyInvalid(bytes));
  const { parts, bytes: metered } = meterModule(bytes);
  const strange = parts.imports.find((wanted) => !isOffered(wanted));
  if (strange !== undefined) {
    throw new ModuleRefused(`it imports ${strange.module}.${strange.name}, which is not offered`);
  }
  const usesMemory = parts.imports.length > 0;
  if (usesMemory && !parts.exports.some(({ name, kind }) => name === 'memory' && kind === 'memory')) {
    throw new ModuleRefused('it imports functions of the system but exports no memory named "memory"');
  }
  const functions = Object.fromEntries(
    parts.exports.flatMap(({ name, signature }) => (signature === null ? [] : [[name, signature]])),
  );
  const module = new WebAssembly.Module(metered);
  const systemImports = new Set(parts.imports.flatMap((wanted) => (isOfSystem(wanted) ? [wanted.name] : [])));
  modules.set(hash, { module, functions, memoryPages: parts.memoryPages ?? 0, systemImports });
  return parts;
}

function whyInvalid(bytes: Uint8Array): string {
  try {
    new WebAssembly.Module(bytes);
    return 'it is not valid';
  } catch (error) {
    return error instanceof Error ? error.message.slice(0, 300) : 'it is not valid';
  }
}

function onLoad(hash: string, body: Uint8Array): void {
  try {
    const { imports, exports, memoryPages } = load(hash, body);
    writeFrame({ type: 'loaded', imports, exports, memoryPages: memoryPages ?? 0 });
  } catch (error) {
    const reason = error instanceof Error ? error.message.slice(0, 500) : 'unknown';
    writeFrame({ type: 'refused', reason, expected: error instanceof ModuleRefused });
  }
}

function onCall(order: CallOrder, body: Uint8Array): void {
  const loaded = modules.get(order.hash);
  if (loaded === undefined) {
    writeFrame({ type: 'unknown' });
    return;
  }
  calls += 1;
  input = order.keepInput ? new InputRing() : null;
  const work: Work = {
    callId: calls,
    // A compiled module is dear to hand over, and the same every time.
    loaded: handedOver.has(order.hash) ? null : loaded,
    order,
    body: new Uint8Array(body),
    input: input?.buffer ?? null,
  };
  handedOver.add(order.hash);
  worker.postMessage(work);
  state.handOver(calls);
}

/** Orders arrive one after the other, so what comes late for a call that has ended never meets the next one. */
function onInput(body: Uint8Array, end: boolean): void {
  if (input === null) return;
  // The server keeps to the window; one that does not can't be told apart from a broken one.
  if (body.length > 0 && !input.push(body)) process.exit(70);
  if (end) input.close();
}

async function onStop(): Promise<void> {
  const ending = worker;
  if (state.ended === calls) return;
  await ending.terminate();
  if (worker === ending) replaceWorker(null);
}

const frames = createFrameReader(({ header, body }: Frame) => {
  const order = header as Order;
  if (order.type === 'load') onLoad(order.hash, body);
  else if (order.type === 'call') onCall(order, body);
  else if (order.type === 'input') onInput(body, order.end);
  else void onStop();
});
process.stdin.on('data', (piece: Buffer) => frames.push(piece));
process.stdin.on('end', () => process.exit(0));
worker.once('online', () => writeFrame({ type: 'ready' }));
