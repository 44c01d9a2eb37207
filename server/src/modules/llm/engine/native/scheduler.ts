import { setImmediate } from 'node:timers/promises';
import type { LlamaContextSequence, LlamaModel, Token } from 'node-llama-cpp';
import { chunksUnderWay, type GenerateEvent, type WorkerStatus } from '../protocol.ts';
import { failureOf } from './failure.ts';
import type { Generation } from './generation.ts';
import { createConstrainedLogprobSource, createLogprobSource } from './logprob-source.ts';
import { Rate } from './rate.ts';
import { adaptSlot, bestSlot, type Slot, type SlotWork } from './slot.ts';
import { createTokenSource, type Sampled, type SourceOptions, type TokenSource } from './token-source.ts';
import { Utf8Guard } from './utf8-guard.ts';

export interface SchedulerOptions {
  readonly model: LlamaModel;
  readonly sequences: readonly LlamaContextSequence[];
  readonly batchSize: number;
  /** Batches computed so far. */
  readonly decodes: () => number;
  readonly emit: (events: readonly GenerateEvent[], status: WorkerStatus) => void;
}

export interface Job {
  readonly generation: Generation;
  readonly grammar: SourceOptions['grammar'];
}

/** What one slot does in one step. */
interface Turn {
  readonly slot: Slot;
  readonly work: SlotWork;
  readonly tokens: number;
  /** Undefined while a prompt is not at its end, null at the end of the answer. */
  readonly run: () => Promise<Sampled | null | undefined>;
}

/**
 * Runs all generations of a context in steps, one decode each: every generating slot brings one token, prompts fill
 * the rest of the batch. The library's own dispatching gives P-1 rows a decode and lets a newcomer wait for the
 * others' ends (measured: 0.77-0.84 of llama-server's throughput at four parallel, this loop 1.01).
 */
