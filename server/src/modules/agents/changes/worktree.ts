import { lstatSync, mkdirSync, utimesSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { errnoOf } from '#kernel/files/descriptor.ts';
import { removeTree } from '#kernel/files/remove-tree.ts';
import { openPack } from './base-pack.ts';
import type { Blobs } from './blobs.ts';
import {
  type CopiedFiles,
  keptBytesOf,
  loadCopiedFiles,
  nextFileTime,
  saveCopiedFiles,
} from './copied-files.ts';
import { copyProject } from './copy-project.ts';
import { createDifferences, type Differences } from './differences.ts';
import { isSecretFile } from './secret-files.ts';

/** A copy of a project's files, in which one task works. */
export interface Worktree extends Differences {
  readonly path: string;
}

export interface Worktrees {
  /** Copies the files as they are. @throws agents.project_too_large */
  create(taskId: string, signal: AbortSignal): Promise<Worktree>;
  /** The copy of a task that goes on; null when there is none. */
  open(taskId: string): Promise<Worktree | null>;
  /** Nothing runs in the copy any more: it may wait for the next task. */
  release(taskId: string): Promise<void>;
  /** Removes copies that have waited since before then. */
  expire(beforeMs: number): Promise<void>;
  /** Out of the way: somebody may still be writing to it. */
  discard(taskId: string): Promise<void>;
  /**
   * Removes copies of tasks that are no longer under way, and what earlier removals have left. Which are under way is asked
   * after the copies were listed: one that a task makes meanwhile is not looked at.
   */
  keepOnly(underWay: () => Promise<ReadonlySet<string>>, signal: AbortSignal): Promise<void>;
}

/** A pack with more than this that no file needs any more is begun anew. */
const wasteBytes = 64 * 1024 ** 2;

/**
 * The copies of one project. One that is not needed any more waits for the next task: bringing it up to date costs two
 * looks at each file, while 50,000 files take many times as long to make, and on some disks minutes to remove.
 */
export function createWorktrees(parts: {
  readonly workspacePath: string;
  readonly areaPath: string;
  readonly blobs: Blobs;
  /** Named by the user: copied also when they look like secrets. */
  readonly namedFiles: readonly string[];
  readonly limits: { readonly files: number; readonly bytes: number; readonly depth: number };
  /** Copies that may wait. */
  readonly spareCopies: number;
  readonly now: () => number;
}): Worktrees {
  const { workspacePath, areaPath, blobs, limits, spareCopies, now } = parts;
  const named = new Set(parts.namedFiles);
  const copies = path.join(areaPath, 'worktrees');
  const spare = path.join(areaPath, 'spare');
  const trash = path.join(areaPath, 'trash');
  const manifests = path.join(areaPath, 'manifests');
  const folderOf = (name: string) => path.join(copies, name);
  const manifestOf = (name: string) => path.join(manifests, `${name}.json`);
  const packOf = (name: string) => path.join(manifests, `${name}.pack`);

  function worktreeOf(taskId: string, files: CopiedFiles, fresh: boolean): Worktree {
    const copyPath = folderOf(taskId);
    const packFile = packOf(taskId);
    return {
      path: copyPath,
      ...createDifferences({ copyPath, packFile, files, blobs, fresh, maxDepth: limits.depth }),
    };
  }

  /** A copy that nobody uses becomes this task's; true when there was one. */
  async function takeSpare(taskId: string): Promise<boolean> {
    for (const name of await namesIn(spare)) {
      // The first of several processes gets it.
      if (!(await moved(path.join(spare, name), folderOf(taskId)))) continue;
      if ((await moved(packOf(name), packOf(taskId))) && (await moved(manifestOf(name), manifestOf(taskId))))
        return true;
      await throwAway(taskId);
    }
    return false;
  }

  /** Out of the way at once; what it takes to remove it is for later. */
  async function throwAway(taskId: string): Promise<void> {
    mkdirSync(trash, { recursive: true, mode: 0o700 });
    await rm(manifestOf(taskId), { force: true });
    await rm(packOf(taskId), { force: true });
    await moved(folderOf(taskId), path.join(trash, crypto.randomUUID()));
  }

  async function emptyTrash(signal: AbortSignal): Promise<void> {
    for (const name of await namesIn(trash)) {
      // Another process may be at it.
      await removeTree(path.join(trash, name), trash, { signal }).catch((error: unknown) => {
        if (errnoOf(error) !== 'ENOENT') throw error;
      });
    }
  }

  async function copyInto(taskId: string, files: CopiedFiles, signal: AbortSignal): Promise<Worktree> {
    {
      await using pack = await openPack(packOf(taskId));
      await copyProject(files, {
        workspacePath,
        targetPath: folderOf(taskId),
        parkingPath: trash,
        pack,
        wanted: (file) => !isSecretFile(file) || named.has(file),
        limits,
        signal,
      });
      await pack.flush();
    }
    await saveCopiedFiles(manifestOf(taskId), files);
    await nextFileTime(manifests);
    return worktreeOf(taskId, files, true);
  }

  /** Whether bringing the copy up to date is better than making a new one. */
  async function isUsable(taskId: string): Promise<boolean> {
    if (lstatSync(folderOf(taskId), { throwIfNoEntry: false })?.isDirectory() !== true) return false;
    const neededBytes = await keptBytesOf(manifestOf(taskId));
    const packed = lstatSync(packOf(taskId), { throwIfNoEntry: false });
    return neededBytes !== null && packed !== undefined && packed.size <= neededBytes * 2 + wasteBytes;
  }

  /** A copy that waited, brought up to date; null when there is none that can be. */
  async function renewed(taskId: string, signal: AbortSignal): Promise<Worktree | null> {
    if (!(await takeSpare(taskId)) || !(await isUsable(taskId))) return null;
    const files = await loadCopiedFiles(manifestOf(taskId));
    try {
      return files === null ? null : await copyInto(taskId, files, signal);
    } catch (error) {
      // What a program has left there may be beyond repair; a folder of its own is not.
      if (signal.aborted || errnoOf(error) === undefined || errnoOf(error) === 'ENOSPC') throw error;
      return null;
    }
  }

  return {
    async create(taskId, signal) {
      for (const folder of [manifests, trash]) await mkdir(folder, { recursive: true, mode: 0o700 });
      await mkdir(copies, { recursive: true, mode: 0o755 });
      // A process that has lost the task may still be at work in what is there.
      await throwAway(taskId);
      const copy = await renewed(taskId, signal);
      if (copy !== null) return copy;
      await throwAway(taskId);
      await mkdir(folderOf(taskId), { mode: 0o755 });
      return copyInto(taskId, new Map(), signal);
    },
    async open(taskId) {
      const present = lstatSync(folderOf(taskId), { throwIfNoEntry: false })?.isDirectory() === true;
      const files = present ? await loadCopiedFiles(manifestOf(taskId)) : null;
      return files === null ? null : worktreeOf(taskId, files, false);
    },
    async release(taskId) {
      const waiting = await namesIn(spare);
      if (waiting.length >= spareCopies || !(await isUsable(taskId))) {
        await throwAway(taskId);
        return;
      }
      await mkdir(spare, { recursive: true, mode: 0o700 });
      // Since when it waits; what the copy holds has marks of its own.
      utimesSync(folderOf(taskId), now() / 1000, now() / 1000);
      await moved(folderOf(taskId), path.join(spare, taskId));
    },
    async expire(beforeMs) {
      for (const name of await namesIn(spare)) {
        const stats = lstatSync(path.join(spare, name), { throwIfNoEntry: false });
        if (stats === undefined || stats.mtimeMs >= beforeMs) continue;
        // A task may have taken it meanwhile: whoever moves it first has it.
        mkdirSync(trash, { recursive: true, mode: 0o700 });
        if (!(await moved(path.join(spare, name), path.join(trash, crypto.randomUUID())))) continue;
        await rm(manifestOf(name), { force: true });
        await rm(packOf(name), { force: true });
      }
    },
    discard: throwAway,
    async keepOnly(underWay, signal) {
      const present = await namesIn(copies);
      const taskIds = await underWay();
      for (const name of present) if (!taskIds.has(name)) await throwAway(name);
      await emptyTrash(signal);
    },
  };
}

function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  });
}

/** False when there was nothing to move. */
async function moved(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    return false;
  }
}
