import { type ChildProcess, fork } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { fault } from '#base/fault.ts';
import { endsWithParent } from '#kernel/supervise/parent-death.ts';
import type { Embeddings, Engine, GenerateChunk, GenerateResult } from '../engine.ts';
import type {
  FromWorker,
  GenerateEvent,
  LoadedModel,
  LoadOptions,
  ToWorker,
  WorkerStatus,
} from '../protocol.ts';
import { residentBytesOf } from '../resident-bytes.ts';
import { errorOf } from './failure.ts';
import { Outbox } from './outbox.ts';

export interface NativeEngineOptions extends LoadOptions {
  readonly signal: AbortSignal;
  /** Lines that the process wrote to its standard error. */
  readonly log: (line: string) => void;
}

/** A request under way in the process. */
interface Pending {
  readonly onEvent: (event: GenerateEvent | FromWorker) => void;
  readonly onEnd: (reason: Error) => void;
}

/** What Node, C++ and llama.cpp say when an allocation fails. */
const outOfMemory = /out of memory|bad_alloc|cannot allocate|failed to allocate|allocation failed/i;
const lastLinesKept = 20;
const killAfterMs = 5_000;
/** So long after the end of a process its last words, which tell why, are waited for. */
const lastWordsMs = 1_000;

/**
 * Starts a process for one model and loads it.
 * @throws llm.model_unreadable, llm.engine_failed
 */
export async function startNativeEngine(options: NativeEngineOptions): Promise<NativeEngine> {
  options.signal.throwIfAborted();
  const { signal, log, ...load } = options;
  const connection = new Connection(spawnWorker(), options.modelId, log);
  const onAbort = (): void => connection.kill();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const model = await connection.load(load);
    return new NativeEngine(connection, model);
  } catch (error) {
    connection.kill();
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function spawnWorker(): ChildProcess {
  const child = forkWorker();
  preferWhenMemoryRunsOut(child.pid);
  return child;
}

/** The kernel is to end a model, which is started anew, and not the server or its database (proc(5), oom_score_adj). */
function preferWhenMemoryRunsOut(pid: number | undefined): void {
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, '600');
  } catch {
    // Elsewhere than on Linux, or not allowed: the kernel chooses by size, and a model is the largest anyway.
  }
}

