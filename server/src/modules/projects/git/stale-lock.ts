import { unlinkSync } from 'node:fs';
import { statAt, walk } from '#kernel/files/walk.ts';
import { parseWorkspacePath } from '#kernel/files/workspace-path.ts';
import type { ProjectFolder } from '../folders.ts';

/**
 * A git that was killed leaves its lock file, and every later command refuses. Removes the lock that git's message
 * names when it is older than any command may run; true when it is worth trying again.
 */
export function removeStaleLock(
  folder: ProjectFolder,
  options: { readonly stderr: string; readonly nowMs: number; readonly olderThanMs: number },
): boolean {
  const named = /Unable to create '[^']*\/(\.git\/[^']+\.lock)': File exists/.exec(options.stderr)?.[1];
  if (named === undefined) return false;
  using place = walk(folder.workspacePath, parseWorkspacePath(named, { depth: 64 }));
  const stats = statAt(place);
  if (stats === undefined) return true;
  if (place.name === null || !stats.isFile() || options.nowMs - stats.mtimeMs < options.olderThanMs)
    return false;
  unlinkSync(place.folder.at(place.name));
  return true;
}
