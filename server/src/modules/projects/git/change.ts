import { fault, isFault } from '#base/fault.ts';
import type { ProjectFolder } from '../folders.ts';
import { firstLine, type Git, type GitCommand } from './git.ts';
import { headCommit, readBranches, resolveCommit } from './inspect.ts';

const noCommit = '0'.repeat(40);

export interface Author {
  readonly name: string;
  readonly atMs: number;
}

/** Author and committer, as environment variables. The address is one that mail is never sent to (RFC 2606). */
function authorEnvironment({ name, atMs }: Author): Record<string, string> {
  const email = `${name.replace(/[^A-Za-z0-9._-]/g, '-') || 'user'}@users.invalid`;
  const date = `${Math.floor(atMs / 1000)} +0000`;
  return {
    GIT_AUTHOR_NAME: name,
    GIT_AUTHOR_EMAIL: email,
    GIT_AUTHOR_DATE: date,
    GIT_COMMITTER_NAME: name,
    GIT_COMMITTER_EMAIL: email,
    GIT_COMMITTER_DATE: date,
  };
}

export interface CommitRequest {
  readonly message: string;
  readonly paths?: readonly string[] | undefined;
  readonly author: Author;
}

/**
 * Contents are written out one by one but flushed together: one flush each takes minutes for 50,000 files, and what they
 * are for, the commit, is flushed after them in any case.
 */
const flushOnce = ['-c', 'core.fsyncMethod=batch'];

/** Commits everything, or the named files only. @throws projects.git_nothing_to_commit */
export async function commitChanges(
  git: Git,
  folder: ProjectFolder,
  { message, paths, author }: CommitRequest,
): Promise<{ commitId: string; changedFiles: number }> {
  const fromStdin = ['--pathspec-from-file=-', '--pathspec-file-nul'];
  const stdin = paths?.join('\0');
  await git.run(
    folder,
    stdin === undefined
      ? { args: [...flushOnce, 'add', '--all', '--', '.'] }
      : { args: [...flushOnce, 'add', '--all', ...fromStdin], stdin },
  );
  const before = await headCommit(git, folder);
  const command: GitCommand = {
    args: [
      'commit',
      '--quiet',
      '--no-verify',
      '--no-gpg-sign',
      '--no-status',
      '--cleanup=whitespace',
      `--message=${message}`,
      ...(stdin === undefined ? [] : ['--only', ...fromStdin]),
    ],
    environment: authorEnvironment(author),
    accepts: [1],
    ...(stdin === undefined ? {} : { stdin }),
  };
  const { exitCode, stderr } = await git.run(folder, command);
  const commitId = await headCommit(git, folder);
  if (commitId === null || (exitCode === 1 && commitId === before)) {
    if (/^(fatal|error):/m.test(stderr)) throw fault('projects.git_failed', { reason: firstLine(stderr) });
    throw fault('projects.git_nothing_to_commit');
  }
  const { text } = await git.run(folder, {
    args: ['diff-tree', '--no-commit-id', '--name-only', '-r', '-z', '--root', commitId],
  });
  return { commitId, changedFiles: text.split('\0').length - 1 };
}

/** @throws projects.git_branch_exists, projects.git_unknown_revision */
export async function createBranch(
  git: Git,
  folder: ProjectFolder,
  branch: { readonly name: string; readonly from: string },
): Promise<void> {
  const { branches } = await readBranches(git, folder);
  if (branches.some(({ name }) => name === branch.name))
    throw fault('projects.git_branch_exists', { branch: branch.name });
  const commitId = await resolveCommit(git, folder, branch.from);
  await git.run(folder, { args: ['update-ref', `refs/heads/${branch.name}`, commitId, noCommit] });
}

/** @throws projects.git_unknown_revision, projects.git_branch_in_use */
export async function deleteBranch(
  git: Git,
  folder: ProjectFolder,
  branch: { readonly name: string; readonly force: boolean },
): Promise<void> {
  const { name, force } = branch;
  const { branches, current } = await readBranches(git, folder);
  const found = branches.find((entry) => entry.name === name);
  if (found === undefined) throw fault('projects.git_unknown_revision', { revision: name });
  if (current === name) throw fault('projects.git_branch_in_use', { branch: name });
  if (!force) {
    const others = branches.filter((entry) => entry.name !== name).map((entry) => `^${entry.commitId}`);
    const { text } = await git.run(folder, {
      args: ['rev-list', '--max-count=1', found.commitId, '--not', '--remotes', '--tags', '--not', '--stdin'],
      stdin: others.map((id) => `${id}\n`).join(''),
    });
    if (text.trim() !== '') throw fault('projects.git_branch_in_use', { branch: name });
  }
  await git.run(folder, { args: ['update-ref', '-d', `refs/heads/${name}`, found.commitId] });
}

/** Switches to a branch, or to a commit without one. @throws projects.git_would_overwrite */
export async function checkOut(git: Git, folder: ProjectFolder, revision: string): Promise<void> {
  const { branches } = await readBranches(git, folder);
  const onBranch = branches.some(({ name }) => name === revision);
  const target = onBranch ? [revision] : ['--detach', await resolveCommit(git, folder, revision)];
  const { exitCode, stderr } = await git.run(folder, {
    args: [
      ...['checkout', '--quiet', '--no-guess', '--no-recurse-submodules', '--no-overwrite-ignore'],
      ...target,
      '--',
    ],
    accepts: [1],
  });
  if (exitCode === 0) return;
  const paths = [...stderr.matchAll(/^\t(.+)$/gm)].map((match) => match[1]);
  if (paths.length > 0) throw fault('projects.git_would_overwrite', { paths: paths.slice(0, 20).join(', ') });
  throw fault('projects.git_failed', { reason: firstLine(stderr) });
}

/** Brings files back to a commit, in the index and in the folder. */
export async function restoreFiles(
  git: Git,
  folder: ProjectFolder,
  request: { readonly paths: readonly string[]; readonly revision: string },
): Promise<void> {
  const commitId = await resolveCommit(git, folder, request.revision);
  try {
    await git.run(folder, {
      args: [
        'restore',
        '--quiet',
        `--source=${commitId}`,
        '--staged',
        '--worktree',
        '--pathspec-from-file=-',
        '--pathspec-file-nul',
      ],
      stdin: request.paths.join('\0'),
    });
  } catch (error) {
    const reason = isFault(error, 'projects.git_failed') ? String(error.data.reason) : '';
    const unknown = /^pathspec '(.*)' did not match/.exec(reason)?.[1];
    if (unknown !== undefined) throw fault('files.not_found', { path: unknown }, { cause: error });
    throw error;
  }
}
