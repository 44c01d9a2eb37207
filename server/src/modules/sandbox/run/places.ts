import { fault } from '#base/fault.ts';
import { createCpuBudget } from './cpu-budget.ts';

export interface PlacesOptions {
  /** Programs at the same time, of everybody and of one user. */
  readonly running: number;
  readonly runningPerUser: number;
  /** Memory that running programs may ask for together, in bytes. */
  readonly memoryBytes: number;
  readonly waitingPerUser: number;
  readonly waitMs: number;
  /** Seconds of processor time that each user may spend in an hour. */
  readonly cpuSecondsPerHour: number;
}

export interface PlaceRequest {
  readonly userId: string;
  readonly memoryBytes: number;
  readonly signal: AbortSignal;
}

interface Waiter {
  readonly request: PlaceRequest;
  readonly admit: (place: Disposable) => void;
  readonly sinceMs: number;
}

/** A waiter that doesn't fit may be overtaken by smaller ones for so long; then places are kept free for it. */
const overtakenAtMostMs = 2000;

export type Places = ReturnType<typeof createPlaces>;

/**
 * Admits programs to the machine. When it is full, users take turns: whoever starts a hundred programs waits behind
 * the first one of everybody else.
 */
export function createPlaces(options: PlacesOptions, elapsed: () => number) {
  const runningOf = new Map<string, number>();
  const memoryOf = new Map<string, number>();
  /** Users in the order of their turns, each with those that wait, oldest first. */
  const waitingOf = new Map<string, Waiter[]>();
  const budget = createCpuBudget({ secondsPerHour: options.cpuSecondsPerHour, elapsed });
  let running = 0;
  let memoryBytes = 0;

  /** A quarter of the places and of the memory is never one user's, or others would wait for that user's pleasure. */
  const mostOfOne = {
    running: Math.min(options.runningPerUser, options.running - Math.floor(options.running / 4)),
    memoryBytes: options.memoryBytes - Math.floor(options.memoryBytes / 4),
  };

  /** Whether it is the machine that is full, not the user's own share of it. */
  function hasTurn({ userId, memoryBytes: wanted }: PlaceRequest): boolean {
    const own = runningOf.get(userId) ?? 0;
    if (own >= mostOfOne.running) return false;
    return own === 0 || (memoryOf.get(userId) ?? 0) + wanted <= mostOfOne.memoryBytes;
  }

  function fits(request: PlaceRequest): boolean {
    const isRoom = running === 0 || memoryBytes + request.memoryBytes <= options.memoryBytes;
    return running < options.running && isRoom && hasTurn(request);
  }

  function occupy(request: PlaceRequest): Disposable {
    const { userId } = request;
    running += 1;
    memoryBytes += request.memoryBytes;
    runningOf.set(userId, (runningOf.get(userId) ?? 0) + 1);
    memoryOf.set(userId, (memoryOf.get(userId) ?? 0) + request.memoryBytes);
    let held = true;
    return {
      [Symbol.dispose]() {
        if (!held) return;
        held = false;
        running -= 1;
        memoryBytes -= request.memoryBytes;
        const left = (runningOf.get(userId) ?? 1) - 1;
        if (left === 0) {
          runningOf.delete(userId);
          memoryOf.delete(userId);
        } else {
          runningOf.set(userId, left);
          memoryOf.set(userId, (memoryOf.get(userId) ?? 0) - request.memoryBytes);
        }
        admitWaiting();
      },
    };
  }

  function admitWaiting(): void {
    for (let admitted = true; admitted; ) {
      admitted = false;
      for (const [userId, waiters] of waitingOf) {
        const first = waiters[0];
        if (first === undefined) continue;
        if (!fits(first.request)) {
          if (hasTurn(first.request) && elapsed() - first.sinceMs > overtakenAtMostMs) return;
          continue;
        }
        remove(first);
        // To the end of the turns, if the user has more waiting.
        const rest = waitingOf.get(userId);
        if (rest !== undefined) {
          waitingOf.delete(userId);
          waitingOf.set(userId, rest);
        }
        first.admit(occupy(first.request));
        admitted = true;
        break;
      }
    }
  }

  function remove(waiter: Waiter): void {
    const { userId } = waiter.request;
    const waiters = waitingOf.get(userId);
    if (waiters === undefined) return;
    const rest = waiters.filter((other) => other !== waiter);
    if (rest.length === 0) waitingOf.delete(userId);
    else waitingOf.set(userId, rest);
  }

  function busy() {
    const waiting = waitingOf.values().reduce((sum, waiters) => sum + waiters.length, 0);
    return fault('sandbox.busy', { running, waiting, retryAfterMs: 1000 });
  }

  return {
    /**
     * A place, to be disposed of when the program has ended.
     * @throws sandbox.cpu_quota; sandbox.busy when the user has too many waiting or the wait was too long; common.cancelled
     */
    async take(request: PlaceRequest): Promise<Disposable> {
      budget.assertLeft(request.userId);
      if (waitingOf.size === 0 && fits(request)) return occupy(request);
      const waiting = waitingOf.get(request.userId) ?? [];
      if (waiting.length >= options.waitingPerUser) throw busy();
      return await new Promise((resolve, reject) => {
        const waiter: Waiter = { request, admit, sinceMs: elapsed() };
        const timer = setTimeout(() => leave(busy()), options.waitMs).unref();
        const onAbort = () => leave(fault('common.cancelled'));
        function settle(): void {
          clearTimeout(timer);
          request.signal.removeEventListener('abort', onAbort);
        }
        function admit(place: Disposable): void {
          settle();
          resolve(place);
        }
        function leave(reason: Error): void {
          settle();
          remove(waiter);
          reject(reason);
          admitWaiting();
        }
        request.signal.addEventListener('abort', onAbort, { once: true });
        waitingOf.set(request.userId, [...waiting, waiter]);
        if (request.signal.aborted) onAbort();
        else admitWaiting();
      });
    },
    /** Counts processor time that a user's program has taken, in milliseconds. */
    spend: budget.spend,
    counts: () => ({ running, waiting: waitingOf.values().reduce((sum, list) => sum + list.length, 0) }),
  };
}
