import { queryOptions } from '@tanstack/react-query';
import { rpc } from '../../rpc/client.ts';
import { isRpcFault } from '../../rpc/fault.ts';

/** What the file that is shown is compared with. */
export type Comparison =
  /** The working file against the last commit. */
  | { readonly kind: 'head' }
  /** A commit against the one before it. */
  | { readonly kind: 'commit'; readonly id: string }
  /** The working file against a kept version. */
  | { readonly kind: 'version'; readonly id: string };

/** Reads what stands in an address; undefined for what is none. */
export function parseComparison(text: string | undefined): Comparison | undefined {
  if (text === 'head') return { kind: 'head' };
  const match = /^(commit|version):([\w]+)$/.exec(text ?? '');
  if (match?.[2] === undefined) return undefined;
  return { kind: match[1] === 'commit' ? 'commit' : 'version', id: match[2] };
}

export interface Sides {
  readonly before: string;
  readonly after: string;
  readonly binary: boolean;
}

interface Text {
  readonly content: string;
  readonly binary: boolean;
}

const nothing: Text = { content: '', binary: false };

/** A file that does not exist in a version is an empty side: it was added or deleted. */
async function orNothing(read: Promise<{ content: string; encoding: 'utf8' | 'base64' }>): Promise<Text> {
  try {
    const { content, encoding } = await read;
    return { content, binary: encoding === 'base64' };
  } catch (error) {
    if (isRpcFault(error, 'files.not_found', 'projects.git_unknown_revision')) return nothing;
    throw error;
  }
}

async function readSides(projectId: string, path: string, comparison: Comparison): Promise<Sides> {
  const atRevision = (revision: string) =>
    orNothing(rpc.call('project.git.file', { projectId, path, revision }));
  const now = () => orNothing(rpc.call('fs.read', { projectId, path }));
  const kept = (versionId: string) => orNothing(rpc.call('project.file.version', { projectId, versionId }));
  const pair: readonly [Promise<Text>, Promise<Text>] =
    comparison.kind === 'head'
      ? [atRevision('HEAD'), now()]
      : comparison.kind === 'commit'
        ? [atRevision(`${comparison.id}^`), atRevision(comparison.id)]
        : [kept(comparison.id), now()];
  const [before, after] = await Promise.all(pair);
  return { before: before.content, after: after.content, binary: before.binary || after.binary };
}

export const sidesQuery = (projectId: string, path: string, comparison: Comparison) =>
  queryOptions({
    queryKey: ['project', projectId, 'sides', path, comparison],
    queryFn: () => readSides(projectId, path, comparison),
  });
