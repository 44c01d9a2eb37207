import { fault } from '#base/fault.ts';
import { openFolder } from '#kernel/files/descriptor.ts';
import { type ScanEntry, scan } from '#kernel/files/scan.ts';
import type { ProjectFolder } from '../folders.ts';

/** Files of a repository that name other repositories: their objects and references would count as its own. */
const leadingOut = /\/(objects\/info\/(http-)?alternates|commondir|config\.worktree)$/;

/**
 * For a git that is not confined: refuses a workspace in which a repository, its own or one inside, leads git to files
 * elsewhere. A confined git may follow such ways; nothing is at their end.
 * @throws projects.git_isolation_missing
 */
export async function assertContained(folder: ProjectFolder): Promise<void> {
  using root = openFolder(folder.workspacePath);
  for await (const entry of scan(root, { maxDepth: 1_000_000, unlocks: true, undecodable: true })) {
    if (leadsOut(entry)) throw fault('projects.git_isolation_missing');
  }
}

function leadsOut({ path, name, stats }: ScanEntry): boolean {
  // A `.git` that is a file or a link names a repository elsewhere.
  if (name === '.git') return !stats.isDirectory();
  if (!`/${path}`.includes('/.git/')) return false;
  return leadingOut.test(path) || !(stats.isFile() || stats.isDirectory());
}
