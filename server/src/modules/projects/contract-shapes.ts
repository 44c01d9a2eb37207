import { z } from 'zod';

/** Shapes that several methods of the projects contract share. Times are ISO 8601 in UTC, sizes are bytes. */

export const ProjectId = z.uuid();

/** What a member may do: a viewer reads, an editor changes files, an owner also members, name and existence. */
export const ProjectRole = z.enum(['viewer', 'editor', 'owner']);
export type ProjectRole = z.infer<typeof ProjectRole>;

export const TemplateName = z.enum(['empty', 'node-ts', 'python', 'static-site']);
export type TemplateName = z.infer<typeof TemplateName>;

/** 1 to 100 characters, no control characters, trimmed. */
export const ProjectName = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .regex(/^[^\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069]+$/u, 'control characters are not allowed');

export const Project = z.object({
  id: ProjectId,
  name: z.string(),
  /** Whose storage quota the project counts against. */
  ownerId: z.string(),
  /** The caller's own role. */
  role: ProjectRole,
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
});

export const DeletedProject = Project.extend({
  deletedAt: z.iso.datetime(),
  /** Until then project.restore works; afterwards the project is removed for good. */
  restorableUntil: z.iso.datetime(),
});

export const ProjectFile = z.object({
  path: z.string(),
  size: z.int().nonnegative(),
  modifiedAt: z.iso.datetime(),
  /** A language id as Monaco names it; `plaintext` when unknown, `binary` for known binary formats. */
  language: z.string(),
});

/** Relative to the workspace, with forward slashes. */
export const FilePath = z.string().min(1).max(4096);

export const Member = z.object({
  userId: z.string(),
  username: z.string(),
  role: ProjectRole,
  addedAt: z.iso.datetime(),
});

export const SavedFile = z.object({
  path: z.string(),
  size: z.int().nonnegative(),
  etag: z.string(),
});

/** One kept state of a file. */
export const FileVersion = z.object({
  versionId: z.string(),
  path: z.string(),
  size: z.int().nonnegative(),
  etag: z.string(),
  savedAt: z.iso.datetime(),
  /** Null when the change did not come through the platform, such as a program that ran in the sandbox. */
  userId: z.string().nullable(),
  origin: z.enum(['save', 'revert', 'preserved']),
});

/** A state in one letter, as git names it; `.` is unchanged. */
const GitState = z.enum(['.', 'M', 'T', 'A', 'D', 'R', 'C', 'U', '?']);

export const GitFile = z.object({
  path: z.string(),
  /** The path before a rename. */
  from: z.string().nullable(),
  index: GitState,
  worktree: GitState,
});

export const GitStatus = z.object({
  /** Null when HEAD is on no branch. */
  branch: z.string().nullable(),
  /** Null before the first commit. */
  commitId: z.string().nullable(),
  clean: z.boolean(),
  files: z.array(GitFile),
  /** True when there were more changed files than are listed. */
  truncated: z.boolean(),
});

export const GitCommit = z.object({
  commitId: z.string(),
  parents: z.array(z.string()),
  authorName: z.string(),
  authorEmail: z.string(),
  authoredAt: z.iso.datetime({ offset: true }),
  message: z.string(),
});

/** A branch, tag or commit. What git would read as an option or a range is refused. */
export const Revision = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[\p{L}\p{N}_][\p{L}\p{N}_./@{}^~+#-]*$/u, 'this is not a revision')
  .refine((text) => !text.includes('..'), 'ranges are not allowed here');

export const BranchName = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[\p{L}\p{N}_][\p{L}\p{N}_./+#-]*$/u, 'use letters, digits and . _ / + # -')
  .refine((text) => !/\.\.|\/\/|\/\.|\.lock(\/|$)|[./]$/.test(text), 'git does not allow this branch name');
