import { lstatSync } from 'node:fs';
import path from 'node:path';

/** Whether a folder may lie in a git work tree. Starting git to be told that it does not costs more than a page. */
export function hasGitAbove(dir: string): boolean {
  for (let folder = path.resolve(dir); ; folder = path.dirname(folder)) {
    if (lstatSync(path.join(folder, '.git'), { throwIfNoEntry: false })) return true;
    if (path.dirname(folder) === folder) return false;
  }
}
