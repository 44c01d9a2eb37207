import { z } from 'zod';
import type { MethodDefinitions } from '#base/contract.ts';
import { fileFaults } from '#base/file-faults.ts';

const ProjectId = z.uuid();
/** Relative to the project's workspace, with forward slashes. What is refused, and why, is decided by the path jail. */
const Path = z.string().min(1).max(4096);
/** As `Path`; the empty text is the workspace itself. */
const FolderPath = z.string().max(4096);
const Kind = z.enum(['file', 'folder', 'link', 'special']);

/** One file or folder. Sizes are apparent sizes in bytes. */
const Entry = z.object({
  path: z.string(),
  kind: Kind,
  size: z.int().nonnegative(),
  modifiedAt: z.iso.datetime(),
});

const Written = z.object({ path: z.string(), size: z.int().nonnegative(), etag: z.string() });

/** One change that a watcher saw. After `deleted` the kind is null. */
const Change = z.object({
  change: z.enum(['created', 'changed', 'deleted']),
  path: z.string(),
  kind: Kind.nullable(),
});

/** The fs.* methods, spread into the sandbox's contract. */
export const fsMethods = {
  'fs.read': {
    summary: 'Reads a file, or a range of one. Text comes as utf8, anything else as base64.',
    access: 'viewer',
    rateClass: 'read',
    positional: ['projectId', 'path', 'encoding'],
    params: z.strictObject({
      projectId: ProjectId,
      path: Path,
      /** `auto` answers utf8 when the content is valid UTF-8, else base64. */
      encoding: z.enum(['auto', 'utf8', 'base64']).default('auto'),
      offset: z.int().nonnegative().optional(),
      /** Bytes; a range never ends with an error at the end of the file. */
      length: z.int().nonnegative().optional(),
    }),
    result: z.object({
      path: z.string(),
      content: z.string(),
      encoding: z.enum(['utf8', 'base64']),
      /** Of the whole file. */
      size: z.int().nonnegative(),
      modifiedAt: z.iso.datetime(),
      /** Of the whole content; null when only a range was read. */
      etag: z.string().nullable(),
    }),
  },
  'fs.write': {
    summary: 'Writes a file atomically; with ifMatch only over the version that was read.',
    access: 'developer',
    rateClass: 'write',
    positional: ['projectId', 'path', 'content'],
    params: z.strictObject({
      projectId: ProjectId,
      path: Path,
      content: z.string(),
      encoding: z.enum(['utf8', 'base64']).default('utf8'),
      /** The etag that is to be replaced; null when the file must not exist yet. */
      ifMatch: z.string().max(100).nullable().optional(),
      /** Makes missing folders on the way. */
      parents: z.boolean().default(true),
      /** Sets or clears the executable bits; absent: kept. */
      executable: z.boolean().optional(),
    }),
    result: Written,
  },
  'fs.list': {
    summary: 'Lists a folder, or the tree below it, in the order of names, page by page.',
    access: 'viewer',
    rateClass: 'read',
    params: z.strictObject({
      projectId: ProjectId,
      path: FolderPath.default(''),
      recursive: z.boolean().default(false),
      /** The last path of the page before. */
      cursor: z.string().max(4096).optional(),
      limit: z.int().min(1).max(5000).default(1000),
      /** Names of folders that are shown but not entered when listing recursively. */
      skip: z.array(z.string().min(1).max(255)).max(50).default(['.git']),
    }),
    result: z.object({ entries: z.array(Entry), nextCursor: z.string().nullable() }),
  },
  'fs.stat': {
    summary: 'Tells kind, size and time of a file or folder, and its etag on request.',
    access: 'viewer',
    rateClass: 'read',
    params: z.strictObject({ projectId: ProjectId, path: FolderPath, etag: z.boolean().default(false) }),
    result: Entry.extend({ executable: z.boolean(), etag: z.string().nullable() }),
  },
  'fs.delete': {
    summary: 'Deletes a file or folder; what it held can be taken back from the file history.',
    access: 'developer',
    rateClass: 'write',
    params: z.strictObject({ projectId: ProjectId, path: Path, recursive: z.boolean().default(false) }),
    result: z.object({ path: z.string(), deletedFiles: z.int().nonnegative() }),
  },
  'fs.move': {
    summary: 'Moves or renames a file or folder.',
    access: 'developer',
    rateClass: 'write',
    params: z.strictObject({
      projectId: ProjectId,
      src: Path,
      dest: Path,
      overwrite: z.boolean().default(false),
    }),
    result: z.object({ src: z.string(), dest: z.string() }),
  },
  'fs.copy': {
    summary: 'Copies a file, or a folder with all it holds.',
    access: 'developer',
    rateClass: 'write',
    params: z.strictObject({
      projectId: ProjectId,
      src: Path,
      dest: Path,
      overwrite: z.boolean().default(false),
    }),
    result: z.object({
      src: z.string(),
      dest: z.string(),
      copiedFiles: z.int().nonnegative(),
      copiedBytes: z.int().nonnegative(),
      /** Links and special files are not copied. */
      skipped: z.int().nonnegative(),
    }),
  },
  'fs.mkdir': {
    summary: 'Makes a folder, and the folders on the way to it.',
    access: 'developer',
    rateClass: 'write',
    params: z.strictObject({ projectId: ProjectId, path: Path, parents: z.boolean().default(true) }),
    result: z.object({ path: z.string(), created: z.boolean() }),
  },
  'fs.watch': {
    summary: 'Streams what changes in the workspace, whoever changes it.',
    access: 'viewer',
    rateClass: 'read',
    params: z.strictObject({
      projectId: ProjectId,
      path: FolderPath.default(''),
      /** Names of folders that are not watched. */
      skip: z.array(z.string().min(1).max(255)).max(50).default(['.git', 'node_modules']),
    }),
    /** The first chunk is empty and says that the watch is on. `overflow`: changes were missed, list again. */
    chunk: z.object({ changes: z.array(Change), overflow: z.boolean() }),
    result: z.object({ reason: z.enum(['folder_gone', 'access_lost', 'stopped']) }),
  },
} as const satisfies MethodDefinitions;

/** Faults of the fs.* methods, spread into the sandbox's contract. */
export const fsFaults = fileFaults;
