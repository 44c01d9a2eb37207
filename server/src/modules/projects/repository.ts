import { existsSync } from 'node:fs';
import type { Principal } from '#base/principal.ts';
import { withLock } from '#kernel/files/locks.ts';
import { parseWorkspacePath } from '#kernel/files/workspace-path.ts';
import type { Publish } from '#kernel/module.ts';
import type { Access, Grant, Need } from './access.ts';
import type { ProjectsConfig } from './config.ts';
import type { projectsContract } from './contract.ts';
import type { FileHistory } from './file-history.ts';
import { checkOut, commitChanges, createBranch, deleteBranch, restoreFiles } from './git/change.ts';
import type { Git } from './git/git.ts';
import {
  type DiffRequest,
  type LogRequest,
  readBranches,
  readCommittedFile,
  readDiff,
  readLog,
} from './git/inspect.ts';
import { readStatus } from './git/status.ts';
import type { Caller } from './service.ts';
import type { Usage } from './usage.ts';

interface RepositoryParts {
  readonly access: Access;
  readonly git: Git;
  readonly history: FileHistory;
  readonly usage: Usage;
  readonly config: Pick<ProjectsConfig, 'depth'>;
  readonly publish: Publish<typeof projectsContract>;
  readonly now: () => number;
}

type Action = 'commit' | 'checkout' | 'restore' | 'branch';

export type Repository = ReturnType<typeof createRepository>;

/** project.git.*: who may do what, one change at a time per project. */
export function createRepository({ access, git, history, usage, config, publish, now }: RepositoryParts) {
  async function reading<Result>(
    user: Principal,
    projectId: string,
    work: (grant: Grant) => Promise<Result>,
  ): Promise<Result> {
    return work(await access.require(projectId, user, 'read'));
  }

  async function changing<Result>(
    { user, traceId }: Caller,
    { projectId, action, need = 'write' }: { projectId: string; action: Action; need?: Need },
    work: (grant: Grant) => Promise<Result>,
  ): Promise<Result> {
    const grant = await access.require(projectId, user, need);
    const result = await withLock(`git\0${projectId}`, () => work(grant));
    usage.markActive({ projectId, ownerId: grant.project.ownerId });
    const payload = { projectId, action, userId: user.userId };
    await publish('project.git.changed', payload, { traceId, actorId: user.userId });
    return result;
  }

  const checkPath = (path: string | undefined) => {
    if (path !== undefined) parseWorkspacePath(path, config);
  };

  return {
    status: ({ user, signal }: Caller, projectId: string) =>
      reading(user, projectId, ({ folder }) => readStatus(git, folder, signal)),

    diff(user: Principal, projectId: string, request: DiffRequest) {
      checkPath(request.path);
      return reading(user, projectId, ({ folder }) => readDiff(git, folder, request));
    },

    log(user: Principal, projectId: string, request: LogRequest) {
      checkPath(request.path);
      return reading(user, projectId, ({ folder }) => readLog(git, folder, request));
    },

    file(user: Principal, projectId: string, request: { path: string; revision: string }) {
      checkPath(request.path);
      return reading(user, projectId, async ({ folder }) => ({
        path: request.path,
        ...(await readCommittedFile(git, folder, request)),
      }));
    },

    commit(caller: Caller, projectId: string, request: { message: string; paths?: string[] | undefined }) {
      for (const path of request.paths ?? []) checkPath(path);
      return changing(caller, { projectId, action: 'commit' }, async ({ folder }) => {
        // Whoever deleted .git in the terminal begins a new history here.
        if (!existsSync(`${folder.workspacePath}/.git`)) await git.init(folder);
        const author = { name: caller.user.username, atMs: now() };
        const made = await commitChanges(git, folder, { ...request, author });
        const { current } = await readBranches(git, folder);
        return { ...made, branch: current };
      });
    },

    async branch(
      caller: Caller,
      projectId: string,
      request: {
        create?: string | undefined;
        from?: string | undefined;
        delete?: string | undefined;
        force: boolean;
      },
    ) {
      const { create, delete: remove, from = 'HEAD', force } = request;
      if (create === undefined && remove === undefined)
        return reading(caller.user, projectId, ({ folder }) => readBranches(git, folder));
      return changing(caller, { projectId, action: 'branch' }, async ({ folder }) => {
        if (create !== undefined) await createBranch(git, folder, { name: create, from });
        if (remove !== undefined) await deleteBranch(git, folder, { name: remove, force });
        return readBranches(git, folder);
      });
    },

    checkout: (caller: Caller, projectId: string, revision: string) =>
      changing(caller, { projectId, action: 'checkout' }, async ({ folder }) => {
        await checkOut(git, folder, revision);
        return readStatus(git, folder);
      }),

    restore(caller: Caller, projectId: string, request: { paths: string[]; revision: string }) {
      for (const path of request.paths) checkPath(path);
      return changing(caller, { projectId, action: 'restore' }, async (grant) => {
        await history.preserve(grant, { paths: request.paths, userId: caller.user.userId });
        await restoreFiles(git, grant.folder, request);
        return readStatus(git, grant.folder);
      });
    },
  };
}
