import {
  chmodSync,
  constants,
  lstatSync,
  mkdirSync,
  openSync,
  readlinkSync,
  rmdirSync,
  type Stats,
  symlinkSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { copyFile } from 'node:fs/promises';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fault } from '#base/fault.ts';
import { Descriptor, errnoOf, openFolder } from '#kernel/files/descriptor.ts';
import { readExactly } from '#kernel/files/read.ts';
import { removeTree } from '#kernel/files/remove-tree.ts';
import { type ScanEntry, scan } from '#kernel/files/scan.ts';
import type { Packed, PackWriter } from './base-pack.ts';
import { type Copied, type CopiedFiles, isSame, type Mark, markOf } from './copied-files.ts';

/** Folders that are copied, since programs need them, but whose changes are nobody's work. */
const derived = new Set([
  'node_modules',
  '.venv',
  '__pycache__',
  'dist',
  'build',
  'target',
  '.next',
  'coverage',
]);
/** Larger files are copied, too; a change of one is not proposed. */
export const trackedBytes = 4 * 1024 ** 2;
/** Others get their turn so often. */
const turnMs = 3;
/** Longer than a tick of any kernel's clock. */
const safeMs = 100;

/** Names of the folders that programs make. */
export const derivedNames: readonly string[] = [...derived];

/** Whether a path lies in a folder that programs make. */
export function isDerived(file: string): boolean {
  return file.split('/').some((part) => derived.has(part));
}

/** Folders that cannot hold anything that is proposed. */
export function isDerivedName(name: string): boolean {
  return derived.has(name);
}

export interface CopyRequest {
  readonly workspacePath: string;
  readonly targetPath: string;
  /** Where what is removed may be put meanwhile. */
  readonly parkingPath: string;
  readonly pack: PackWriter;
  /** Whether a file is for the task's eyes. */
  readonly wanted: (path: string) => boolean;
  readonly limits: { readonly files: number; readonly bytes: number; readonly depth: number };
  readonly signal: AbortSignal;
}

/**
 * Makes the target an exact copy of a project. `files` is what the target held when it was last such a copy, empty for an
 * empty folder: what has not changed on either side since then stays, so that a copy that is used again costs two looks at
 * each file instead of making and later removing it. `files` tells afterwards what is there.
 * @throws agents.project_too_large, and the reason of `signal`
 */
export async function copyProject(files: CopiedFiles, request: CopyRequest): Promise<void> {
  if (files.size > 0) await restore(files, request);
  const left = new Set(files.keys());
  const { limits, signal, workspacePath } = request;
  const used = { files: 0, bytes: 0 };
  using root = openFolder(workspacePath);
  const options = { maxDepth: limits.depth, signal, enters: ({ name }: ScanEntry) => name !== '.git' };
  const turns = new Turns();
  for await (const entry of scan(root, options)) {
    used.files += 1;
    used.bytes += entry.stats.isFile() ? entry.stats.size : 0;
    if (used.files > limits.files || used.bytes > limits.bytes) {
      throw fault('agents.project_too_large', { limitFiles: limits.files, limitBytes: limits.bytes });
    }
    await turns.next();
    const known = files.get(entry.path);
    const copied = isUnchanged(known, entry)
      ? known
      : await replace(entry, { known, request, targetPath: path.join(request.targetPath, entry.path) });
    if (copied === undefined) continue;
    left.delete(entry.path);
    if (copied !== known) files.set(entry.path, copied);
  }
  // A folder comes after what it holds.
  for (const name of [...left].reverse()) {
    removeOne(path.join(request.targetPath, name), files.get(name));
    files.delete(name);
  }
}

/** Takes out of the target whatever is not as it was copied. */
async function restore(files: CopiedFiles, { targetPath, parkingPath, signal }: CopyRequest): Promise<void> {
  const present = new Set<string>();
  using root = openFolder(targetPath);
  const enters = ({ path: name }: ScanEntry) => files.get(name)?.kind === 'folder';
  for await (const entry of scan(root, { maxDepth: 1_000_000, unlocks: true, signal, enters })) {
    const { path: name, stats } = entry;
    if (isAsCopied(files.get(name), entry)) {
      present.add(name);
      if (stats.isDirectory() && (stats.mode & 0o7777) !== 0o755)
        chmodSync(entry.folder.at(entry.name), 0o755);
    } else await removeTree(path.join(targetPath, name), parkingPath);
  }
  for (const name of files.keys()) if (!present.has(name)) files.delete(name);
}

