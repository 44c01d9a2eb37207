import { WASIProcExit } from '@bjorn3/browser_wasi_shim';
import { createVirtualWorld, createWorld } from './clock.ts';
import { Quota } from './files.ts';
import { type Changes, changesOf, type FileEntry, plantFiles, QuotaFolder, RootFolder } from './folders.ts';
import { Fuel, LimitReached } from './fuel.ts';
import type { InputRing } from './input-ring.ts';
import { pageBytes, startExport } from './meter.ts';
import type { Signature } from './module.ts';
import type { CallOrder, CallOutcome, CallReport } from './orders.ts';
import { createScriptImports, ProgramAborted } from './script-imports.ts';
import { InputStream, OutputBudget, OutputStream } from './streams.ts';
import { createSystem } from './system.ts';

/** A module that was metered and compiled, with what a call needs to know of it. */
export interface LoadedModule {
  readonly module: WebAssembly.Module;
  readonly memoryPages: number;
  /** Names of the functions of WASI that it imports; nothing else of it is made for a call. */
  readonly systemImports: ReadonlySet<string>;
  /** Of each exported function. */
  readonly functions: Readonly<Record<string, Signature>>;
}

/** What a call tells while it runs. */
export interface CallListener {
  readonly write: (stream: 'stdout' | 'stderr', data: Uint8Array) => void;
  /** So much of the input that came while it runs was read. */
  readonly taken: (bytes: number) => void;
}

export interface CallRequest {
  readonly order: CallOrder;
  readonly body: Uint8Array;
  /** Where more input comes from; null: what is in the body is all. */
  readonly input: InputRing | null;
}

/** Where a program finds the project's files. */
const filesName = '/workspace';

/** Runs one call from beginning to end. It never throws: whatever a program does is an outcome. */
export function runCall(
  loaded: LoadedModule,
  request: CallRequest,
  listener: CallListener,
): { readonly report: CallReport; readonly contents: readonly Uint8Array[] } {
  const { order } = request;
  const fuel = new Fuel(order.fuel);
  const quota = new Quota({ bytes: order.fileBytes, entries: order.fileEntries });
  const budget = new OutputBudget(order.outputBytes, fuel);
  const root = new QuotaFolder(quota, order.files?.readOnly ?? false);
  const planted = { files: plantedFiles(request), folders: order.files?.folders ?? [] };
  const startedCpu = process.threadCpuUsage();
  let instance: WebAssembly.Instance | null = null;

  function outcome(): CallOutcome {
    if (loaded.memoryPages * pageBytes > order.memoryLimitBytes) return { kind: 'limit', limit: 'memory' };
    if (!plantFiles(root, planted)) return { kind: 'limit', limit: 'disk' };
    const started = (made: WebAssembly.Instance) => {
      instance = made;
    };
    return execute(loaded, { ...request, fuel, budget, root }, { ...listener, started });
  }

  const ended = outcome();
  const cpu = process.threadCpuUsage(startedCpu);
  const changes = order.files === null || order.files.readOnly ? noChanges : changesOf(root, planted);
  const { written, ...rest } = changes;
  return {
    report: {
      type: 'ended',
      outcome: limitBehind(ended, { fuel, quota }),
      fuelUsed: fuel.used,
      memoryBytes: memoryOf(instance)?.byteLength ?? 0,
      fileBytes: quota.peakBytes,
      outputBytes: budget.bytes,
      cpuMs: (cpu.user + cpu.system) / 1000,
      changes: { ...rest, written: written.map(({ path, content }) => ({ path, bytes: content.length })) },
    },
    contents: written.map(({ content }) => content),
  };
}

const noChanges: Changes = { written: [], foldersMade: [], filesGone: [], foldersGone: [] };

/** Standard input comes first in the body, then each file. */
function plantedFiles({ order, body }: CallRequest): FileEntry[] {
  let from = order.stdinBytes;
  return (order.files?.files ?? []).map(({ path, bytes }) => {
    // A copy: one file that grows or goes must not hold on to all the others.
    const content = body.slice(from, from + bytes);
    from += bytes;
    return { path, content };
  });
}

interface Prepared extends CallRequest {
  readonly fuel: Fuel;
  readonly budget: OutputBudget;
  readonly root: QuotaFolder;
}

