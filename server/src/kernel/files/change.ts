import { mkdirSync, renameSync } from 'node:fs';
import path from 'node:path';
import { fault } from '#base/fault.ts';
import { syncFolder } from './durable.ts';
import { reporting } from './errors.ts';
import { withLock, withLocks } from './locks.ts';
import { measureTree } from './measure.ts';
import { removeTree, unlockAt } from './remove-tree.ts';
import { stageFolder } from './staging.ts';
import { type Place, statAt, walk } from './walk.ts';
import type { Workspace } from './workspace.ts';
import { parseWorkspacePath, shown } from './workspace-path.ts';

/** The name at a place that is not the workspace itself. @throws files.protected */
export function nameAt(place: Place, pathText: string): string {
  if (place.name === null) throw fault('files.protected', { path: shown(pathText) || '.' });
  return place.name;
}

export function lockKey(workspace: Workspace, pathText: string): string {
  return `${workspace.workspacePath}\0${pathText}`;
}

/**
 * Deletes a file, a link itself, or with `recursive` a folder. It vanishes at once: it is renamed into the staging
 * folder, and what it holds is removed there, out of reach of programs in the sandbox.
 * @returns how many files and folders are gone
 * @throws files.not_found, files.not_empty, files.protected, files.path_escapes, files.path_invalid
 */
export function deleteWorkspacePath(
  workspace: Workspace,
  pathText: string,
  options: { readonly recursive: boolean },
): Promise<number> {
  return reporting(pathText, () =>
    withLock(lockKey(workspace, pathText), async () => {
      const parsed = parseWorkspacePath(pathText, workspace.limits);
      using place = walk(workspace.workspacePath, parsed, { refuseGit: true });
      const name = nameAt(place, pathText);
      const stats = statAt(place);
      if (stats === undefined) throw fault('files.not_found', { path: shown(pathText) });
      if (stats.isDirectory() && !options.recursive) await assertEmpty(place, pathText);
      if (stats.isDirectory()) unlockAt(place.folder.at(name));
      const parking = stageFolder(workspace);
      const parked = path.join(parking, 'removed');
      try {
        renameSync(place.folder.at(name), parked);
        await syncFolder(place.folder);
        const freed = await removeTree(parked, parking);
        workspace.room.give(freed);
        return freed.files;
      } finally {
        await removeTree(parking, workspace.stagingPath);
      }
    }),
  );
}

async function assertEmpty(place: Place, pathText: string): Promise<void> {
  const name = nameAt(place, pathText);
  const { files } = await measureTree(place.folder.at(name), { maxDepth: 1 });
  if (files > 0) throw fault('files.not_empty', { path: shown(pathText) });
}

/**
 * Moves or renames within the workspace; missing folders on the way are made.
 * @throws files.exists, files.not_empty (a folder is never merged into another), files.protected, files.not_found
 */
export function moveWorkspacePath(
  workspace: Workspace,
  paths: { readonly src: string; readonly dest: string },
  options: { readonly overwrite: boolean },
): Promise<void> {
  const { src, dest } = paths;
  const keys = [lockKey(workspace, src), lockKey(workspace, dest)] as const;
  return reporting(src, () =>
    withLocks(keys, async () => {
      const from = parseWorkspacePath(src, workspace.limits);
      const to = parseWorkspacePath(dest, workspace.limits);
      assertNotInside(src, dest);
      using source = walk(workspace.workspacePath, from, { refuseGit: true });
      const sourceName = nameAt(source, src);
      if (statAt(source) === undefined) throw fault('files.not_found', { path: shown(src) });
      using target = walkMaking(workspace, to);
      const targetName = nameAt(target, dest);
      const present = statAt(target);
      if (present !== undefined && !options.overwrite) throw fault('files.exists', { path: shown(dest) });
      await reporting(dest, async () =>
        renameSync(source.folder.at(sourceName), target.folder.at(targetName)),
      );
      if (present !== undefined)
        workspace.room.give({ bytes: present.isFile() ? present.size : 0, files: 1 });
      await Promise.all([syncFolder(source.folder), syncFolder(target.folder)]);
    }),
  );
}

/** @throws files.path_invalid when `dest` is `src` or lies in it */
export function assertNotInside(src: string, dest: string): void {
  if (dest !== src && !dest.startsWith(`${src}/`)) return;
  throw fault('files.path_invalid', { path: shown(dest), reason: 'it is the source, or lies inside of it' });
}

/** Walks to where something is going to be, and makes the folders that are missing. */
export function walkMaking(workspace: Workspace, target: ReturnType<typeof parseWorkspacePath>): Place {
  return walk(workspace.workspacePath, target, {
    refuseGit: true,
    onMissingFolder: () => workspace.room.take({ bytes: 0, files: 1 }),
  });
}

/**
 * Makes a folder; with `parents` also those on the way to it. True when it was not there.
 * @throws files.exists when something else has the name, files.protected, files.quota_files
 */
export function makeWorkspaceFolder(
  workspace: Workspace,
  pathText: string,
  options: { readonly parents: boolean },
): Promise<boolean> {
  return reporting(pathText, async () => {
    const parsed = parseWorkspacePath(pathText, workspace.limits);
    const { room, workspacePath } = workspace;
    using place = options.parents
      ? walkMaking(workspace, parsed)
      : walk(workspacePath, parsed, { refuseGit: true });
    const name = nameAt(place, pathText);
    const present = statAt(place);
    if (present?.isDirectory()) return false;
    if (present !== undefined) throw fault('files.exists', { path: shown(pathText) });
    room.take({ bytes: 0, files: 1 });
    try {
      mkdirSync(place.folder.at(name), 0o755);
    } catch (error) {
      room.give({ bytes: 0, files: 1 });
      throw error;
    }
    await syncFolder(place.folder);
    return true;
  });
}