export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #slots: Slot[];
  readonly #guard: Utf8Guard;
  readonly #waiting: Job[] = [];
  readonly #promptRate = new Rate();
  readonly #completionRate = new Rate();
  #events: GenerateEvent[] = [];
  #running = false;
  #steps = 0;
  #uses = 0;

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#guard = new Utf8Guard(options.model);
    this.#slots = options.sequences.map((sequence, index) => ({ index, sequence, lastUse: 0, work: null }));
  }

  submit(job: Job): void {
    this.#waiting.push(job);
    this.#wake();
  }

  /** The slot is free before the next batch. */
  abort(id: number): void {
    const waiting = this.#waiting.findIndex((job) => job.generation.id === id);
    if (waiting !== -1) {
      const [job] = this.#waiting.splice(waiting, 1);
      if (job !== undefined) this.#options.emit([abortedEvent(job.generation)], this.status());
      return;
    }
    const slot = this.#slots.find(({ work }) => work?.generation.id === id);
    if (slot?.work) {
      slot.work.aborted = true;
      this.#wake();
    }
  }

  taken(id: number, chunks: number): void {
    const slot = this.#slots.find(({ work }) => work?.generation.id === id);
    if (!slot?.work) return;
    slot.work.generation.underWay -= chunks;
    this.#wake();
  }

  status(): WorkerStatus {
    return {
      activeSequences: this.#slots.filter((slot) => slot.work !== null).length,
      promptTokensPerSecond: this.#promptRate.perSecond(),
      completionTokensPerSecond: this.#completionRate.perSecond(),
      decodes: this.#options.decodes(),
      steps: this.#steps,
    };
  }

  #wake(): void {
    if (this.#running) return;
    this.#running = true;
    void this.#run();
  }

  async #run(): Promise<void> {
    for (;;) {
      await this.#freeAborted();
      await this.#admit();
      const turns = this.#plan();
      if (turns.length > 0) await this.#step(turns);
      this.#flush();
      if (turns.length === 0 && !this.#hasWork()) break;
      // Lets messages in: an abort or a new request counts from the next step on.
      await setImmediate();
    }
    this.#running = false;
  }

  /** True while a next step could do something. Generations whose readers lag wait for `taken`. */
  #hasWork(): boolean {
    return (
      this.#slots.some(({ work }) => work !== null && (work.aborted || !isPaused(work))) ||
      (this.#waiting.length > 0 && this.#slots.some(({ work }) => work === null))
    );
  }

  async #freeAborted(): Promise<void> {
    for (const slot of this.#slots) {
      if (slot.work?.aborted !== true) continue;
      const { generation } = slot.work;
      await this.#release(slot);
      this.#events.push(abortedEvent(generation));
    }
  }

  async #release(slot: Slot): Promise<void> {
    const { work } = slot;
    slot.work = null;
    await work?.source.close();
  }

  async #admit(): Promise<void> {
    while (this.#waiting.length > 0 && this.#slots.some(({ work }) => work === null)) {
      const job = this.#waiting.shift();
      if (job === undefined) return;
      const { generation } = job;
      const slot = bestSlot(this.#slots, generation.prompt);
      if (slot === null) return;
      try {
        const cached = await adaptSlot(slot, generation.prompt);
        generation.cached(cached);
        this.#uses += 1;
        slot.lastUse = this.#uses;
        slot.work = {
          generation,
          source: this.#sourceOf(slot, job),
          rest: generation.prompt.slice(cached),
          aborted: false,
        };
      } catch (error) {
        this.#events.push({ kind: 'failed', id: generation.id, failure: failureOf(error) });
      }
    }
  }

  #sourceOf(slot: Slot, { generation, grammar }: Job): TokenSource {
    const options: SourceOptions = {
      model: this.#options.model,
      sequence: slot.sequence,
      sampling: generation.request.sampling,
      grammar,
      guard: this.#guard,
      generated: generation.generated,
    };
    const { topLogprobs } = generation.request;
    if (topLogprobs === null) return createTokenSource(options);
    return grammar === null
      ? createLogprobSource(options, topLogprobs)
      : createConstrainedLogprobSource(options, topLogprobs);
  }

  /** Shares out the batch: first one token for each generating slot, then prompts in the order of admission. */
  #plan(): Turn[] {
    const working = this.#slots
      .flatMap((slot) => (slot.work === null ? [] : [{ slot, work: slot.work }]))
      .sort((a, b) => a.slot.lastUse - b.slot.lastUse);
    const turns: Turn[] = [];
    let room = this.#options.batchSize;
    for (const { slot, work } of working) {
      if (work.rest.length > 0 || isPaused(work)) continue;
      turns.push({ slot, work, tokens: 1, run: () => work.source.next() });
      room -= 1;
    }
    for (const { slot, work } of working) {
      if (work.rest.length === 0 || room <= 0) continue;
      const tokens = work.rest.splice(0, room);
      room -= tokens.length;
      turns.push({ slot, work, tokens: tokens.length, run: promptTurn(slot, work, tokens) });
    }
    // llama.cpp computes rows together only where their sequences follow one another; in another order it goes
    // through the weights once for each (measured: 52 ms instead of 32 for four rows).
    return turns.sort((a, b) => a.slot.index - b.slot.index);
  }

  /** One decode. Nothing in here waits for a reader. */
  async #step(turns: readonly Turn[]): Promise<void> {
    const beganAt = performance.now();
    const results = await Promise.allSettled(turns.map((turn) => turn.run()));
    this.#steps += 1;
    this.#measure(turns, performance.now() - beganAt);
    for (const [index, turn] of turns.entries()) {
      const result = results[index];
      if (result === undefined) continue;
      if (result.status === 'fulfilled') await this.#accept(turn, result.value);
      else await this.#fail(turn, result.reason);
    }
  }

  async #accept({ slot, work }: Turn, sampled: Sampled | null | undefined): Promise<void> {
    if (sampled === undefined) return;
    const { generation } = work;
    generation.accept(sampled);
    const usage = generation.usage();
    this.#events.push({ kind: 'progress', id: generation.id, usage, chunks: generation.takeChunks() });
    if (generation.finish === null) return;
    await this.#release(slot);
    this.#events.push(endOf(generation));
  }

  async #fail({ slot, work }: Turn, error: unknown): Promise<void> {
    await this.#release(slot);
    this.#events.push({ kind: 'failed', id: work.generation.id, failure: failureOf(error) });
    // What the sequence holds after a failed decode is not known.
    await slot.sequence.clearHistory();
  }

  #measure(turns: readonly Turn[], elapsedMs: number): void {
    const prompts = turns.reduce((sum, { tokens }) => sum + (tokens > 1 ? tokens : 0), 0);
    if (prompts > 0) this.#promptRate.add(prompts, elapsedMs);
    else this.#completionRate.add(turns.length, elapsedMs);
  }

  #flush(): void {
    if (this.#events.length === 0) return;
    const events = this.#events;
    this.#events = [];
    this.#options.emit(events, this.status());
  }
}

/** A prompt's last part also brings the first token of the answer. */
function promptTurn(slot: Slot, work: SlotWork, tokens: Token[]): Turn['run'] {
  if (work.rest.length === 0) return () => work.source.start(tokens);
  return async () => {
    await slot.sequence.evaluateWithoutGeneratingNewTokens(tokens);
    return undefined;
  };
}

function isPaused(work: SlotWork): boolean {
  return work.generation.underWay >= chunksUnderWay;
}

/** The answer is complete; where it was to be valid against a schema, that is checked once more. */
function endOf(generation: Generation): GenerateEvent {
  const { id, finish } = generation;
  const problem = generation.problem();
  if (finish === null || problem !== null) return { kind: 'failed', id, failure: failureOf(problem) };
  return { kind: 'done', id, result: { finish, ...generation.usage() } };
}

function abortedEvent(generation: Generation): GenerateEvent {
  return { kind: 'aborted', id: generation.id, usage: generation.usage() };
}
