import type { QueuePlace } from '../source.ts';

export interface Waiter {
  readonly userId: string;
  readonly signal: AbortSignal;
  readonly onQueued?: (place: QueuePlace) => void;
}

export interface FairQueueOptions {
  /** How many run at the same time. */
  readonly parallel: number;
  readonly waitingAtMost: number;
  readonly waitingPerUserAtMost: number;
  readonly now: () => number;
  /** What to throw when there is no place. */
  readonly full: (refusal: QueueRefusal) => Error;
}

/** What someone is told who finds no place in the queue. */
export interface QueueRefusal {
  /** After so long a place can be hoped for. */
  readonly retryAfterMs: number;
  readonly waiting: number;
  /** Where the request would have stood. */
  readonly position: number;
}

/** A place among those who run; dispose it when done. */
export interface Turn extends Disposable {
  /** The work begins only now: what came before, such as loading a model, says nothing about the next ones' wait. */
  restart(): void;
}

interface Entry extends Waiter {
  readonly grant: () => void;
  readonly refuse: (reason: unknown) => void;
  shown: number;
}

const shortestRetryMs = 1_000;
/** How much of a new duration flows into the average. */
const smoothing = 0.2;

/**
 * Lets a few run and makes the others wait in turns: the next place goes to the user with the fewest running requests,
 * and among those to whom was served longest ago. Someone who sends a hundred requests delays others by one.
 */
export class FairQueue {
  readonly #options: FairQueueOptions;
  #parallel: number;
  #waiting: Entry[] = [];
  readonly #running = new Map<string, number>();
  readonly #lastServed = new Map<string, number>();
  #runningCount = 0;
  #served = 0;
  #paused = false;
  #averageMs: number | null = null;

  constructor(options: FairQueueOptions) {
    this.#options = options;
    this.#parallel = options.parallel;
  }

  get running(): number {
    return this.#runningCount;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  setParallel(parallel: number): void {
    this.#parallel = parallel;
    this.#advance();
  }

  /** Nobody new runs until `resume`. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#advance();
  }

  /**
   * Waits for a turn; dispose the result when done.
   * @throws what `full` makes, at once; the signal's reason when it is aborted while waiting
   */
  async enter(waiter: Waiter): Promise<Turn> {
    waiter.signal.throwIfAborted();
    if (!this.#canRun()) {
      this.#refuseWhereFull(waiter.userId);
      await this.#wait(waiter);
    } else this.#begin(waiter.userId);
    let beganAt = this.#options.now();
    let done = false;
    return {
      restart: () => {
        beganAt = this.#options.now();
      },
      [Symbol.dispose]: () => {
        if (done) return;
        done = true;
        this.#finish(waiter.userId, this.#options.now() - beganAt);
      },
    };
  }

  #canRun(): boolean {
    return !this.#paused && this.#runningCount < this.#parallel && this.#waiting.length === 0;
  }

  #refuseWhereFull(userId: string): void {
    const own = this.#waiting.filter((entry) => entry.userId === userId).length;
    if (this.#waiting.length < this.#options.waitingAtMost && own < this.#options.waitingPerUserAtMost)
      return;
    throw this.#options.full({
      retryAfterMs: Math.max(shortestRetryMs, this.#waitOf(own + 1) ?? 0),
      waiting: this.#waiting.length,
      position: this.#positionOfAnother(userId),
    });
  }

  /** One more request of the user stands behind all of his own, and before those of users who have had more turns. */
  #positionOfAnother(userId: string): number {
    const ghost = { userId } as Entry;
    return this.#inTurns([...this.#waiting, ghost]).indexOf(ghost) + 1;
  }

  async #wait(waiter: Waiter): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const entry: Entry = { ...waiter, grant: resolve, refuse: reject, shown: 0 };
    const onAbort = (): void => {
      this.#waiting = this.#waiting.filter((other) => other !== entry);
      entry.refuse(waiter.signal.reason);
      this.#showPlaces();
    };
    waiter.signal.addEventListener('abort', onAbort, { once: true });
    this.#waiting.push(entry);
    this.#showPlaces();
    try {
      await promise;
    } finally {
      waiter.signal.removeEventListener('abort', onAbort);
    }
  }

  #begin(userId: string): void {
    this.#runningCount += 1;
    this.#served += 1;
    this.#running.set(userId, (this.#running.get(userId) ?? 0) + 1);
    this.#lastServed.set(userId, this.#served);
  }

  #finish(userId: string, durationMs: number): void {
    this.#runningCount -= 1;
    const left = (this.#running.get(userId) ?? 1) - 1;
    if (left > 0) this.#running.set(userId, left);
    else this.#running.delete(userId);
    this.#averageMs =
      this.#averageMs === null ? durationMs : this.#averageMs + smoothing * (durationMs - this.#averageMs);
    this.#advance();
    this.#forgetAbsent();
  }

  #advance(): void {
    let advanced = false;
    while (!this.#paused && this.#runningCount < this.#parallel) {
      const next = this.#inTurns()[0];
      if (next === undefined) break;
      this.#waiting = this.#waiting.filter((entry) => entry !== next);
      this.#begin(next.userId);
      next.grant();
      advanced = true;
    }
    if (advanced) this.#showPlaces();
  }

  /** The waiting in the order in which they would get their turns if nobody ended. */
  #inTurns(waiting: readonly Entry[] = this.#waiting): Entry[] {
    const running = new Map(this.#running);
    const lastServed = new Map(this.#lastServed);
    const left = [...waiting];
    const order: Entry[] = [];
    let served = this.#served;
    while (left.length > 0) {
      let best = 0;
      for (let index = 1; index < left.length; index += 1) {
        if (isBefore(left[index], left[best], { running, lastServed })) best = index;
      }
      const [entry] = left.splice(best, 1);
      if (entry === undefined) break;
      order.push(entry);
      served += 1;
      running.set(entry.userId, (running.get(entry.userId) ?? 0) + 1);
      lastServed.set(entry.userId, served);
    }
    return order;
  }

  #showPlaces(): void {
    for (const [index, entry] of this.#inTurns().entries()) {
      const position = index + 1;
      if (entry.shown === position) continue;
      entry.shown = position;
      entry.onQueued?.({ position, estimatedWaitMs: this.#waitOf(position) });
    }
  }

  #waitOf(position: number): number | null {
    return this.#averageMs === null ? null : Math.ceil((position / this.#parallel) * this.#averageMs);
  }

  /** Keeps the memory of turns to users who are here. */
  #forgetAbsent(): void {
    if (this.#lastServed.size <= this.#options.waitingAtMost) return;
    const present = new Set([...this.#running.keys(), ...this.#waiting.map((entry) => entry.userId)]);
    for (const userId of this.#lastServed.keys()) if (!present.has(userId)) this.#lastServed.delete(userId);
  }
}

interface Turns {
  readonly running: ReadonlyMap<string, number>;
  readonly lastServed: ReadonlyMap<string, number>;
}

/** Equal users keep the order in which they came: the earlier one stands first in the list. */
function isBefore(a: Entry | undefined, b: Entry | undefined, turns: Turns): boolean {
  if (a === undefined || b === undefined) return false;
  const runningA = turns.running.get(a.userId) ?? 0;
  const runningB = turns.running.get(b.userId) ?? 0;
  if (runningA !== runningB) return runningA < runningB;
  return (turns.lastServed.get(a.userId) ?? 0) < (turns.lastServed.get(b.userId) ?? 0);
}
