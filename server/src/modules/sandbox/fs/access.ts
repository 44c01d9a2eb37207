import type { Call, Client } from '#base/contract.ts';
import type { Principal } from '#base/principal.ts';
import { createGrowthBatch } from '#kernel/files/growth-batch.ts';
import { assertFits } from '#kernel/files/quota.ts';
import type { Room, Workspace } from '#kernel/files/workspace.ts';
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
  const batch = createGrowthBatch({
    delayMs: flushDelayMs,
    tell: async (projectId, growth) => {
      await projects.call('project.usage.add', { projectId, ...growth }, systemCall());
    },
    onError,
  });

  return {
    async open({ user, call }, projectId, need) {
      const params = { projectId, userId: user.userId, need, globalRole: user.role };
      // Nothing is told meanwhile: what was told before is in the answer, what is told later is not.
      const { granted, toldBefore } = await batch.undisturbed(async () => {
        const answer = await projects.call('project.access', params, call);
        return { granted: answer, toldBefore: batch.toldOf(answer.ownerId) };
      });
      const { usage, ownerId } = granted;
      const project = { projectId, ownerId };
      const room: Room = {
        take(growth) {
          const waiting = batch.waitingOf(ownerId);
          const told = batch.toldOf(ownerId);
          const used = {
            bytes: usage.bytes + waiting.bytes + told.bytes - toldBefore.bytes,
            files: usage.files + waiting.files + told.files - toldBefore.files,
          };
          assertFits(used, growth, usage);
          batch.add(project, growth);
        },
        give: ({ bytes, files }) => batch.add(project, { bytes: -bytes, files: -files }),
      };
      return {
        workspacePath: granted.workspacePath,
        stagingPath: granted.stagingPath,
        limits: granted.limits,
        room,
      };
    },
    [Symbol.asyncDispose]: async () => {
      await batch[Symbol.asyncDispose]();
    },
  };
}
