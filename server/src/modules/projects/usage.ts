import type { Logger } from 'pino';
import { fault } from '#base/fault.ts';
import { measureTree } from '#kernel/files/measure.ts';
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
  roomFor(project: { projectId: string; ownerId: string }): Promise<Room>;
  /** Counts a growth that has happened already; never refuses. */
  add(project: { projectId: string; ownerId: string }, growth: Growth): void;
  /** Marks a project whose programs may write by themselves: it is counted exactly soon. */
  markActive(project: { projectId: string; ownerId: string }): void;
  /** Counts one project exactly. */
  count(project: { projectId: string; ownerId: string }): Promise<Growth>;
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
  const pending = new Map<string, { ownerId: string; bytes: number; files: number }>();
  const active = new Map<string, string>();
  let timer: NodeJS.Timeout | undefined;
  let flushing: Promise<void> = Promise.resolve();

  async function load(ownerId: string): Promise<Total> {
    const known = totals.get(ownerId);
    if (known !== undefined && now() < known.untilMs) return known;
    const stored = await store.ofOwner(ownerId);
    const total = { ...stored, untilMs: now() + totalLifetimeMs };
    for (const part of pending.values()) {
      if (part.ownerId !== ownerId) continue;
      total.bytes += part.bytes;
      total.files += part.files;
    }
    if (totals.size > 10_000) totals.clear();
    totals.set(ownerId, total);
    return total;
  }

  function record(project: { projectId: string; ownerId: string }, growth: Growth): void {
    const total = totals.get(project.ownerId);
    if (total !== undefined) {
      total.bytes += growth.bytes;
      total.files += growth.files;
    }
    const part = pending.get(project.projectId) ?? { ownerId: project.ownerId, bytes: 0, files: 0 };
    part.bytes += growth.bytes;
    part.files += growth.files;
    pending.set(project.projectId, part);
    timer ??= setTimeout(() => {
      timer = undefined;
      flushing = flush();
    }, flushDelayMs).unref();
  }

  async function flush(): Promise<void> {
    const parts = [...pending];
    pending.clear();
    for (const [projectId, { bytes, files }] of parts) {
      try {
        await store.add(projectId, { bytes, files });
      } catch (error) {
        // The exact count puts it right.
        log.warn({ err: error, projectId }, 'storage use was not recorded');
      }
    }
  }

  function take(project: { projectId: string; ownerId: string }, growth: Growth): void {
    const total = totals.get(project.ownerId) ?? { bytes: 0, files: 0 };
    if (growth.bytes > 0 && total.bytes + growth.bytes > config.quotaBytes) {
      throw fault('files.quota_bytes', { usedBytes: total.bytes, limitBytes: config.quotaBytes });
    }
    if (growth.files > 0 && total.files + growth.files > config.quotaFiles) {
      throw fault('files.quota_files', { usedFiles: total.files, limitFiles: config.quotaFiles });
    }
    record(project, growth);
  }

  async function count(project: { projectId: string; ownerId: string }): Promise<Growth> {
    const exact = await measureTree(folders.of(project.projectId).workspacePath);
    pending.delete(project.projectId);
    await store.set(project.projectId, exact);
    totals.delete(project.ownerId);
    return exact;
  }

  return {
    ofOwner: async (ownerId) => {
      const { bytes, files } = await load(ownerId);
      return { bytes, files };
    },
    async roomFor(project) {
      await load(project.ownerId);
      return {
        take: (growth) => take(project, growth),
        give: ({ bytes, files }) => record(project, { bytes: -bytes, files: -files }),
      };
    },
    add: record,
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
    async [Symbol.asyncDispose]() {
      clearTimeout(timer);
      await flushing;
      await flush();
    },
  };
}
