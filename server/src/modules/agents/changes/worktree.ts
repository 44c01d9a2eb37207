import { constants, copyFileSync, lstatSync, mkdirSync, openSync, readlinkSync, symlinkSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fault } from '#base/fault.ts';
import { Descriptor, errnoOf, openFolder } from '#kernel/files/descriptor.ts';
import { readExactly } from '#kernel/files/read.ts';
import { removeTree } from '#kernel/files/remove-tree.ts';
import { type ScanEntry, scan } from '#kernel/files/scan.ts';
import { type Blobs, hashOf } from './blobs.ts';
import { isSecretFile } from './secret-files.ts';

/** What a file was when the copy was made. */
interface Origin {
  readonly hash: string;
  readonly executable: boolean;
}

export interface FileChange {
  readonly path: string;
  /** Null is no file. */
  readonly baseHash: string | null;
  readonly afterHash: string | null;
  readonly executable: boolean;
}

/** A copy of a project's files, in which one task works. */
export interface Worktree {
  readonly path: string;
  /** What a file held when it was copied; null when it was not there. */
  baseHash(path: string): string | null;
  /** What differs now from what was copied; the new contents are kept. */
  changes(): Promise<FileChange[]>;
}

export interface Worktrees {
  /** Copies the files as they are. @throws agents.project_too_large */
  create(taskId: string, signal: AbortSignal): Promise<Worktree>;
  /** The copy of a task that goes on; null when there is none. */
  open(taskId: string): Promise<Worktree | null>;
  remove(taskId: string): Promise<void>;
  /** Removes copies of tasks that are no longer under way. */
  keepOnly(taskIds: ReadonlySet<string>): Promise<void>;
}

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
const trackedBytes = 4 * 1024 ** 2;
const filesPerTurn = 20;

export function createWorktrees(parts: {
  readonly workspacePath: string;
  readonly areaPath: string;
  readonly blobs: Blobs;
  /** Named by the user: copied also when they look like secrets. */
  readonly namedFiles: readonly string[];
  readonly limits: { readonly files: number; readonly bytes: number; readonly depth: number };
}): Worktrees {
  const { workspacePath, areaPath, blobs, limits } = parts;
  const named = new Set(parts.namedFiles);
  const folderOf = (taskId: string) => path.join(areaPath, 'worktrees', taskId);
  const manifestOf = (taskId: string) => path.join(areaPath, 'manifests', `${taskId}.json`);

  async function copyAll(target: string, signal: AbortSignal): Promise<Map<string, Origin>> {
    const origins = new Map<string, Origin>();
    const used = { files: 0, bytes: 0 };
    using root = openFolder(workspacePath);
    const options = { maxDepth: limits.depth, signal, enters: ({ name }: ScanEntry) => name !== '.git' };
    for await (const entry of scan(root, options)) {
      used.files += 1;
      used.bytes += entry.stats.isFile() ? entry.stats.size : 0;
      if (used.files > limits.files || used.bytes > limits.bytes) {
        throw fault('agents.project_too_large', { limitFiles: limits.files, limitBytes: limits.bytes });
      }
      if (used.files % filesPerTurn === 0) await nextTurn();
      const origin = await copyEntry(entry, path.join(target, entry.path));
      if (origin !== null) origins.set(entry.path, origin);
    }
    return origins;
  }

  async function copyEntry(entry: ScanEntry, target: string): Promise<Origin | null> {
    const { stats, folder, name } = entry;
    if (stats.isDirectory()) {
      if (name !== '.git') mkdirSync(target, { mode: 0o755 });
      return null;
    }
    if (stats.isSymbolicLink()) {
      const link = readlinkSync(folder.at(name));
      // A link out of the project would lead somewhere else from the copy.
      if (!path.isAbsolute(link)) symlinkSync(link, target);
      return null;
    }
    // Programs of the task could print what a secret file holds, and a model would read it.
    if (!stats.isFile() || stats.nlink > 1 || (isSecretFile(entry.path) && !named.has(entry.path)))
      return null;
    using file = openPlain(folder, name);
    if (file === null) return null;
    const executable = (stats.mode & 0o100) !== 0;
    if (isDerived(entry.path) || stats.size > trackedBytes) {
      copyFileSync(file.path, target, constants.COPYFILE_FICLONE);
      return null;
    }
    const content = await readExactly(file, { offset: 0, length: stats.size });
    await writeFile(target, content, { mode: executable ? 0o755 : 0o644 });
    return { hash: await blobs.put(content), executable };
  }

  function worktreeOf(taskId: string, origins: ReadonlyMap<string, Origin>): Worktree {
    const target = folderOf(taskId);
    return {
      path: target,
      baseHash: (name) => origins.get(name)?.hash ?? null,
      changes: () => changesIn(target, origins),
    };
  }

  async function changesIn(target: string, origins: ReadonlyMap<string, Origin>): Promise<FileChange[]> {
    const changes: FileChange[] = [];
    const seen = new Set<string>();
    using root = openFolder(target);
    const enters = ({ name }: ScanEntry) => name !== '.git' && !derived.has(name);
    for await (const { path: name, stats, folder, name: last } of scan(root, {
      maxDepth: limits.depth,
      enters,
    })) {
      if (!stats.isFile() || stats.nlink > 1 || isDerived(name)) continue;
      seen.add(name);
      if (stats.size > trackedBytes) continue;
      using file = openPlain(folder, last);
      if (file === null) continue;
      const content = await readExactly(file, { offset: 0, length: stats.size });
      const origin = origins.get(name);
      const afterHash = hashOf(content);
      if (origin?.hash === afterHash) continue;
      await blobs.put(content);
      changes.push({
        path: name,
        baseHash: origin?.hash ?? null,
        afterHash,
        executable: (stats.mode & 0o100) !== 0,
      });
    }
    for (const [name, { hash, executable }] of origins) {
      if (!seen.has(name)) changes.push({ path: name, baseHash: hash, afterHash: null, executable });
    }
    return changes.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  }

  async function remove(taskId: string): Promise<void> {
    const parking = path.join(areaPath, 'trash');
    mkdirSync(parking, { recursive: true, mode: 0o700 });
    await removeTree(folderOf(taskId), parking);
    await rm(manifestOf(taskId), { force: true });
  }

  return {
    async create(taskId, signal) {
      await remove(taskId);
      const target = folderOf(taskId);
      await mkdir(path.dirname(manifestOf(taskId)), { recursive: true, mode: 0o700 });
      await mkdir(target, { recursive: true, mode: 0o755 });
      const origins = await copyAll(target, signal);
      await writeFile(manifestOf(taskId), JSON.stringify([...origins]), { mode: 0o600 });
      return worktreeOf(taskId, origins);
    },
    async open(taskId) {
      const present = lstatSync(folderOf(taskId), { throwIfNoEntry: false });
      const manifest = await readFile(manifestOf(taskId), 'utf8').catch(() => null);
      if (present?.isDirectory() !== true || manifest === null) return null;
      return worktreeOf(taskId, new Map(JSON.parse(manifest) as [string, Origin][]));
    },
    remove,
    async keepOnly(taskIds) {
      const names = await readdir(path.join(areaPath, 'worktrees')).catch(() => []);
      for (const name of names) if (!taskIds.has(name)) await remove(name);
    },
  };
}

/** Whether a path lies in a folder that programs make. */
export function isDerived(file: string): boolean {
  return file.split('/').some((part) => derived.has(part));
}

function openPlain(folder: Descriptor, name: string): Descriptor | null {
  try {
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;
    return new Descriptor(openSync(folder.at(name), flags));
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return null;
  }
}