function execute(
  loaded: LoadedModule,
  { order, body, input, fuel, budget, root }: Prepared,
  host: CallListener & { readonly started: (instance: WebAssembly.Instance) => void },
): CallOutcome {
  const signature = loaded.functions[order.function];
  if (signature === undefined) return { kind: 'refused', reason: `it exports no function ${order.function}` };
  const isProgram = order.function === '_start';
  const stdout = new OutputStream(budget, (data) => host.write('stdout', data));
  const stderr = new OutputStream(budget, (data) => host.write('stderr', data));
  const world = createWorld({
    clock: order.clock,
    random: order.random,
    virtual: createVirtualWorld(fuel, order.seed),
  });
  const { systemImports } = loaded;
  const system = createSystem({
    wanted: systemImports,
    args: isProgram ? ['program', ...order.args] : ['program'],
    env: [],
    descriptors: [
      new InputStream(body.subarray(0, order.stdinBytes), { ring: input, onTaken: host.taken }),
      stdout,
      stderr,
      ...(order.files === null ? [] : [new RootFolder(filesName, root)]),
    ],
    fuel,
    world,
  });
  let instance: WebAssembly.Instance | null = null;
  const memory = () => memoryOf(instance) ?? new ArrayBuffer(0);
  const script = createScriptImports({ fuel, world, memory, stdout, stderr });
  try {
    const values = isProgram ? [] : parametersOf(signature, order.args);
    instance = new WebAssembly.Instance(loaded.module, {
      wasi_snapshot_preview1: system.functions,
      env: script,
    });
    fuel.attach(instance, order.memoryLimitBytes);
    system.attach(instance);
    host.started(instance);
    call(instance, startExport, []);
    if (!isProgram) call(instance, '_initialize', []);
    const result = call(instance, order.function, values);
    return isProgram ? { kind: 'exited', exitCode: 0 } : { kind: 'returned', results: resultsOf(result) };
  } catch (error) {
    return outcomeOf(error, fuel);
  }
}

function memoryOf(instance: WebAssembly.Instance | null): ArrayBuffer | null {
  const memory = instance?.exports['memory'];
  return memory instanceof WebAssembly.Memory ? memory.buffer : null;
}

function call(instance: WebAssembly.Instance, name: string, values: readonly unknown[]): unknown {
  const target = instance.exports[name];
  return typeof target === 'function' ? target(...values) : undefined;
}

class BadArguments extends Error {}

/** Numbers as the parameters' types want them. @throws BadArguments */
function parametersOf({ params }: Signature, args: readonly string[]): (number | bigint)[] {
  if (args.length !== params.length) {
    throw new BadArguments(`it takes ${params.length} arguments (${params.join(', ')}), not ${args.length}`);
  }
  return params.map((type, index) => {
    const text = args[index] ?? '';
    if (type === 'i64' && /^-?\d{1,20}$/.test(text)) return BigInt.asIntN(64, BigInt(text));
    const value = text.trim() === '' ? Number.NaN : Number(text);
    const isNumber = text === 'NaN' || !Number.isNaN(value);
    if (type === 'i32' && Number.isInteger(value)) return value | 0;
    if ((type === 'f32' || type === 'f64') && isNumber) return value;
    throw new BadArguments(`argument ${index + 1} is no ${type}`);
  });
}

function resultsOf(result: unknown): string[] {
  if (result === undefined) return [];
  const values: unknown[] = Array.isArray(result) ? result : [result];
  return values.map((value) =>
    typeof value === 'number' || typeof value === 'bigint' ? String(value) : typeof value,
  );
}

function outcomeOf(error: unknown, fuel: Fuel): CallOutcome {
  if (error instanceof LimitReached) return { kind: 'limit', limit: error.limit };
  if (fuel.exhausted) return { kind: 'limit', limit: 'fuel' };
  if (error instanceof WASIProcExit) return { kind: 'exited', exitCode: error.code };
  if (error instanceof BadArguments) return { kind: 'refused', reason: error.message };
  if (error instanceof ProgramAborted) return { kind: 'trapped', reason: error.message };
  if (error instanceof RangeError) {
    const deep = error.message.includes('call stack');
    return { kind: 'trapped', reason: deep ? 'the call stack is full' : error.message };
  }
  if (error instanceof WebAssembly.LinkError) return { kind: 'refused', reason: error.message };
  return {
    kind: 'trapped',
    reason: error instanceof Error ? error.message : 'an exception that nothing caught',
  };
}

/** A program that failed after it was refused memory or space failed because of that, as far as anybody can tell. */
function limitBehind(
  outcome: CallOutcome,
  { fuel, quota }: { readonly fuel: Fuel; readonly quota: Quota },
): CallOutcome {
  const failed = outcome.kind === 'trapped' || (outcome.kind === 'exited' && outcome.exitCode !== 0);
  if (!failed) return outcome;
  if (fuel.memoryWasRefused) return { kind: 'limit', limit: 'memory' };
  if (quota.refused) return { kind: 'limit', limit: 'disk' };
  return outcome;
}
