import { statfs } from 'node:fs/promises';
import type { Database } from '#kernel/database/database.ts';
import type { Worktrees } from '../changes/worktree.ts';
import type { AgentsConfig } from '../config.ts';
import { openTaskIds, taskGivers } from './task-store.ts';

const dayMs = 86_400_000;
const hourMs = 3_600_000;
const lookMs = 60_000;

export interface Sweep extends AsyncDisposable {
  /** Looks at all projects that have had a task; called by itself once an hour, and each minute while room is short. */
  run(): Promise<void>;
}

/** Whether so little room is left that nothing should be kept which can be made again. */
export async function isRoomShort(folder: string, leastBytes: number): Promise<boolean> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize < leastBytes;
}

/**
 * Takes away what waits for nobody: copies of projects that no task has used for days, all copies that wait while the disk
 * is nearly full, and what a crash has left of tasks that have ended since.
 */
export function createSweep(deps: {
  readonly database: Database;
  readonly config: Pick<AgentsConfig, 'spareDays' | 'spareFreeBytes'>;
  readonly dataDir: string;
  /** The copies of a project, asked in the name of somebody who has given it a task. @throws when they may not */
  readonly worktreesFor: (task: {
    readonly projectId: string;
    readonly userId: string;
  }) => Promise<Worktrees>;
  readonly now: () => number;
  readonly stopping: AbortSignal;
  readonly onError: (error: unknown) => void;
}): Sweep {
  const { database, config, dataDir, worktreesFor, now, stopping, onError } = deps;
  let lastMs = now();
  let running: Promise<void> | undefined;
  const timer = setInterval(() => void look().catch(onError), lookMs).unref();

  async function look(): Promise<void> {
    if (now() - lastMs < hourMs && !(await isRoomShort(dataDir, config.spareFreeBytes))) return;
    await run();
  }

  function run(): Promise<void> {
    running ??= sweep().finally(() => {
      running = undefined;
    });
    return running;
  }

  async function sweep(): Promise<void> {
    lastMs = now();
    const short = await isRoomShort(dataDir, config.spareFreeBytes);
    const beforeMs = short ? Number.POSITIVE_INFINITY : now() - config.spareDays * dayMs;
    for (const { projectId, userIds } of await taskGivers(database)) {
      if (stopping.aborted) return;
      const worktrees = await firstAllowed(projectId, userIds);
      if (worktrees === null) continue;
      await worktrees.expire(beforeMs).catch(onError);
      const open = () => openTaskIds(database, projectId, new Date(now()));
      await worktrees.keepOnly(open, stopping).catch(onError);
    }
  }

  /** Whoever gave a task may have left the project since; null when all have. */
  async function firstAllowed(projectId: string, userIds: readonly string[]): Promise<Worktrees | null> {
    for (const userId of userIds) {
      try {
        return await worktreesFor({ projectId, userId });
      } catch (error) {
        if (stopping.aborted) throw error;
      }
    }
    return null;
  }

  return {
    run,
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await running?.catch(onError);
    },
  };
}
