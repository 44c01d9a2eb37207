import { randomBytes } from 'node:crypto';
import { constants, lstatSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { Descriptor, errnoOf } from './descriptor.ts';
import { removeTree } from './remove-tree.ts';
import type { Workspace } from './workspace.ts';

/** A new, empty file in the staging folder; its `discard` removes it unless it was renamed away. */
export interface StagedFile extends Disposable {
  readonly path: string;
  readonly file: Descriptor;
  /** The file has got its place in the workspace: nothing is left to discard. */
  placed(): void;
}

/** A name in the staging folder that nothing has. */
export function stagingName(workspace: Workspace): string {
  return path.join(workspace.stagingPath, randomBytes(12).toString('hex'));
}

/** Makes a file out of reach of sandboxed programs, to be renamed into the workspace when it is complete. */
export function stageFile(workspace: Workspace, mode: number): StagedFile {
  const name = stagingName(workspace);
  const flags = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | constants.O_NOFOLLOW;
  const file = new Descriptor(openStaged(workspace, () => openSync(name, flags, mode)));
  let pending = true;
  return {
    path: name,
    file,
    placed() {
      pending = false;
    },
    [Symbol.dispose]() {
      file.close();
      if (pending) rmSync(name, { force: true });
    },
  };
}

/** Makes an empty folder in the staging folder, and returns its path. */
export function stageFolder(workspace: Workspace): string {
  const name = stagingName(workspace);
  openStaged(workspace, () => mkdirSync(name, { mode: 0o755 }));
  return name;
}

function openStaged<Result>(workspace: Workspace, open: () => Result): Result {
  try {
    return open();
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    mkdirSync(workspace.stagingPath, { recursive: true, mode: 0o700 });
    return open();
  }
}

/**
 * Removes what killed processes left in a staging folder. Only what is old: another process may be writing.
 * @param olderThanMs Unix time in milliseconds
 */
export async function clearStaging(stagingPath: string, olderThanMs: number): Promise<void> {
  for (const name of await readdir(stagingPath).catch(() => [])) {
    const stats = lstatSync(path.join(stagingPath, name), { throwIfNoEntry: false });
    if (stats === undefined || stats.ctimeMs > olderThanMs) continue;
    await removeTree(path.join(stagingPath, name), stagingPath);
  }
}
