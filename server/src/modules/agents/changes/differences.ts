import { lstatSync } from 'node:fs';
import { isFault } from '#base/fault.ts';
import { errnoOf, openFolder } from '#kernel/files/descriptor.ts';
import { readExactly } from '#kernel/files/read.ts';
import { type ScanEntry, scan } from '#kernel/files/scan.ts';
import { statAt, walk } from '#kernel/files/walk.ts';
import { parseWorkspacePath } from '#kernel/files/workspace-path.ts';
import { readPacked } from './base-pack.ts';
import type { Blobs } from './blobs.ts';
import { type Copied, type CopiedFiles, isSame } from './copied-files.ts';
import { isDerived, isDerivedName, openPlain, trackedBytes } from './copy-project.ts';

export interface FileChange {
  readonly path: string;
  /** Null is no file. */
  readonly baseHash: string | null;
  readonly afterHash: string | null;
  readonly executable: boolean;
}

/** Contents that are hashed and flushed at the same time: flushes of one disk share most of their way. */
const putsAtOnce = 16;

/**
 * What differs in a copy from what was copied. After `wrote(path)` only that path is looked at; after `wrote(null)`, which
 * is a program, each file's time and size; no file that is as it was copied is ever read.
 */
export interface Differences {
  /** Something is about to write, or has written: a path, or anything that a program may have. */
  wrote(path: string | null): void;
  /** From now on somebody may write at any time without saying so. */
  othersWrite(): void;
  /** The new and the old contents of what has changed are kept as blobs. */
  changes(): Promise<FileChange[]>;
  /** What a file held when it was copied; null when it was not there. */
  base(path: string): Promise<Buffer | null>;
  /** Every file that is there now but those in folders that programs make, sorted; no folder is read for it. */
  list(): Promise<string[]>;
}

export function createDifferences(parts: {
  readonly copyPath: string;
  readonly packFile: string;
  readonly files: CopiedFiles;
  readonly blobs: Blobs;
  readonly maxDepth: number;
  /** Nobody has written to the copy since it was made. */
  readonly fresh: boolean;
}): Differences {
  const { copyPath, packFile, files, blobs, maxDepth } = parts;
  let everything = !parts.fresh;
  let others = false;
  const written = new Set<string>();
  const known = new Map<string, FileChange>();
  let last: Promise<unknown> = Promise.resolve();

  async function base(path: string): Promise<Buffer | null> {
    const copied = keptOf(path);
    return copied === null ? null : readPacked(packFile, copied.kept);
  }

  function keptOf(path: string) {
    const copied = files.get(path);
    return copied?.kind === 'file' && copied.kept !== null ? { ...copied, kept: copied.kept } : null;
  }

  /** Reads the file while its folder is open; what is done with the content may take longer. */
  async function look({ path, name, stats, folder }: ScanEntry): Promise<(() => Promise<void>) | null> {
    const copied: Copied | undefined = files.get(path);
    if (copied?.kind === 'file' && isSame(copied.copy, stats)) {
      known.delete(path);
      return null;
    }
    if (stats.size > trackedBytes) {
      known.delete(path);
      return null;
    }
    using file = openPlain(folder, name);
    if (file === null) return null;
    const content = await readExactly(file, { offset: 0, length: stats.size });
    return () => enter(path, content, (stats.mode & 0o100) !== 0);
  }

  async function enter(path: string, content: Buffer, executable: boolean): Promise<void> {
    const before = await base(path);
    if (before?.equals(content) === true) {
      known.delete(path);
      return;
    }
    const baseHash = before === null ? null : await blobs.put(before);
    known.set(path, { path, baseHash, afterHash: await blobs.put(content), executable });
  }

  async function enterGone(path: string): Promise<void> {
    const copied = keptOf(path);
    const before = await base(path);
    if (copied === null || before === null) known.delete(path);
    else {
      const baseHash = await blobs.put(before);
      known.set(path, { path, baseHash, afterHash: null, executable: copied.executable });
    }
  }

  async function lookAtAll(): Promise<void> {
    const seen = new Set<string>();
    const working = new Set<Promise<void>>();
    using root = openFolder(copyPath);
    const enters = ({ name }: ScanEntry) => name !== '.git' && !isDerivedName(name);
    for await (const entry of scan(root, { maxDepth, enters })) {
      const { path } = entry;
      if (!isProposable(entry)) continue;
      seen.add(path);
      const rest = await look(entry);
      if (rest === null) continue;
      if (working.size >= putsAtOnce) await Promise.race(working);
      const work = rest().finally(() => working.delete(work));
      working.add(work);
      // Seen when all are waited for; until then it must not count as unhandled.
      work.catch(() => undefined);
    }
    await Promise.all(working);
    for (const path of known.keys()) if (!seen.has(path)) known.delete(path);
    for (const [path, { kind }] of files) if (kind === 'file' && !seen.has(path)) await enterGone(path);
  }

  async function lookAt(path: string): Promise<void> {
    try {
      using place = walk(copyPath, parseWorkspacePath(path, { depth: maxDepth }));
      const { folder, name } = place;
      const stats = statAt(place);
      if (name === null || stats === undefined || !isProposable({ path, stats })) await enterGone(path);
      else await (await look({ path, name, stats, folder }))?.();
    } catch (error) {
      if (!isFault(error) && errnoOf(error) !== 'ENOENT' && errnoOf(error) !== 'ENOTDIR') throw error;
      await enterGone(path);
    }
  }

  async function update(): Promise<FileChange[]> {
    const paths = [...written];
    const all = everything || others;
    written.clear();
    everything = false;
    try {
      if (all) await lookAtAll();
      else for (const path of paths) await lookAt(path);
    } catch (error) {
      everything = true;
      throw error;
    }
    return [...known.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1));
  }

  function changes(): Promise<FileChange[]> {
    const result = last.then(update);
    last = result.catch(() => undefined);
    return result;
  }

  return {
    wrote(path) {
      // Through a link something else is written than what is named.
      if (path === null || leadsElsewhere(copyPath, path)) everything = true;
      else written.add(path);
    },
    othersWrite() {
      others = true;
    },
    changes,
    base,
    async list() {
      const different = new Map((await changes()).map((change) => [change.path, change]));
      const paths: string[] = [];
      for (const [path, { kind }] of files) {
        if (kind === 'file' && !isDerived(path) && !different.has(path)) paths.push(path);
      }
      for (const { path, afterHash } of different.values()) if (afterHash !== null) paths.push(path);
      return paths.sort();
    },
  };
}

function isProposable({ path, stats }: Pick<ScanEntry, 'path' | 'stats'>): boolean {
  return stats.isFile() && stats.nlink === 1 && !isDerived(path);
}

function leadsElsewhere(root: string, path: string): boolean {
  const parts = path.split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..')) return true;
  let at = root;
  for (const part of parts) {
    at = `${at}/${part}`;
    const stats = lstatSync(at, { throwIfNoEntry: false });
    if (stats === undefined) return false;
    if (stats.isSymbolicLink()) return true;
  }
  return false;
}
