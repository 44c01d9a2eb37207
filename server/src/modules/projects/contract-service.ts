import { z } from 'zod';
import type { MethodDefinitions } from '#base/contract.ts';
import { Role } from '#base/principal.ts';
import { FilePath, ProjectId, ProjectRole } from './contract-shapes.ts';

/** What other modules ask of projects; clients never see these. */
export const serviceMethods = {
  'project.access': {
    summary: 'Decides whether a user may read, write or own a project, and says where its files are.',
    access: 'service',
    params: z.strictObject({
      projectId: ProjectId,
      userId: z.string(),
      need: z.enum(['read', 'write', 'own']),
      /** The user's role on the platform. By default that of the call's principal, when it is this user. */
      globalRole: Role.optional(),
      /** A copy of the files that a module has made under `areaPath/worktrees`; `workspacePath` is it then. */
      worktreeId: z.uuid().optional(),
    }),
    result: z.object({
      workspacePath: z.string(),
      /** A folder on the same file system as the workspace, outside of it, for files that are still being written. */
      stagingPath: z.string(),
      /** A private folder beside the workspace, for what modules keep of a project. It goes when the project goes. */
      areaPath: z.string(),
      role: ProjectRole,
      ownerId: z.string(),
      limits: z.object({ fileBytes: z.int(), depth: z.int() }),
      /** Of the owner, over all of their projects. */
      usage: z.object({
        bytes: z.int(),
        files: z.int(),
        limitBytes: z.int(),
        limitFiles: z.int(),
      }),
    }),
  },
  'project.usage.add': {
    summary:
      'Counts what a module has added to or removed from a workspace; an exact count follows by itself.',
    access: 'service',
    params: z.strictObject({ projectId: ProjectId, bytes: z.int(), files: z.int() }),
    result: z.object({}),
  },
  'project.file.preserve': {
    summary: 'Keeps the present content of files in the history, before they are deleted or overwritten.',
    access: 'service',
    timeoutMs: 120_000,
    params: z.strictObject({
      projectId: ProjectId,
      userId: z.string().nullable(),
      /** Files, or folders with all they hold. */
      paths: z.array(FilePath).min(1).max(1000),
    }),
    result: z.object({
      preserved: z.int().nonnegative(),
      /** Files that were too large, or too many, to be kept. */
      skipped: z.int().nonnegative(),
    }),
  },
} as const satisfies MethodDefinitions;
