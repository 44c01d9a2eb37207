import { lstatSync, mkdirSync, renameSync, rmdirSync, unlinkSync } from 'node:fs';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Descriptor, type EntryName, errnoOf, openFolder, unlockFolder } from './descriptor.ts';
import { namesIn } from './folder-names.ts';
import type { Growth } from './workspace.ts';

const entriesPerTurn = 500;

/**
 * Removes a file or tree that lies directly in `parking`, a folder that only the server uses, and tells what was
 * freed. Sub-folders are first moved up into `parking`, so no path is ever long, one folder is open at a time
 * however deep the tree, and a program that still holds a folder of it open can't lead the removal elsewhere.
 * When `signal` aborts, what is left stays in `parking`.
 */
export async function removeTree(
  target: string,
  parking: string,
  options: { readonly signal?: AbortSignal } = {},
): Promise<Growth> {
  const freed = { bytes: 0, files: 0 };
  const stats = lstatSync(target, { throwIfNoEntry: false });
  if (stats === undefined) return freed;
  freed.files += 1;
  if (!stats.isDirectory()) {
    freed.bytes += stats.isFile() && stats.nlink === 1 ? stats.size : 0;
    unlinkSync(target);
    return freed;
  }
  const pending = [target];
  let parked = 0;
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (options.signal?.aborted === true) break;
    await emptyFolder(next, {
      freed,
      park(source) {
        parked += 1;
        const place = path.join(parking, `${path.basename(target)}.${parked}`);
        renameSync(source, place);
        pending.push(place);
      },
    });
  }
  return freed;
}

interface Removal {
  readonly freed: { bytes: number; files: number };
  readonly park: (source: EntryName) => void;
}

async function emptyFolder(folderPath: string, { freed, park }: Removal): Promise<void> {
  using folder = openFolder(folderPath);
  unlockFolder(folder);
  for (;;) {
    const names = await namesIn(folder);
    for (const [index, name] of names.entries()) {
      if (index % entriesPerTurn === entriesPerTurn - 1) await nextTurn();
      removeEntry(folder, name, { freed, park });
    }
    try {
      rmdirSync(folderPath);
      return;
    } catch (error) {
      // Something was put in while we removed: go over it again.
      if (errnoOf(error) !== 'ENOTEMPTY') throw error;
    }
  }
}

function removeEntry(folder: Descriptor, name: EntryName, { freed, park }: Removal): void {
  const entry = folder.at(name);
  const stats = lstatSync(entry, { throwIfNoEntry: false });
  if (stats === undefined) return;
  freed.files += 1;
  try {
    if (stats.isDirectory()) {
      unlockAt(entry);
      park(entry);
    } else unlinkSync(entry);
    if (stats.isFile() && stats.nlink === 1) freed.bytes += stats.size;
  } catch (error) {
    const errno = errnoOf(error);
    if (errno !== 'ENOENT' && errno !== 'EISDIR' && errno !== 'ENOTDIR') throw error;
    freed.files -= 1;
  }
}

/** Moving a folder to another one changes it, for its `..`: that needs the right to. */
export function unlockAt(folderPath: EntryName): void {
  using folder = openFolder(folderPath);
  unlockFolder(folder);
}

/** Makes a folder that only the server uses, with those above it, if it is not there. */
export function makePrivateFolder(folderPath: string): void {
  mkdirSync(folderPath, { recursive: true, mode: 0o700 });
}
