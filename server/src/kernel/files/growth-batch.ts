import type { Growth } from './workspace.ts';

/** What was added or removed in one project, for whose owner it counts. */
export interface CountedProject {
  readonly projectId: string;
  readonly ownerId: string;
}

export interface GrowthBatch extends AsyncDisposable {
  add(project: CountedProject, growth: Growth): void;
  /** What of one owner is not told yet. */
  waitingOf(ownerId: string): Growth;
  /**
   * Reads what was told while no sum is on its way, so that it and what waits add up: `read` also takes `waitingOf`.
   * Sums that come due meanwhile are told after it.
   */
  undisturbed<T>(read: () => Promise<T>): Promise<T>;
  /** Forgets what waits for a project: it was counted exactly. */
  drop(projectId: string): void;
}

/** Gathers growths per project and tells each sum after a while; disposing it tells what is left. */
export function createGrowthBatch(options: {
  readonly delayMs: number;
  readonly tell: (projectId: string, growth: Growth) => Promise<void>;
  /** Told of a sum that got lost; the next exact count puts it right. */
  readonly onError: (error: unknown) => void;
}): GrowthBatch {
  const { delayMs, tell, onError } = options;
  const waiting = new Map<string, { ownerId: string; bytes: number; files: number }>();
  let timer: NodeJS.Timeout | undefined;
  let telling: Promise<void> = Promise.resolve();

  const readers = new Set<Promise<unknown>>();

  async function flush(): Promise<void> {
    await Promise.allSettled(readers);
    const sums = [...waiting];
    waiting.clear();
    for (const [projectId, { bytes, files }] of sums) {
      if (bytes !== 0 || files !== 0) await tell(projectId, { bytes, files }).catch(onError);
    }
  }

  return {
    add({ projectId, ownerId }, growth) {
      const sum = waiting.get(projectId) ?? { ownerId, bytes: 0, files: 0 };
      sum.bytes += growth.bytes;
      sum.files += growth.files;
      waiting.set(projectId, sum);
      timer ??= setTimeout(() => {
        timer = undefined;
        telling = flush();
      }, delayMs).unref();
    },
    waitingOf(ownerId) {
      const total = { bytes: 0, files: 0 };
      for (const sum of waiting.values()) {
        if (sum.ownerId !== ownerId) continue;
        total.bytes += sum.bytes;
        total.files += sum.files;
      }
      return total;
    },
    async undisturbed(read) {
      for (let seen: typeof telling | undefined; seen !== telling; ) {
        seen = telling;
        await seen;
      }
      const reading = read();
      readers.add(reading);
      try {
        return await reading;
      } finally {
        readers.delete(reading);
      }
    },
    drop(projectId) {
      waiting.delete(projectId);
    },
    async [Symbol.asyncDispose]() {
      clearTimeout(timer);
      await telling;
      await flush();
    },
  };
}
