import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { AgentName } from '../agents/agent-names.ts';
import { type OpenProposal, type ProposedFile, proposalsQuery, tasksQuery } from '../agents/agent-queries.ts';

/** What agents propose to change in a project, by path. */
export interface Proposals {
  readonly files: ReadonlyMap<string, readonly OpenProposal[]>;
  /** Folders with such a file anywhere below. */
  readonly folders: ReadonlySet<string>;
}

export function proposalsOf(list: readonly OpenProposal[]): Proposals {
  const files = new Map<string, OpenProposal[]>();
  const folders = new Set<string>();
  for (const proposal of list) {
    const { path } = proposal;
    files.set(path, [...(files.get(path) ?? []), proposal]);
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1))
      folders.add(path.slice(0, end));
  }
  return { files, folders };
}

const nothing: readonly OpenProposal[] = [];

/** Follows what is proposed and not decided. */
export function useProposals(projectId: string): Proposals {
  const tasks = useQuery(tasksQuery(projectId)).data ?? [];
  const { data } = useQuery(proposalsQuery(projectId, tasks));
  const open = tasks.some(({ changeState }) => changeState === 'proposed') ? data : undefined;
  return useMemo(() => proposalsOf(open ?? nothing), [open]);
}

/** The agents of some proposals, each once. */
export function agentsOf(proposals: readonly OpenProposal[]): AgentName[] {
  return [...new Set(proposals.map(({ agent }) => agent))];
}

/** Lines of the present text that a proposal changes; `inserted` has its new lines before `from`. */
export interface MarkedLines {
  readonly from: number;
  readonly to: number;
  readonly inserted: boolean;
}

/**
 * Where the changes of a proposal are in the text as it is now. Lines that its user has changed since are not looked
 * into: what was proposed there is marked at the edge of their change.
 */
export function markedLines(
  before: string,
  now: string,
  regions: ProposedFile['regions'],
): readonly MarkedLines[] {
  const [old, present] = [before.split('\n'), now.split('\n')];
  let same = 0;
  while (same < old.length && same < present.length && old[same] === present[same]) same += 1;
  let sameAtEnd = 0;
  while (
    sameAtEnd < Math.min(old.length, present.length) - same &&
    old[old.length - 1 - sameAtEnd] === present[present.length - 1 - sameAtEnd]
  )
    sameAtEnd += 1;
  const shift = present.length - old.length;
  const lineNow = (line: number) => {
    if (line <= same) return line;
    if (line > old.length - sameAtEnd) return line + shift;
    return Math.min(line, Math.max(1, present.length - sameAtEnd));
  };
  return regions.map(({ beforeLine, removedLines }) => {
    const inserted = removedLines === 0;
    const from = Math.max(1, Math.min(present.length, lineNow(beforeLine)));
    const to = inserted ? from : Math.min(present.length, lineNow(beforeLine + removedLines - 1));
    return { from, to: Math.max(from, to), inserted };
  });
}
