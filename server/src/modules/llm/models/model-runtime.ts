import { fault, isFault } from '#base/fault.ts';
import type { Engine, EngineStatus } from '../engine/engine.ts';
import { FairQueue } from './fair-queue.ts';

export interface RuntimeOptions {
  readonly modelId: string;
  readonly parallel: number;
  readonly waitingAtMost: number;
  readonly waitingPerUserAtMost: number;
  readonly now: () => number;
  /** Makes room in memory, then starts the engine. */
  readonly start: (signal: AbortSignal) => Promise<Engine>;
  readonly onState: (state: RuntimeState, reason: string | null) => void;
}

export type RuntimeState = 'available' | 'loading' | 'loaded' | 'unloading' | 'failed';

/** The engine for the time of one request. Not idle, and so not unloaded, until it is disposed. */
export interface EngineLease extends Disposable {
  readonly engine: Engine;
}

const drainStepMs = 20;
/** Waits between starts of an engine that keeps failing; the last one repeats. */
const restartDelaysMs = [0, 0, 1_000, 5_000, 15_000, 30_000];

/** One model between its file and its requests: at most one engine, loaded once for all who wait for it. */
export class ModelRuntime {
  readonly queue: FairQueue;
  readonly #options: RuntimeOptions;
  #engine: Engine | null = null;
  #loading: Promise<Engine> | null = null;
  #loadAbort = new AbortController();
  #unloading: Promise<void> | null = null;
  #leases = 0;
  #failures = 0;
  #failedAtMs = 0;
  state: RuntimeState = 'available';
  problem: string | null = null;
  lastUsedMs: number;

  constructor(options: RuntimeOptions) {
    this.#options = options;
    this.lastUsedMs = options.now();
    this.queue = new FairQueue({
      parallel: options.parallel,
      waitingAtMost: options.waitingAtMost,
      waitingPerUserAtMost: options.waitingPerUserAtMost,
      now: options.now,
      full: (refusal) => fault('llm.queue_full', { model: options.modelId, ...refusal }),
    });
  }

  get engine(): Engine | null {
    return this.#engine;
  }

  get idle(): boolean {
    return this.state === 'loaded' && this.#leases === 0 && this.queue.running + this.queue.waiting === 0;
  }

  status(): EngineStatus | null {
    return this.#engine?.status() ?? null;
  }

  /** The loaded engine; loads it where needed. @throws llm.engine_failed, llm.memory_exceeded, llm.model_unreadable */
  async lease(signal: AbortSignal): Promise<EngineLease> {
    this.#leases += 1;
    try {
      const engine = await withSignal(this.#ready(), signal);
      return { engine, [Symbol.dispose]: () => this.#giveBack() };
    } catch (error) {
      this.#giveBack();
      throw error;
    }
  }

  /** A generation has ended well: the engine works. */
  proved(): void {
    this.#failures = 0;
    this.problem = null;
  }

  /** Waits for running requests up to the limit, then ends them. Those that wait load the model again. */
  async unload(waitMs: number): Promise<void> {
    this.#unloading ??= this.#unload(waitMs).finally(() => {
      this.#unloading = null;
    });
    await this.#unloading;
  }

  #giveBack(): void {
    this.#leases -= 1;
    this.lastUsedMs = this.#options.now();
  }

  async #ready(): Promise<Engine> {
    for (;;) {
      if (this.#unloading !== null) await this.#unloading;
      else if (this.#engine !== null) return this.#engine;
      else break;
    }
    this.#loading ??= this.#load().finally(() => {
      this.#loading = null;
    });
    return this.#loading;
  }

  async #load(): Promise<Engine> {
    this.#refuseTooEarlyRestart();
    this.#loadAbort = new AbortController();
    this.#set('loading', null);
    try {
      const engine = await this.#options.start(this.#loadAbort.signal);
      this.#engine = engine;
      this.queue.setParallel(engine.parallel);
      this.#set('loaded', null);
      void engine.ended.then(({ wanted, reason }) => this.#ended(engine, wanted ? null : reason));
      return engine;
    } catch (error) {
      if (this.#loadAbort.signal.aborted) {
        this.#set('available', null);
        throw fault('llm.engine_failed', {
          model: this.#options.modelId,
          reason: 'it was unloaded while it loaded',
        });
      }
      // Too little memory says nothing against the engine: the next attempt may find more.
      if (isFault(error, 'llm.memory_exceeded')) this.#set('available', null);
      else this.#failed(reasonOf(error));
      throw error;
    }
  }

  #refuseTooEarlyRestart(): void {
    const delayMs = restartDelaysMs[Math.min(this.#failures, restartDelaysMs.length - 1)] ?? 0;
    const sinceMs = this.#options.now() - this.#failedAtMs;
    const waitMs = delayMs - sinceMs;
    // A failure that lies ahead: the clock was set back, and waiting for it could take hours.
    if (this.#failures === 0 || waitMs <= 0 || sinceMs < 0) return;
    const reason = `${this.problem ?? 'it has failed'}; it is started again in ${Math.ceil(waitMs / 1_000)} s`;
    throw fault('llm.engine_failed', { model: this.#options.modelId, reason, retryAfterMs: waitMs });
  }

  #ended(engine: Engine, problem: string | null): void {
    if (this.#engine !== engine) return;
    this.#engine = null;
    if (problem === null) this.#set('available', null);
    else this.#failed(problem);
  }

  #failed(problem: string): void {
    this.#failures += 1;
    this.#failedAtMs = this.#options.now();
    this.#set('failed', problem);
  }

  async #unload(waitMs: number): Promise<void> {
    this.#loadAbort.abort();
    await this.#loading?.catch(() => {});
    const engine = this.#engine;
    if (engine === null) {
      this.#set('available', null);
      return;
    }
    this.#set('unloading', null);
    this.queue.pause();
    try {
      const untilMs = performance.now() + waitMs;
      while (this.#engine !== null && this.queue.running > 0 && performance.now() < untilMs) {
        await new Promise((resolve) => setTimeout(resolve, drainStepMs));
      }
      this.#engine = null;
      await engine[Symbol.asyncDispose]();
      this.#set('available', null);
    } finally {
      this.queue.resume();
    }
  }

  #set(state: RuntimeState, problem: string | null): void {
    const changed = this.state !== state;
    this.state = state;
    this.problem = problem;
    if (changed) this.#options.onState(state, problem);
  }
}

function reasonOf(error: unknown): string {
  if (isFault(error) && typeof error.data.reason === 'string') return error.data.reason;
  return error instanceof Error ? error.message : String(error);
}

function withSignal<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  return Promise.race([promise, aborted]).finally(() => signal.removeEventListener('abort', onAbort));
}
