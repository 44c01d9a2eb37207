import type { Call, Client } from '#base/contract.ts';
import type { searchContract } from '#modules/search/contract.ts';
import { derivedNames } from '../changes/copy-project.ts';
import { isSecretFile } from '../changes/secret-files.ts';
import type { Work } from '../control/work.ts';

const mostLines = 200;
const shownCharacters = 200;

/** Looks through a task's copy with the threads of search, as it is now. */
export function findTextIn(parts: {
  readonly search: Client<typeof searchContract>;
  readonly projectId: string;
  readonly taskId: string;
  /** Named by the user: found also when they look like secrets. */
  readonly namedFiles: readonly string[];
  readonly call: Call;
}): Work['findText'] {
  const { search, projectId, taskId, call } = parts;
  const named = new Set(parts.namedFiles);
  return async (text) => {
    const { results, truncated } = await search.call(
      'search.code',
      {
        projectId,
        worktreeId: taskId,
        query: text,
        mode: 'exact',
        caseSensitive: true,
        contextLines: 0,
        limit: mostLines,
        exclude: [...derivedNames],
      },
      call,
    );
    const lines = results
      .filter(({ path }) => named.has(path) || !isSecretFile(path))
      .map(({ path, startLine, lines: [line] }) => `${path}:${startLine}: ${partOf(line)}`);
    return { lines, more: truncated };
  };
}

/** Of a long line what is around the first match. */
function partOf(
  line: { readonly text: string; readonly ranges: readonly (readonly [number, number])[] } | undefined,
): string {
  if (line === undefined) return '';
  const { text } = line;
  const from = Math.max(0, Math.min((line.ranges[0]?.[0] ?? 0) - 40, text.length - shownCharacters));
  return text.slice(from, from + shownCharacters);
}
