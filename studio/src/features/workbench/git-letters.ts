import type { Result } from '../../rpc/contracts.ts';

type GitStatus = NonNullable<Result<'project.open'>['git']>;
export type GitLetter = 'M' | 'A' | 'D' | 'R' | 'U' | 'C';

/** One letter per changed file, as the tree shows it; U is a file that git does not know yet. */
export function gitLetters(git: GitStatus | null | undefined): ReadonlyMap<string, GitLetter> {
  const letters = new Map<string, GitLetter>();
  for (const file of git?.files ?? []) {
    const state = file.worktree === '.' ? file.index : file.worktree;
    if (state === '.') continue;
    letters.set(file.path, state === '?' ? 'U' : state === 'T' ? 'M' : state === 'U' ? 'C' : state);
  }
  return letters;
}
