import type { Logger } from 'pino';
import { type CountedProject, createGrowthBatch } from '#kernel/files/growth-batch.ts';
import { measureTree } from '#kernel/files/measure.ts';
import { assertFits } from '#kernel/files/quota.ts';
import type { Growth, Room } from '#kernel/files/workspace.ts';
import type { ProjectsConfig } from './config.ts';
import type { ProjectFolders } from './folders.ts';
import type { UsageStore } from './usage-store.ts';

/** How long a user's total is believed before it is read again; other processes add to it meanwhile. */
const totalLifetimeMs = 5_000;
const flushDelayMs = 1_000;

interface Total {
  bytes: number;
  files: number;
  untilMs: number;
}

export interface Usage extends AsyncDisposable {
  /** The user's total, at most five seconds old, plus what this process has added since. */
  ofOwner(ownerId: string): Promise<Growth>;
  /** The quota as one project's writers see it. */
  roomFor(project: CountedProject): Promise<Room>;
  /** Counts a growth that has happened already; never refuses. The project is counted exactly soon. */
  add(project: CountedProject, growth: Growth): void;
  /** Marks a project whose programs may write by themselves: it is counted exactly soon. */
  markActive(project: CountedProject): void;
  /** Counts one project exactly. */
  count(project: CountedProject): Promise<Growth>;
  /** Counts every project marked since the last time. */
  countActive(): Promise<void>;
}

interface UsageParts {
  readonly store: UsageStore;
  readonly folders: ProjectFolders;
  readonly config: Pick<ProjectsConfig, 'quotaBytes' | 'quotaFiles'>;
  readonly now: () => number;
  readonly log: Logger;
}

/**
 * Storage use per user, kept as a running sum in memory and written to the database once a second; exact counts of
 * the active projects correct it, since programs in the sandbox write without asking. Between two counts of a
 * database that several processes share, a user can exceed the quota by what is written within about six seconds.
 */
export function createUsage({ store, folders, config, now, log }: UsageParts): Usage {
  const totals = new Map<string, Total>();
  const loading = new Map<string, Promise<Total>>();
  const active = new Map<string, string>();
  const quota = { limitBytes: config.quotaBytes, limitFiles: config.quotaFiles };
  const batch = createGrowthBatch({
    delayMs: flushDelayMs,
    tell: (projectId, growth) => store.add(projectId, growth),
    onError: (error) => log.warn({ err: error }, 'storage use was not recorded'),
  });

  async function load(ownerId: string): Promise<Total> {
    const known = totals.get(ownerId);
    if (known !== undefined && now() < known.untilMs) return known;
    const pending = loading.get(ownerId) ?? batch.undisturbed(() => read(ownerId));
    loading.set(ownerId, pending);
    try {
      return await pending;
    } finally {
      loading.delete(ownerId);
    }
  }

  async function read(ownerId: string): Promise<Total> {
    const stored = await store.ofOwner(ownerId);
    const waiting = batch.waitingOf(ownerId);
    const total = {
      bytes: stored.bytes + waiting.bytes,
      files: stored.files + waiting.files,
      untilMs: now() + totalLifetimeMs,
    };
    if (totals.size > 10_000) totals.clear();
    totals.set(ownerId, total);
    return total;
  }

  function record(project: CountedProject, growth: Growth): void {
    const total = totals.get(project.ownerId);
    if (total !== undefined) {
      total.bytes += growth.bytes;
      total.files += growth.files;
    }
    batch.add(project, growth);
  }

  /**
   * What was taken but may not be on the disk yet, when the tree is measured, is added to what the disk holds: counted
   * twice at worst, and the next count puts that right.
   */
  async function count(project: CountedProject): Promise<Growth> {
    const recent = batch.take(project.projectId);
    try {
      const exact = await measureTree(folders.of(project.projectId).workspacePath);
      await store.set(project.projectId, {
        bytes: exact.bytes + Math.max(0, recent.bytes),
        files: exact.files + Math.max(0, recent.files),
      });
      if (recent.bytes !== 0 || recent.files !== 0) active.set(project.projectId, project.ownerId);
      expire(project.ownerId);
      return exact;
    } catch (error) {
      batch.add(project, recent);
      throw error;
    }
  }

  /** The total is read again next time. Until then it goes on counting, for those who got room by it. */
  function expire(ownerId: string): void {
    const total = totals.get(ownerId);
    if (total !== undefined) total.untilMs = 0;
  }

  return {
    ofOwner: async (ownerId) => {
      const { bytes, files } = await load(ownerId);
      return { bytes, files };
    },
    async roomFor(project) {
      const loaded = await load(project.ownerId);
      return {
        take(growth) {
          assertFits(totals.get(project.ownerId) ?? loaded, growth, quota);
          record(project, growth);
        },
        give: ({ bytes, files }) => record(project, { bytes: -bytes, files: -files }),
      };
    },
    add(project, growth) {
      record(project, growth);
      active.set(project.projectId, project.ownerId);
    },
    markActive: ({ projectId, ownerId }) => {
      active.set(projectId, ownerId);
    },
    count,
    async countActive() {
      const projects = [...active];
      active.clear();
      for (const [projectId, ownerId] of projects) {
        try {
          await count({ projectId, ownerId });
        } catch (error) {
          log.warn({ err: error, projectId }, 'a workspace could not be counted');
        }
      }
    },
    [Symbol.asyncDispose]: async () => {
      await batch[Symbol.asyncDispose]();
    },
  };
}
