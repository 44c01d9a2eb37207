import type { Caller, ProjectsClient } from './access.ts';

/** Writes in quick succession, as programs and agents make them, count as one change of a file. */
const quietMs = 60_000;
const maxPaths = 20_000;

export interface Keeper {
  /** Before a file is written: keeps what it holds, at most once a minute. */
  beforeWrite(caller: Caller, file: { projectId: string; path: string }): Promise<void>;
  /** Before a file or folder is deleted or replaced: always keeps what it holds. */
  beforeLosing(caller: Caller, file: { projectId: string; path: string }): Promise<void>;
}

/** Keeps states of files in the project's history before fs.* changes them: it has no save of its own there. */
export function createKeeper(parts: {
  readonly projects: ProjectsClient;
  readonly now: () => number;
}): Keeper {
  const { projects, now } = parts;
  const keptAtMs = new Map<string, number>();

  async function keep({ user, call }: Caller, { projectId, path }: { projectId: string; path: string }) {
    await projects.call('project.file.preserve', { projectId, userId: user.userId, paths: [path] }, call);
  }

  return {
    async beforeWrite(caller, file) {
      const key = `${file.projectId}\0${file.path}`;
      const nowMs = now();
      const before = keptAtMs.get(key);
      if (before !== undefined && nowMs - before < quietMs) return;
      await keep(caller, file);
      if (keptAtMs.size >= maxPaths) keptAtMs.clear();
      keptAtMs.set(key, nowMs);
    },
    beforeLosing: keep,
  };
}
