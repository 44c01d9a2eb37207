import { type Dirent, existsSync } from 'node:fs';
import { lstat, readdir, readlink, rm } from 'node:fs/promises';
import path from 'node:path';

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
}

/** Every ordinary file and link below the data folder, as paths relative to it; sockets and the like are passed over. */
export async function listDataFiles(dataDir: string): Promise<DataFiles> {
  const files: string[] = [];
  const copies: { path: string; of: string }[] = [];
  const names = new Map<string, string>();
  const links: { path: string; target: string }[] = [];
  async function walk(folder: string): Promise<void> {
    const entries = await readdir(path.join(dataDir, folder), { withFileTypes: true }).catch(
      (error: NodeJS.ErrnoException) => {
        // The platform runs on while we read: a folder may have gone.
        if (error.code === 'ENOENT') return [] as Dirent[];
        throw error;
      },
    );
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
  return { files: files.sort(), copies, links };
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
