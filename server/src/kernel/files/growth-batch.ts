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
  /** Everything of one owner that was ever handed to `tell`: the difference of two readings came between them. */
  toldOf(ownerId: string): Growth;
  /**
   * Reads what was told while no sum is on its way, so that it and what waits add up: `read` also takes `waitingOf`.
   * Sums that come due meanwhile are told after it.
   */
  undisturbed<T>(read: () => Promise<T>): Promise<T>;
  /** Takes what waits for a project, which is then not told. */
  take(projectId: string): Growth;
}

const nothing: Growth = { bytes: 0, files: 0 };

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

  /** By owner: as many as the platform has users. */
  const told = new Map<string, Growth>();
  const readers = new Set<Promise<unknown>>();

  async function flush(): Promise<void> {
    await Promise.allSettled(readers);
    const sums = [...waiting];
    waiting.clear();
    for (const [, { ownerId, bytes, files }] of sums) {
      const before = told.get(ownerId) ?? nothing;
      told.set(ownerId, { bytes: before.bytes + bytes, files: before.files + files });
    }
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
    toldOf: (ownerId) => told.get(ownerId) ?? nothing,
    take(projectId) {
      const { bytes, files } = waiting.get(projectId) ?? nothing;
      waiting.delete(projectId);
      return { bytes, files };
    },
    async [Symbol.asyncDispose]() {
      clearTimeout(timer);
      await telling;
      await flush();
    },
  };
}