function isAsCopied(copied: Copied | undefined, { stats, folder, name }: ScanEntry): boolean {
  if (copied === undefined) return false;
  if (copied.kind === 'folder') return stats.isDirectory();
  if (copied.kind === 'link')
    return stats.isSymbolicLink() && readlinkSync(folder.at(name)) === copied.target;
  return stats.isFile() && stats.nlink === 1 && isSame(copied.copy, stats);
}

function isUnchanged(known: Copied | undefined, { stats, folder, name }: ScanEntry): known is Copied {
  if (known === undefined) return false;
  if (known.kind === 'folder') return stats.isDirectory();
  if (known.kind === 'link') return stats.isSymbolicLink() && readlinkSync(folder.at(name)) === known.target;
  return stats.isFile() && stats.nlink === 1 && isSame(known.source, stats);
}

async function replace(
  entry: ScanEntry,
  place: { readonly known: Copied | undefined; readonly request: CopyRequest; readonly targetPath: string },
): Promise<Copied | undefined> {
  const { known, request, targetPath } = place;
  if (known !== undefined) await removeTree(targetPath, request.parkingPath);
  const { stats, folder, name } = entry;
  if (stats.isDirectory()) {
    if (name === '.git') return undefined;
    mkdirSync(targetPath, { mode: 0o755 });
    return { kind: 'folder' };
  }
  if (stats.isSymbolicLink()) {
    const target = readlinkSync(folder.at(name));
    // A link out of the project would lead somewhere else from the copy.
    if (path.isAbsolute(target)) return undefined;
    symlinkSync(target, targetPath);
    return { kind: 'link', target };
  }
  // Programs of the task could print what a secret file holds, and a model would read it.
  if (!stats.isFile() || stats.nlink > 1 || !request.wanted(entry.path)) return undefined;
  return copyOne(entry, targetPath, request);
}

async function copyOne(
  entry: ScanEntry,
  targetPath: string,
  { pack }: CopyRequest,
): Promise<Copied | undefined> {
  const { stats } = entry;
  using file = openPlain(entry.folder, entry.name);
  if (file === null) return undefined;
  const executable = (stats.mode & 0o100) !== 0;
  if (isDerived(entry.path) || stats.size > trackedBytes) {
    await copyFile(file.path, targetPath, constants.COPYFILE_FICLONE);
    const copy = markOf(lstatSync(targetPath));
    return { kind: 'file', executable, source: sourceOf(stats, copy), copy, kept: null };
  }
  const content = await readExactly(file, { offset: 0, length: stats.size });
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  using copy = new Descriptor(openSync(targetPath, flags, executable ? 0o755 : 0o644));
  for (let done = 0; done < content.length; ) done += writeSync(copy.fd, content, done);
  const kept: Packed = { offset: await pack.append(content), size: content.length };
  const mark = markOf(copy.stat());
  return { kind: 'file', executable, source: sourceOf(stats, mark), copy: mark, kept };
}

/** A file that was written a moment ago may be written again in the same tick of the clock: that could not be told. */
function sourceOf(stats: Stats, copy: Mark): Mark {
  const source = markOf(stats);
  return copy.changedMs - source.changedMs < safeMs ? { ...source, inode: -1 } : source;
}

/** What the project does not have any more. */
function removeOne(targetPath: string, copied: Copied | undefined): void {
  try {
    if (copied?.kind === 'folder') rmdirSync(targetPath);
    else unlinkSync(targetPath);
  } catch (error) {
    // It went with the folder it was in, or that folder has become a file.
    if (errnoOf(error) !== 'ENOENT' && errnoOf(error) !== 'ENOTDIR') throw error;
  }
}

/** Gone, a link, a pipe without a writer or closed to us; anything else, such as too many open files, is a failure. */
const notPlain: ReadonlySet<unknown> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO', 'EACCES', 'EPERM']);

/** A file by its name in an open folder, no link followed; null when it is gone or closed. */
export function openPlain(folder: Descriptor, name: string): Descriptor | null {
  try {
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;
    return new Descriptor(openSync(folder.at(name), flags));
  } catch (error) {
    if (!notPlain.has(errnoOf(error))) throw error;
    return null;
  }
}

class Turns {
  #sinceMs = performance.now();

  async next(): Promise<void> {
    if (performance.now() - this.#sinceMs < turnMs) return;
    await nextTurn();
    this.#sinceMs = performance.now();
  }
}
