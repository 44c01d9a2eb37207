import { constants } from 'node:fs';
import { copyFile, mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { fault } from '#base/fault.ts';
import { type Descriptor, errnoOf, openAnything, openFolder } from '#kernel/files/descriptor.ts';
import { type ScanEntry, scan } from '#kernel/files/scan.ts';
import { walk } from '#kernel/files/walk.ts';
import { parseWorkspacePath } from '#kernel/files/workspace-path.ts';

/** The flow's own folder is ours, not the project's; the others can be made again or are no part of a site. */
const LEFT_OUT = new Set(['.git', 'node_modules', '.flow', '.venv', '__pycache__', '.hg', '.svn']);

export interface SnapshotLimits {
  readonly depth: number;
  readonly mostFiles: number;
  readonly mostBytes: number;
}

/**
 * Copies the files of a workspace, so that programs that go on changing it can't change what is being built. Files are
 * opened by name in the scan's open folder; links, pipes and files with further hard links are left out. What the
 * target held before is removed, except the flow's own folder.
 * @throws site.too_large
 */
export async function snapshotWorkspace(
  workspacePath: string,
  targetDir: string,
  options: { readonly limits: SnapshotLimits; readonly signal: AbortSignal },
): Promise<void> {
  await mkdir(targetDir, { recursive: true });
  for (const name of await readdir(targetDir)) {
    if (name !== '.flow') await rm(path.join(targetDir, name), { recursive: true, force: true });
  }
  using root = openFolder(workspacePath);
  await copyTree(root, targetDir, { ...options, isLeftOut: (name) => LEFT_OUT.has(name) });
}

/** Brings the output folder of the project's own build into the copy. False when there is no such folder. */
export async function snapshotOutput(
  place: { readonly workspacePath: string; readonly targetDir: string; readonly output: string },
  options: { readonly limits: SnapshotLimits; readonly signal: AbortSignal },
): Promise<boolean> {
  const parsed = parseWorkspacePath(place.output, { depth: options.limits.depth });
  try {
    using found = walk(place.workspacePath, parsed, { refuseGit: true });
    if (found.name === null) return false;
    using folder = openFolder(found.folder.at(found.name));
    const targetDir = path.join(place.targetDir, ...parsed.segments);
    await copyTree(folder, targetDir, { ...options, isLeftOut: () => false });
    return true;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errnoOf(error) ?? '')) return false;
    throw error;
  }
}

async function copyTree(
  root: Descriptor,
  targetDir: string,
  options: {
    readonly limits: SnapshotLimits;
    readonly signal: AbortSignal;
    isLeftOut(name: string): boolean;
  },
): Promise<void> {
  const { limits, signal, isLeftOut } = options;
  let files = 0;
  let bytes = 0;
  const enters = ({ name }: ScanEntry) => !isLeftOut(name);
  await mkdir(targetDir, { recursive: true });
  for await (const { path: name, name: last, stats, folder } of scan(root, {
    maxDepth: limits.depth,
    enters,
    signal,
  })) {
    if (isLeftOut(last)) continue;
    const target = path.join(targetDir, name);
    if (stats.isDirectory()) await mkdir(target, { recursive: true });
    if (!stats.isFile() || stats.nlink > 1) continue;
    files += 1;
    bytes += stats.size;
    if (files > limits.mostFiles || bytes > limits.mostBytes)
      throw fault('site.too_large', { limitFiles: limits.mostFiles, limitBytes: limits.mostBytes });
    await copyRegular(folder, { name: last, target });
  }
}

async function copyRegular(
  folder: Descriptor,
  file: { readonly name: string; readonly target: string },
): Promise<void> {
  try {
    // Between the scan's look and this one the name may have come to mean something else.
    using anchor = openAnything(folder.at(file.name));
    const stats = anchor.stat();
    if (stats.isFile() && stats.nlink === 1)
      await copyFile(anchor.path, file.target, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}
