import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

/**
 * One digest over the program files of a folder and those below it: what was made by other code of ours is never taken
 * from a cache, without anybody having to raise a number.
 */
export function digestOfSources(dir: string): string {
  const sum = createHash('sha256');
  const visit = (folder: string) => {
    const entries = readdirSync(folder, { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const full = path.join(folder, entry.name);
      if (entry.isDirectory()) visit(full);
      else if (/\.[cm]?[jt]s$/.test(entry.name) && !/\.(?:test|fixture)\./.test(entry.name))
        sum.update(`${entry.name}\0`).update(readFileSync(full));
    }
  };
  visit(dir);
  return sum.digest('hex').slice(0, 16);
}

/** The version of a package as installed; not every package lets its package.json be imported. */
export function packageVersion(name: string): string {
  const entry = createRequire(import.meta.url).resolve(name);
  const end = entry.lastIndexOf(`${path.sep}${path.join('node_modules', name)}${path.sep}`);
  const folder = entry.slice(0, end + `${path.sep}${path.join('node_modules', name)}${path.sep}`.length);
  const description: { version?: unknown } = JSON.parse(
    readFileSync(path.join(folder, 'package.json'), 'utf8'),
  );
  return String(description.version);
}
