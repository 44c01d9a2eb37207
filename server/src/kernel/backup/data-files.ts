import {
  chmodSync,
  constants,
  existsSync,
  fchmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readlinkSync,
  rmdirSync,
} from 'node:fs';
import path from 'node:path';
import { type Descriptor, errnoOf, openAnything, openFolder } from '../files/descriptor.ts';
import { nameOfText, nameText } from '../files/name-text.ts';
import { removeTree } from '../files/remove-tree.ts';
import { type ScanEntry, scan } from '../files/scan.ts';

/** Parts of the data folder that are made again or belong to this machine's processes. */
const left: ReadonlySet<string> = new Set([
  ...['postgres', 'logs', 'backups', 'models', 'cache', 'server.lock'],
  // Built again by `cds images build`, to the same bytes.
  'sandbox/images',
]);

/** Deeper than any folder that somebody uses; only a program that wants to do harm nests so many. */
const maxDepth = 1_000;

/** Paths are relative to the data folder; what is not UTF-8 in them is spelt as `nameText` does it. */
export interface DataFiles {
  readonly files: readonly string[];
  /** Files that are further names of one above: snapshots share the disk of their image. */
  readonly copies: readonly { path: string; of: string }[];
  readonly links: readonly { path: string; target: string }[];
  /** Folders with nothing in them, which git needs some of. */
  readonly emptyFolders: readonly string[];
  /** Folders so deep that what they hold is not told. */
  readonly tooDeep: readonly string[];
}

/** Every ordinary file and link below the data folder; sockets and the like are passed over. */
export async function listDataFiles(dataDir: string): Promise<DataFiles> {
  const files: string[] = [];
  const copies: { path: string; of: string }[] = [];
  const names = new Map<string, string>();
  const links: { path: string; target: string }[] = [];
  const folders = new Set<string>();
  const tooDeep: string[] = [];
  const isLeft = (entry: ScanEntry) =>
    left.has(entry.path) || (entry.path === entry.name && entry.name.startsWith('.server.lock'));

  function addFile(entry: ScanEntry): void {
    const key = entry.stats.nlink > 1 ? inodeOf(entry) : undefined;
    const first = key === undefined ? undefined : names.get(key);
    if (first !== undefined) copies.push({ path: entry.path, of: first });
    else files.push(entry.path);
    if (key !== undefined && first === undefined) names.set(key, entry.path);
  }

  using root = openFolder(`${dataDir}/.`);
  const all = { maxDepth, unlocks: true, undecodable: true, enters: (entry: ScanEntry) => !isLeft(entry) };
  for await (const entry of scan(root, all)) {
    if (isLeft(entry)) continue;
    folders.delete(path.posix.dirname(entry.path));
    if (entry.stats.isDirectory()) {
      folders.add(entry.path);
      if (entry.path.split('/').length >= maxDepth) tooDeep.push(entry.path);
    }
    if (entry.stats.isFile()) addFile(entry);
    else if (entry.stats.isSymbolicLink()) {
      const target = targetOf(entry);
      if (target !== undefined) links.push({ path: entry.path, target });
    }
  }
  return { files: files.sort(), copies, links, emptyFolders: [...folders], tooDeep };
}

/** Exact, unlike the numbers of the scan: an inode's number may be larger than they can hold. */
function inodeOf({ folder, name }: ScanEntry): string | undefined {
  const facts = lstatSync(folder.at(nameOfText(name)), { bigint: true, throwIfNoEntry: false });
  return facts === undefined ? undefined : `${facts.dev} ${facts.ino}`;
}

/** Undefined when it is no link any more: the platform, and programs in it, run on while we read. */
function targetOf({ folder, name }: ScanEntry): string | undefined {
  try {
    return nameText(readlinkSync(folder.at(nameOfText(name)), { encoding: 'buffer' }));
  } catch (error) {
    if (['ENOENT', 'EINVAL'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
}

export interface OpenedFile {
  readonly fd: number;
  readonly mode: number;
  /** As it was when it was opened: a program that goes on writing does not keep a backup from its end. */
  readonly sizeBytes: number;
}

/**
 * Opens listed files for reading, best in the order of the list. Since one was listed, a program in the sandbox may have put
 * a link or a pipe in its place, or a link in the place of a folder above it: undefined then, as for what is gone.
 */
export function dataFileOpener(
  dataDir: string,
): Disposable & { open(relative: string): OpenedFile | undefined } {
  let last: { readonly path: string; readonly folder: Descriptor } | undefined;

  function folderOf(relative: string): Descriptor {
    if (last?.path === relative) return last.folder;
    last?.folder.close();
    last = undefined;
    last = { path: relative, folder: openFolders(dataDir, relative) };
    return last.folder;
  }

  return {
    open(relative) {
      try {
        const folder = folderOf(path.posix.dirname(relative));
        using anchor = openAnything(folder.at(nameOfText(path.posix.basename(relative))));
        const stats = anchor.stat();
        if (!stats.isFile()) return undefined;
        const mode = stats.mode & 0o777;
        return { fd: openOwned(anchor, mode), mode, sizeBytes: stats.size };
      } catch (error) {
        if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errnoOf(error) ?? '')) return undefined;
        throw error;
      }
    },
    [Symbol.dispose]: () => last?.folder.close(),
  };
}

/** Also what a program in the sandbox closed to everybody (chmod 000); it is closed again then. */
function openOwned(anchor: Descriptor, mode: number): number {
  try {
    return openSync(anchor.path, constants.O_RDONLY);
  } catch (error) {
    if (errnoOf(error) !== 'EACCES') throw error;
    chmodSync(anchor.path, mode | 0o400);
    const fd = openSync(anchor.path, constants.O_RDONLY);
    fchmodSync(fd, mode);
    return fd;
  }
}

/**
 * Opens a folder of the data folder, one after the other: no link is followed on the way, and no path is too long.
 * @param make makes what is missing, for the server alone
 */
export function openFolders(dataDir: string, relative: string, { make = false } = {}): Descriptor {
  let folder = openFolder(`${dataDir}/.`);
  for (const part of relative === '.' ? [] : relative.split('/')) {
    using above = folder;
    const place = above.at(nameOfText(part));
    if (make && lstatSync(place, { throwIfNoEntry: false }) === undefined) mkdirSync(place, 0o700);
    folder = openFolder(place);
  }
  return folder;
}

/** Removes what a backup would bring of one top folder or file; what backups leave out stays. */
export async function clearDataFiles(dataDir: string, top: string): Promise<void> {
  const place = path.join(dataDir, top);
  if (!existsSync(place)) return;
  if (![...left].some((name) => name.startsWith(`${top}/`))) {
    await removeIn(dataDir, top);
    return;
  }
  for (const name of readdirSync(place)) if (!left.has(`${top}/${name}`)) await removeIn(place, name);
}

async function removeIn(folder: string, name: string): Promise<void> {
  const parking = mkdtempSync(path.join(folder, '.cleared-'));
  await removeTree(path.join(folder, name), parking);
  rmdirSync(parking);
}
