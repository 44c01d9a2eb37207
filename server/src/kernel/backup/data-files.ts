import type { Dirent } from 'node:fs';
import { readdir, readlink } from 'node:fs/promises';
import path from 'node:path';

/** Parts of the data folder that are made again or belong to this machine's processes. */
const left = new Set(['postgres', 'logs', 'backups', 'models', 'cache', 'server.lock']);

export interface DataFiles {
  readonly files: readonly string[];
  readonly links: readonly { path: string; target: string }[];
}

/** Every ordinary file and link below the data folder, as paths relative to it; sockets and the like are passed over. */
export async function listDataFiles(dataDir: string): Promise<DataFiles> {
  const files: string[] = [];
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
      if (folder === '' && (left.has(entry.name) || entry.name.startsWith('.server.lock'))) continue;
      if (entry.isDirectory()) await walk(relative);
      else if (entry.isFile()) files.push(relative);
      else if (entry.isSymbolicLink())
        links.push({ path: relative, target: await readlink(path.join(dataDir, relative)) });
    }
  }
  await walk('');
  return { files: files.sort(), links };
}
