import { isUtf8 } from 'node:buffer';
import { fault } from '#base/fault.ts';
import type { ProjectFolder } from '../folders.ts';
import type { Git } from './git.ts';

const emptyTree = '4b825dc642cb6eb9a060e54bf8d69288fbee4904';
const diffBytes = 2 * 1024 ** 2;
const blobBytes = 8 * 1024 ** 2;

/** The full id of a commit. @throws projects.git_unknown_revision */
export async function resolveCommit(git: Git, folder: ProjectFolder, revision: string): Promise<string> {
  const { exitCode, text } = await git.run(folder, {
    args: ['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`],
    accepts: [1, 128],
  });
  if (exitCode !== 0) throw fault('projects.git_unknown_revision', { revision });
  return text.trim();
}

/** HEAD's commit; null before the first one. */
export async function headCommit(git: Git, folder: ProjectFolder): Promise<string | null> {
  const { exitCode, text } = await git.run(folder, {
    args: ['rev-parse', '--verify', '--quiet', 'HEAD^{commit}'],
    accepts: [1, 128],
  });
  return exitCode === 0 ? text.trim() : null;
}

export interface DiffRequest {
  readonly path?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly contextLines: number;
}

export interface DiffAnswer {
  readonly diff: string;
  readonly files: { path: string; addedLines: number | null; removedLines: number | null }[];
  readonly truncated: boolean;
}

/** A unified diff of the working files or `to` against `from` or HEAD. Files git does not know are not in it. */
export async function readDiff(git: Git, folder: ProjectFolder, request: DiffRequest): Promise<DiffAnswer> {
  const from =
    request.from === undefined
      ? ((await headCommit(git, folder)) ?? emptyTree)
      : await resolveCommit(git, folder, request.from);
  const to = request.to === undefined ? [] : [await resolveCommit(git, folder, request.to)];
  const common = ['--no-ext-diff', '--no-textconv', '--no-color', '--ignore-submodules=all'];
  const what = [from, ...to, '--', ...(request.path === undefined ? [] : [request.path])];
  const text = await git.run(folder, {
    args: ['diff', ...common, `--unified=${request.contextLines}`, ...what],
    outputBytes: diffBytes,
  });
  const counts = await git.run(folder, {
    args: ['diff', ...common, '--numstat', '--no-renames', '-z', ...what],
    outputBytes: diffBytes,
  });
  const cut = text.truncated ? text.text.slice(0, text.text.lastIndexOf('\n') + 1) : text.text;
  return { diff: cut, files: parseNumstat(counts.text), truncated: text.truncated || counts.truncated };
}

function parseNumstat(text: string): DiffAnswer['files'] {
  return text
    .split('\0')
    .map((record) => /^(\d+|-)\t(\d+|-)\t(.+)$/s.exec(record))
    .filter((match) => match !== null)
    .map(([, added, removed, path]) => ({
      path: path ?? '',
      addedLines: added === '-' ? null : Number(added),
      removedLines: removed === '-' ? null : Number(removed),
    }));
}

export interface LogRequest {
  readonly revision?: string | undefined;
  readonly path?: string | undefined;
  /** `<commits already told>:<commit the log began at>`. */
  readonly cursor?: string | undefined;
  readonly limit: number;
}

export interface CommitEntry {
  readonly commitId: string;
  readonly parents: string[];
  readonly authorName: string;
  readonly authorEmail: string;
  readonly authoredAt: string;
  readonly message: string;
}

/** One page of commits, newest first. Later pages go on from the commit the first one began at. */
export async function readLog(
  git: Git,
  folder: ProjectFolder,
  request: LogRequest,
): Promise<{ commits: CommitEntry[]; nextCursor: string | null }> {
  const [told, begun] = request.cursor?.split(':') ?? ['0', undefined];
  const start =
    begun ??
    (request.revision === undefined
      ? await headCommit(git, folder)
      : await resolveCommit(git, folder, request.revision));
  if (start === null) return { commits: [], nextCursor: null };
  const skip = Number(told);
  const { text } = await git.run(folder, {
    args: [
      'log',
      '-z',
      '--no-color',
      '--no-show-signature',
      '--format=%H%n%P%n%an%n%ae%n%aI%n%B',
      `--skip=${skip}`,
      `--max-count=${request.limit + 1}`,
      begun === undefined ? start : await resolveCommit(git, folder, start),
      '--',
      ...(request.path === undefined ? [] : [request.path]),
    ],
  });
  const commits = text
    .split('\0')
    .filter((record) => record !== '')
    .map(parseCommit);
  const more = commits.length > request.limit;
  return {
    commits: commits.slice(0, request.limit),
    nextCursor: more ? `${skip + request.limit}:${start}` : null,
  };
}

function parseCommit(record: string): CommitEntry {
  const [commitId = '', parents = '', authorName = '', authorEmail = '', authoredAt = '', ...message] =
    record.split('\n');
  return {
    commitId,
    parents: parents === '' ? [] : parents.split(' '),
    authorName,
    authorEmail,
    authoredAt,
    message: message.join('\n').trimEnd(),
  };
}

/** A file's content in a commit. @throws projects.git_unknown_revision, files.not_found, files.too_large */
export async function readCommittedFile(
  git: Git,
  folder: ProjectFolder,
  request: { readonly path: string; readonly revision: string },
): Promise<{ content: string; encoding: 'utf8' | 'base64'; size: number }> {
  const commitId = await resolveCommit(git, folder, request.revision);
  const { bytes, exitCode, truncated } = await git.run(folder, {
    args: ['cat-file', 'blob', `${commitId}:${request.path}`],
    accepts: [1, 128],
    outputBytes: blobBytes,
  });
  if (truncated) throw fault('files.too_large', { path: request.path, limitBytes: blobBytes });
  if (exitCode !== 0) throw fault('files.not_found', { path: request.path });
  const encoding = isUtf8(bytes) ? 'utf8' : 'base64';
  return { content: bytes.toString(encoding), encoding, size: bytes.length };
}

export interface BranchList {
  readonly current: string | null;
  readonly branches: { name: string; commitId: string }[];
}

export async function readBranches(git: Git, folder: ProjectFolder): Promise<BranchList> {
  const head = await git.run(folder, { args: ['symbolic-ref', '--quiet', '--short', 'HEAD'], accepts: [1] });
  const refs = await git.run(folder, {
    args: ['for-each-ref', '--format=%(objectname) %(refname:strip=2)', '--count=1000', 'refs/heads'],
  });
  const branches = refs.text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => ({ commitId: line.slice(0, line.indexOf(' ')), name: line.slice(line.indexOf(' ') + 1) }));
  return { current: head.exitCode === 0 ? head.text.trim() : null, branches };
}
