import type { z } from 'zod';
import type { GitFile, GitStatus } from '../contract-shapes.ts';
import type { ProjectFolder } from '../folders.ts';
import type { Git } from './git.ts';

type Status = z.output<typeof GitStatus>;
type File = z.output<typeof GitFile>;

const maxFiles = 5_000;

/** The branch, the last commit, and what has changed since. */
export async function readStatus(git: Git, folder: ProjectFolder, signal?: AbortSignal): Promise<Status> {
  const { text, truncated } = await git.run(folder, {
    args: [
      'status',
      '--porcelain=v2',
      '--branch',
      '-z',
      '--untracked-files=all',
      '--ignore-submodules=all',
      '--no-ahead-behind',
    ],
    outputBytes: 4 * 1024 ** 2,
    ...(signal === undefined ? {} : { signal }),
  });
  return parseStatus(text, truncated);
}

/** Reads `git status --porcelain=v2 -z --branch` (git-status(1), "Porcelain Format Version 2"). */
export function parseStatus(text: string, cut: boolean): Status {
  const records = text.split('\0');
  if (cut) records.pop();
  const files: File[] = [];
  let branch: string | null = null;
  let commitId: string | null = null;
  for (let index = 0; index < records.length; index += 1) {
    const record = records[index] ?? '';
    if (record.startsWith('# branch.oid ')) commitId = orNull(record.slice(13), '(initial)');
    else if (record.startsWith('# branch.head ')) branch = orNull(record.slice(14), '(detached)');
    else if (record.startsWith('1 ')) files.push(changed(record, fields(record, 8)));
    else if (record.startsWith('2 ')) {
      index += 1;
      files.push({ ...changed(record, fields(record, 9)), from: records[index] ?? null });
    } else if (record.startsWith('u ')) {
      files.push({ path: fields(record, 10), from: null, index: 'U', worktree: 'U' });
    } else if (record.startsWith('? ')) {
      files.push({ path: record.slice(2), from: null, index: '?', worktree: '?' });
    }
  }
  const truncated = cut || files.length > maxFiles;
  return { branch, commitId, clean: files.length === 0, files: files.slice(0, maxFiles), truncated };
}

function changed(record: string, path: string): File {
  return { path, from: null, index: stateOf(record[2]), worktree: stateOf(record[3]) };
}

/** What stands after so many fields that are separated by spaces: the path, which may hold spaces itself. */
function fields(record: string, count: number): string {
  let start = 0;
  for (let field = 0; field < count; field += 1) start = record.indexOf(' ', start) + 1;
  return record.slice(start);
}

function stateOf(letter: string | undefined): File['index'] {
  switch (letter) {
    case 'M':
    case 'T':
    case 'A':
    case 'D':
    case 'R':
    case 'C':
    case 'U':
      return letter;
    default:
      return '.';
  }
}

function orNull(text: string, none: string): string | null {
  return text === none ? null : text;
}
