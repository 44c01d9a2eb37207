import { lstatSync } from 'node:fs';
import path from 'node:path';
import type { Call } from '#base/contract.ts';
import { fault } from '#base/fault.ts';
import type { Principal, Role } from '#base/principal.ts';
import type { Handlers } from '#kernel/module.ts';
import type { Access } from './access.ts';
import { fileNameOf } from './archive/export-zip.ts';
import type { Birth } from './birth.ts';
import type { ProjectsConfig } from './config.ts';
import type { projectsContract } from './contract.ts';
import { describeProject } from './describe.ts';
import type { FileHistory } from './file-history.ts';
import type { ProjectFolder } from './folders.ts';
import type { Imports } from './imports.ts';
import type { Members } from './members.ts';
import type { Repository } from './repository.ts';
import type { Caller, ProjectService } from './service.ts';
import { templates } from './templates.ts';
import type { Usage } from './usage.ts';

export interface HandlerParts {
  readonly access: Access;
  readonly birth: Birth;
  readonly history: FileHistory;
  readonly imports: Imports;
  readonly members: Members;
  readonly repository: Repository;
  readonly service: ProjectService;
  readonly usage: Usage;
  readonly config: ProjectsConfig;
}

function callerOf({ user, call }: { user: Principal; call: Call }): Caller {
  return { user, traceId: call.traceId, signal: call.signal };
}

/** From methods to what they do; each line says which part answers. */
export function createHandlers(parts: HandlerParts): Handlers<typeof projectsContract> {
  const { access, birth, history, imports, members, repository, service, usage, config } = parts;
  const limits = () => ({ limitBytes: config.quotaBytes, limitFiles: config.quotaFiles });
  return {
    'project.create': async ({ params, user, call }) =>
      describeProject(await birth.fromTemplate({ ...params, owner: user, traceId: call.traceId })),
    'project.templates': () => ({ templates: [...templates] }),
    'project.list': ({ params, user }) => service.list(user, params),
    'project.open': ({ params, ...input }) => service.open(callerOf(input), params.id),
    'project.rename': ({ params, ...input }) => service.rename(callerOf(input), params),
    'project.delete': ({ params, ...input }) => service.remove(callerOf(input), params),
    'project.restore': ({ params, ...input }) => service.restore(callerOf(input), params.id),
    'project.deleted': ({ user }) => service.listDeleted(user),
    'project.usage': async ({ user }) => ({ ...(await usage.ofOwner(user.userId)), ...limits() }),

    'project.file.save': ({ params: { projectId, path, content, ifMatch }, ...input }) =>
      history.save(callerOf(input), projectId, { path, content: Buffer.from(content), ifMatch }),
    'project.file.history': ({ params, user }) => history.list(user, params),
    'project.file.version': ({ params, user }) => history.readVersion(user, params),
    'project.file.revert': ({ params, ...input }) => history.revert(callerOf(input), params),
    'project.file.deleted': ({ params, user }) => history.listDeleted(user, params),

    'project.git.status': ({ params, ...input }) => repository.status(callerOf(input), params.projectId),
    'project.git.diff': ({ params: { projectId, ...request }, user }) =>
      repository.diff(user, projectId, request),
    'project.git.log': ({ params: { projectId, ...request }, user }) =>
      repository.log(user, projectId, request),
    'project.git.file': ({ params: { projectId, ...request }, user }) =>
      repository.file(user, projectId, request),
    'project.git.commit': ({ params: { projectId, ...request }, ...input }) =>
      repository.commit(callerOf(input), projectId, request),
    'project.git.branch': ({ params: { projectId, ...request }, ...input }) =>
      repository.branch(callerOf(input), projectId, request),
    'project.git.checkout': ({ params, ...input }) =>
      repository.checkout(callerOf(input), params.projectId, params.revision),
    'project.git.restore': ({ params: { projectId, ...request }, ...input }) =>
      repository.restore(callerOf(input), projectId, request),

    'project.member.list': ({ params, user, call }) => members.list(user, params.projectId, call),
    'project.member.add': ({ params, user, call }) => members.add(user, params, call),
    'project.member.remove': ({ params, user, call }) => members.remove(user, params, call),
    'project.member.setRole': ({ params, user, call }) => members.setRole(user, params, call),

    'project.export': async ({ params, user }) => {
      const { project } = await access.require(params.id, user, 'read');
      return { url: `/projects/${project.id}/export.zip`, fileName: `${fileNameOf(project.name)}.zip` };
    },
    'project.import': async ({ params, ...input }) =>
      describeProject(await imports.fromGit(callerOf(input), params)),

    'project.access': async ({ params, call }) => {
      const role = platformRole(params, call.principal);
      const grant = await access.require(params.projectId, { userId: params.userId, role }, params.need);
      const { project, folder } = grant;
      if (params.need !== 'read') usage.markActive({ projectId: project.id, ownerId: project.ownerId });
      return {
        workspacePath: workspaceOf(folder, params.worktreeId),
        stagingPath: folder.stagingPath,
        areaPath: folder.areaPath,
        role: project.role,
        ownerId: project.ownerId,
        limits: { fileBytes: config.fileBytes, depth: config.depth },
        usage: { ...(await usage.ofOwner(project.ownerId)), ...limits() },
      };
    },
    'project.usage.add': async ({ params: { projectId, bytes, files } }) => {
      await service.addUsage(projectId, { bytes, files });
      return {};
    },
    'project.file.preserve': async ({ params: { projectId, userId, paths }, call }) => {
      const grant =
        userId === null
          ? await service.grantOf(projectId)
          : await access.require(
              projectId,
              { userId, role: platformRole({ userId }, call.principal) },
              'write',
            );
      return history.preserve(grant, { paths, userId });
    },
  };
}

/** The role that counts on the platform: as named, else the caller's own. A service that names none may only read. */
function platformRole(
  asked: { readonly userId: string; readonly globalRole?: Role | undefined },
  principal: Principal | null,
): Role {
  if (asked.globalRole !== undefined) return asked.globalRole;
  if (principal === null)
    throw fault('common.invalid_params', { field: 'globalRole', reason: 'it is needed' });
  return principal.userId === asked.userId ? principal.role : 'viewer';
}

/** The workspace, or a copy of it that a module works on. @throws projects.worktree_unknown */
function workspaceOf(folder: ProjectFolder, worktreeId: string | undefined): string {
  if (worktreeId === undefined) return folder.workspacePath;
  const worktree = path.join(folder.areaPath, 'worktrees', worktreeId);
  if (lstatSync(worktree, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw fault('projects.worktree_unknown');
  }
  return worktree;
}
