import { z } from 'zod';
import type { MethodDefinitions } from '#base/contract.ts';
import { BranchName, FilePath, GitCommit, GitStatus, ProjectId, Revision } from './contract-shapes.ts';

/** project.git.*: the version history that its users make, spread into the projects contract. */
export const gitMethods = {
  'project.git.status': {
    summary: 'Tells the branch, the last commit and what has changed since.',
    access: 'viewer',
    rateClass: 'read',
    params: z.strictObject({ projectId: ProjectId }),
    result: GitStatus,
  },
  'project.git.diff': {
    summary: 'Shows changes as a unified diff: of the working files against HEAD, or between two revisions.',
    access: 'viewer',
    rateClass: 'read',
    params: z.strictObject({
      projectId: ProjectId,
      /** Only this file or folder. */
      path: FilePath.optional(),
      /** HEAD by default. */
      from: Revision.optional(),
      /** The working files by default. */
      to: Revision.optional(),
      contextLines: z.int().min(0).max(100).default(3),
    }),
    result: z.object({
      diff: z.string(),
      files: z.array(
        z.object({
          path: z.string(),
          /** Null for binary files. */
          addedLines: z.int().nullable(),
          removedLines: z.int().nullable(),
        }),
      ),
      /** True when the diff was longer than what is answered; it ends at a line then. */
      truncated: z.boolean(),
    }),
  },
  'project.git.log': {
    summary: 'Lists commits, newest first, page by page.',
    access: 'viewer',
    rateClass: 'read',
    params: z.strictObject({
      projectId: ProjectId,
      revision: Revision.optional(),
      path: FilePath.optional(),
      cursor: z
        .string()
        .regex(/^\d{1,9}:[0-9a-f]{40,64}$/)
        .optional(),
      limit: z.int().min(1).max(200).default(50),
    }),
    result: z.object({ commits: z.array(GitCommit), nextCursor: z.string().nullable() }),
  },
  'project.git.file': {
    summary: 'Reads a file as it was in a commit.',
    access: 'viewer',
    rateClass: 'read',
    params: z.strictObject({ projectId: ProjectId, path: FilePath, revision: Revision.default('HEAD') }),
    result: z.object({
      path: z.string(),
      content: z.string(),
      encoding: z.enum(['utf8', 'base64']),
      size: z.int().nonnegative(),
    }),
  },
  'project.git.commit': {
    summary: 'Commits all changes, or those of the named files, in the name of the caller.',
    access: 'developer',
    rateClass: 'write',
    params: z.strictObject({
      projectId: ProjectId,
      message: z.string().trim().min(1).max(10_000),
      paths: z.array(FilePath).min(1).max(1000).optional(),
    }),
    result: z.object({ commitId: z.string(), branch: z.string().nullable(), changedFiles: z.int() }),
  },
  'project.git.branch': {
    summary: 'Lists the branches; creates or deletes one when asked to.',
    access: 'viewer',
    rateClass: 'read',
    params: z.strictObject({
      projectId: ProjectId,
      create: BranchName.optional(),
      /** Where the created branch begins; HEAD by default. */
      from: Revision.optional(),
      /** Refused for the current branch, and for one with commits that are on no other branch unless `force`. */
      delete: BranchName.optional(),
      force: z.boolean().default(false),
    }),
    result: z.object({
      current: z.string().nullable(),
      branches: z.array(z.object({ name: z.string(), commitId: z.string() })),
    }),
  },
  'project.git.checkout': {
    summary: 'Switches to a branch or commit; refuses rather than overwrite a change that is not committed.',
    access: 'developer',
    rateClass: 'write',
    params: z.strictObject({ projectId: ProjectId, revision: Revision }),
    result: GitStatus,
  },
  'project.git.restore': {
    summary: 'Brings files back to a commit; what they held before is kept in the file history.',
    access: 'developer',
    rateClass: 'write',
    params: z.strictObject({
      projectId: ProjectId,
      paths: z.array(FilePath).min(1).max(1000),
      revision: Revision.default('HEAD'),
    }),
    result: GitStatus,
  },
} as const satisfies MethodDefinitions;