function forkWorker(): ChildProcess {
  const { PATH, LANG, TZ, NODE_COMPILE_CACHE } = process.env;
  // It sees the end of its channel by itself, but not while it loads a model or a decode hangs.
  const [execPath = '', ...before] = [...endsWithParent('KILL'), process.execPath];
  return fork(fileURLToPath(new URL('./worker.ts', import.meta.url)), {
    serialization: 'advanced',
    execPath,
    execArgv: [...before, '--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    // Nothing of the server's environment: it may hold passwords.
    env: Object.fromEntries(
      Object.entries({ PATH, LANG, TZ, NODE_COMPILE_CACHE, UV_THREADPOOL_SIZE: '4' }).filter(
        ([, value]) => value !== undefined,
      ),
    ),
  });
}

/** The channel to the process: requests by id, and how the process ended. */
class Connection {
  readonly child: ChildProcess;
  readonly model: string;
  readonly ended: Promise<{ readonly wanted: boolean; readonly reason: string }>;
  status: WorkerStatus = {
    activeSequences: 0,
    promptTokensPerSecond: null,
    completionTokensPerSecond: null,
    decodes: 0,
    steps: 0,
  };
  readonly #pending = new Map<number, Pending>();
  readonly #lastLines: string[] = [];
  #loading: PromiseWithResolvers<LoadedModel> | null = null;
  #lastId = 0;
  #wanted = false;
  #gone: Error | null = null;

  constructor(child: ChildProcess, model: string, log: (line: string) => void) {
    this.child = child;
    this.model = model;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      for (const line of text.split('\n').filter((part) => part !== '')) {
        this.#lastLines.push(line);
        if (this.#lastLines.length > lastLinesKept) this.#lastLines.shift();
        log(line);
      }
    });
    child.on('message', (message) => this.#receive(message as FromWorker));
    this.ended = new Promise((resolve) => {
      child.on('error', (error) => {
        this.#end(error.message);
        resolve({ wanted: this.#wanted, reason: error.message });
      });
      child.on('exit', (code, signal) => {
        const conclude = () => {
          clearTimeout(timer);
          const reason = this.#reasonOf(code, signal);
          this.#end(reason);
          resolve({ wanted: this.#wanted, reason });
        };
        const timer = setTimeout(conclude, lastWordsMs);
        // Exit may be told before what the process wrote has been read.
        child.once('close', conclude);
      });
    });
  }

  load(options: LoadOptions): Promise<LoadedModel> {
    this.#loading = Promise.withResolvers();
    this.send({ kind: 'load', options });
    return this.#loading.promise;
  }

  open(pending: Pending): number {
    if (this.#gone !== null) throw this.#gone;
    this.#lastId += 1;
    this.#pending.set(this.#lastId, pending);
    return this.#lastId;
  }

  close(id: number): void {
    this.#pending.delete(id);
  }

  /** A message to a process that has just died is lost; `ended` tells. */
  send(message: ToWorker): void {
    if (this.child.connected) this.child.send(message, () => {});
  }

  kill(): void {
    this.#wanted = true;
    this.child.kill('SIGKILL');
  }

  /** Asks the process to go; it ends at the latest after the batch it computes. */
  async stop(): Promise<void> {
    this.#wanted = true;
    if (this.child.connected) this.child.disconnect();
    const timer = setTimeout(() => this.child.kill('SIGKILL'), killAfterMs);
    await this.ended;
    clearTimeout(timer);
  }

  #receive(message: FromWorker): void {
    switch (message.kind) {
      case 'loaded':
        this.#loading?.resolve(message.model);
        return;
      case 'load-failed':
        this.#loading?.reject(errorOf(message.failure, this.model));
        return;
      case 'step':
        this.status = message.status;
        for (const event of message.events) this.#pending.get(event.id)?.onEvent(event);
        return;
      default:
        this.#pending.get(message.id)?.onEvent(message);
    }
  }

  #reasonOf(code: number | null, signal: NodeJS.Signals | null): string {
    if (!this.#wanted && this.#lastLines.some((line) => outOfMemory.test(line))) {
      return `ran out of memory (${signal ?? `code ${code}`})`;
    }
    if (signal === 'SIGKILL' && !this.#wanted) return 'killed (SIGKILL), perhaps because memory ran out';
    if (signal !== null) return `ended by ${signal}`;
    return code === 0 ? 'ended' : `ended with code ${code}: ${this.#lastLines.at(-1) ?? 'no message'}`;
  }

  #end(reason: string): void {
    this.#gone ??= fault('llm.engine_failed', { model: this.model, reason });
    this.#loading?.reject(this.#gone);
    for (const pending of this.#pending.values()) pending.onEnd(this.#gone);
    this.#pending.clear();
  }
}

export class NativeEngine implements Engine {
  readonly kind = 'node-llama-cpp';
  readonly contextSize: number;
  readonly parallel: number;
  readonly capabilities: Engine['capabilities'];
  readonly ended: Engine['ended'];
  readonly #connection: Connection;

  constructor(connection: Connection, model: LoadedModel) {
    this.#connection = connection;
    this.contextSize = model.contextSize;
    this.parallel = model.parallel;
    this.capabilities = model.capabilities;
    this.ended = connection.ended;
  }

  async countTokens(request: Parameters<Engine['countTokens']>[0], signal: AbortSignal): Promise<number> {
    const answer = await this.#ask((id) => ({ kind: 'count', id, request }), signal);
    if (answer.kind !== 'counted') throw unexpected(answer.kind);
    return answer.tokens;
  }

  async embed(texts: readonly string[], signal: AbortSignal): Promise<Embeddings> {
    const answer = await this.#ask((id) => ({ kind: 'embed', id, texts }), signal);
    if (answer.kind !== 'embedded') throw unexpected(answer.kind);
    return { vectors: answer.vectors, promptTokens: answer.promptTokens };
  }

  async *generate(
    request: Parameters<Engine['generate']>[0],
    options: Parameters<Engine['generate']>[1],
  ): AsyncGenerator<GenerateChunk, GenerateResult, undefined> {
    options.signal.throwIfAborted();
    const connection = this.#connection;
    const outbox = new Outbox(connection.model, options.onUsage);
    const id = connection.open({
      onEvent: (event) => outbox.receive(event as GenerateEvent),
      onEnd: (reason) => outbox.fail(reason),
    });
    connection.send({ kind: 'generate', id, request });
    const onAbort = (): void => connection.send({ kind: 'abort', id });
    options.signal.addEventListener('abort', onAbort, { once: true });
    try {
      for (;;) {
        const chunk = await outbox.next();
        if (chunk === null) break;
        yield chunk;
        connection.send({ kind: 'taken', id, chunks: 1 });
      }
      if (outbox.result !== null) return outbox.result;
      options.signal.throwIfAborted();
      throw fault('llm.engine_failed', { model: connection.model, reason: 'the answer was abandoned' });
    } finally {
      options.signal.removeEventListener('abort', onAbort);
      if (!outbox.settled) {
        // The reader left: the counts are exact only once the process has let go.
        connection.send({ kind: 'abort', id });
        await outbox.drained();
      }
      connection.close(id);
    }
  }

  status(): ReturnType<Engine['status']> {
    const { activeSequences, promptTokensPerSecond, completionTokensPerSecond } = this.#connection.status;
    return {
      residentBytes: residentBytesOf(this.#connection.child.pid),
      activeSequences,
      promptTokensPerSecond,
      completionTokensPerSecond,
    };
  }

  /** Batches and steps so far; what the tests of the scheduler look at. */
  counters(): Pick<WorkerStatus, 'decodes' | 'steps'> {
    return this.#connection.status;
  }

  get processId(): number | undefined {
    return this.#connection.child.pid;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection.stop();
  }

  /** One question, one answer. */
  async #ask(message: (id: number) => ToWorker, signal: AbortSignal): Promise<FromWorker> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<FromWorker>();
    const id = this.#connection.open({
      onEvent: (event) => {
        if (event.kind === 'failed') reject(errorOf(event.failure, this.#connection.model));
        else resolve(event as FromWorker);
      },
      onEnd: reject,
    });
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      this.#connection.send(message(id));
      return await promise;
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.#connection.close(id);
    }
  }
}

function unexpected(kind: string): Error {
  return new Error(`the model's process answered with ${kind}`);
}
