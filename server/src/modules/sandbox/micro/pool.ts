import type { Logger } from 'pino';
import type { Machine } from './machine/machine.ts';

export interface PoolOptions {
  /** Machines that wait, at most. */
  readonly size: number;
  readonly make: () => Promise<Machine>;
  readonly log: Logger;
}

/** Machines that were copied ahead of time, so that a start takes milliseconds. Each is given out once. */
export interface Pool extends AsyncDisposable {
  /** A machine that waits, or null; one more is then made in the background. */
  readonly take: () => Machine | null;
  /** Begins to fill in a while, if it has not: making a machine slows what the one just given out is about to do. */
  readonly fillSoon: () => void;
  /** Ends the machines that wait; `fill` starts anew. */
  readonly drain: () => Promise<void>;
  readonly waiting: () => number;
  /** Settles when nothing is being made. */
  readonly settled: () => Promise<void>;
}

const refillAfterMs = 3000;

export function createPool({ size, make, log }: PoolOptions): Pool {
  const waiting = new Set<Machine>();
  let making: Promise<void> | null = null;
  let closed = false;
  let drained = 0;

  async function makeMissing(): Promise<void> {
    const round = drained;
    while (!closed && round === drained && waiting.size < size) {
      const machine = await make();
      if (closed || round !== drained) {
        await machine[Symbol.asyncDispose]();
        return;
      }
      waiting.add(machine);
      // One that dies while it waits must not be given out.
      void machine.ended.then(() => waiting.delete(machine));
    }
  }

  function fill(): void {
    if (closed || making !== null || waiting.size >= size) return;
    making = makeMissing()
      .catch((error: unknown) => log.warn({ err: error }, 'a machine for the pool could not be made'))
      .finally(() => {
        making = null;
      });
  }

  let soon: NodeJS.Timeout | null = null;

  function fillSoon(): void {
    soon ??= setTimeout(() => {
      soon = null;
      fill();
    }, refillAfterMs).unref();
  }

  async function drain(): Promise<void> {
    drained += 1;
    const machines = [...waiting];
    waiting.clear();
    await Promise.all(machines.map((machine) => machine[Symbol.asyncDispose]()));
  }

  return {
    take() {
      const [machine] = waiting;
      if (machine !== undefined) waiting.delete(machine);
      fillSoon();
      return machine ?? null;
    },
    fillSoon,
    drain,
    waiting: () => waiting.size,
    settled: async () => {
      await making;
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      if (soon !== null) clearTimeout(soon);
      await drain();
      await making;
    },
  };
}
