import type { Conflict } from './agent-queries.ts';
import type { ChangeRequest, Decisions, OpenConflict } from './open-conflicts.ts';

/** What is decided about one file in conflict. */
export type Choice =
  | { readonly kind: 'hunks'; readonly texts: readonly string[] }
  | { readonly kind: 'leave' }
  | { readonly kind: 'take' }
  | { readonly kind: 'text'; readonly text: string };

export type Choices = Readonly<Record<string, Choice>>;

/** Whatever is not decided stays as the user has it. */
export function firstChoiceOf({ hunks }: Conflict): Choice {
  return hunks.length > 0 ? { kind: 'hunks', texts: hunks.map(({ present }) => present) } : { kind: 'leave' };
}

/** The request again with the decisions; `touched` are all files of a request that names none. */
export function decidedRequest(
  { request, conflicts }: OpenConflict,
  choices: Choices,
  touched: readonly string[] | undefined,
): ChangeRequest {
  const decisions: Decisions = {};
  const left = new Set<string>();
  for (const conflict of conflicts) {
    const { path, presentHash, reason } = conflict;
    const choice = choices[path] ?? firstChoiceOf(conflict);
    // A file that changed again is looked at anew.
    if (reason === 'changed') continue;
    if (choice.kind === 'hunks') decisions[path] = { presentHash, hunks: [...choice.texts] };
    else if (choice.kind === 'take') decisions[path] = { presentHash, take: 'proposed' };
    else if (choice.kind === 'text') decisions[path] = { presentHash, text: choice.text };
    else left.add(path);
  }
  // Decisions of an earlier round still hold for the files that are not in conflict any more.
  const all = { ...request.decisions, ...decisions };
  const paths = (request.paths ?? touched)?.filter((path) => !left.has(path));
  return { ...request, ...(paths === undefined ? {} : { paths }), decisions: all };
}
