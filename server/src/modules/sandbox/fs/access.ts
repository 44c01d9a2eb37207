import type { Call, Client } from '#base/contract.ts';
import { fault } from '#base/fault.ts';
import type { Principal } from '#base/principal.ts';
import type { Growth, Room, Workspace } from '#kernel/files/workspace.ts';
import type { projectsContract } from '#modules/projects/contract.ts';

const flushDelayMs = 500;

export type ProjectsClient = Client<typeof projectsContract>;

export interface Caller {
  readonly user: Principal;
  readonly call: Call;
}

export interface FsAccess extends AsyncDisposable {
  /** The files of a project for somebody who may read or write them. @throws projects.unknown and its kin */
  open(caller: Caller, projectId: string, need: 'read' | 'write'): Promise<Workspace>;
}

/** Asks projects for access, and tells it twice a second what was written and removed. */
export function createFsAccess(parts: {
  readonly projects: ProjectsClient;
  /** A call in the platform's own name. */
  readonly systemCall: () => Call;
  readonly onError: (error: unknown) => void;
}): FsAccess {
  const { projects, systemCall, onError } = parts;
  /** What was counted here and is not told yet. */
  const pending = new Map<string, { ownerId: string; bytes: number; files: number }>();
  let timer: NodeJS.Timeout | undefined;
  let flushing: Promise<void> = Promise.resolve();

  function record(project: { projectId: string; ownerId: string }, growth: Growth): void {
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
      // What is not told is put right by the next exact count.
      await projects.call('project.usage.add', { projectId, bytes, files }, systemCall()).catch(onError);
    }
  }

  function pendingOf(ownerId: string): Growth {
    const sum = { bytes: 0, files: 0 };
    for (const part of pending.values()) {
      if (part.ownerId !== ownerId) continue;
      sum.bytes += part.bytes;
      sum.files += part.files;
    }
    return sum;
  }

  return {
    async open({ user, call }, projectId, need) {
      const params = { projectId, userId: user.userId, need, globalRole: user.role };
      const granted = await projects.call('project.access', params, call);
      const { usage, ownerId } = granted;
      const project = { projectId, ownerId };
      const room: Room = {
        take(growth) {
          const waiting = pendingOf(ownerId);
          const bytes = usage.bytes + waiting.bytes;
          const files = usage.files + waiting.files;
          if (growth.bytes > 0 && bytes + growth.bytes > usage.limitBytes)
            throw fault('files.quota_bytes', { usedBytes: bytes, limitBytes: usage.limitBytes });
          if (growth.files > 0 && files + growth.files > usage.limitFiles)
            throw fault('files.quota_files', { usedFiles: files, limitFiles: usage.limitFiles });
          record(project, growth);
        },
        give: ({ bytes, files }) => record(project, { bytes: -bytes, files: -files }),
      };
      return {
        workspacePath: granted.workspacePath,
        stagingPath: granted.stagingPath,
        limits: granted.limits,
        room,
      };
    },
    async [Symbol.asyncDispose]() {
      clearTimeout(timer);
      await flushing;
      await flush();
    },
  };
}
