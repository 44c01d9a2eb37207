import { chmodSync, constants, type Dirent, existsSync, fchmodSync, openSync } from 'node:fs';
import { lstat, readdir, readlink, rm } from 'node:fs/promises';
import path from 'node:path';
import { type Descriptor, errnoOf, openAnything, openFolder, unlockFolder } from '../files/descriptor.ts';

/** Parts of the data folder that are made again or belong to this machine's processes. */
const left: ReadonlySet<string> = new Set([
  ...['postgres', 'logs', 'backups', 'models', 'cache', 'server.lock'],
  // Built again by `cds images build`, to the same bytes.
  'sandbox/images',
]);

export interface DataFiles {
  readonly files: readonly string[];
  /** Files that are further names of one above: snapshots share the disk of their image. */
  readonly copies: readonly { path: string; of: string }[];
  readonly links: readonly { path: string; target: string }[];
  /** Folders with nothing in them, which git needs some of. */
  readonly emptyFolders: readonly string[];
}

/** Every ordinary file and link below the data folder, as paths relative to it; sockets and the like are passed over. */
export async function listDataFiles(dataDir: string): Promise<DataFiles> {
  const files: string[] = [];
  const copies: { path: string; of: string }[] = [];
  const names = new Map<string, string>();
  const links: { path: string; target: string }[] = [];
  const emptyFolders: string[] = [];
  async function walk(folder: string): Promise<void> {
    const entries = await entriesOf(path.join(dataDir, folder));
    if (entries.length === 0 && folder !== '') emptyFolders.push(folder);
    for (const entry of entries) {
      const relative = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (left.has(relative) || (folder === '' && entry.name.startsWith('.server.lock'))) continue;
      if (entry.isDirectory()) await walk(relative);
      else if (entry.isFile()) await addFile(relative);
      else if (entry.isSymbolicLink())
        links.push({ path: relative, target: await readlink(path.join(dataDir, relative)) });
    }
  }
  async function addFile(relative: string): Promise<void> {
    const facts = await lstat(path.join(dataDir, relative), { bigint: true }).catch(() => null);
    if (facts === null) return;
    const key = `${facts.dev} ${facts.ino}`;
    const first = facts.nlink > 1n ? names.get(key) : undefined;
    if (first !== undefined) copies.push({ path: relative, of: first });
    else files.push(relative);
    if (facts.nlink > 1n && first === undefined) names.set(key, relative);
  }
  await walk('');
  return { files: files.sort(), copies, links, emptyFolders };
}

async function entriesOf(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    // The platform runs on while we read: a folder may have gone.
    if (errnoOf(error) === 'ENOENT') return [];
    if (errnoOf(error) !== 'EACCES') throw error;
    // A program in the sandbox closed it: it is ours, and part of the backup.
    using closed = openFolder(folder);
    unlockFolder(closed);
    return readdir(folder, { withFileTypes: true });
  }
}

/**
 * Opens a listed file for reading. Since it was listed, a program in the sandbox may have put a link or a pipe in its
 * place, or a link in the place of a folder above it: undefined then, as for what is gone.
 */
export function openDataFile(dataDir: string, relative: string): { fd: number; mode: number } | undefined {
  try {
    using folder = openFolders(dataDir, relative.split('/').slice(0, -1));
    using anchor = openAnything(folder.at(path.basename(relative)));
    const stats = anchor.stat();
    if (!stats.isFile()) return undefined;
    const mode = stats.mode & 0o777;
    return { fd: openOwned(anchor, mode), mode };
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
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

function openFolders(dataDir: string, names: readonly string[]): Descriptor {
  let folder = openFolder(`${dataDir}/.`);
  for (const name of names) {
    using above = folder;
    folder = openFolder(above.at(name));
  }
  return folder;
}

/** Removes what a backup would bring of one top folder or file; what backups leave out stays. */
export async function clearDataFiles(dataDir: string, top: string): Promise<void> {
  const place = path.join(dataDir, top);
  if (![...left].some((name) => name.startsWith(`${top}/`))) {
    await rm(place, { recursive: true, force: true });
    return;
  }
  for (const name of existsSync(place) ? await readdir(place) : []) {
    if (!left.has(`${top}/${name}`)) await rm(path.join(place, name), { recursive: true, force: true });
  }
}
