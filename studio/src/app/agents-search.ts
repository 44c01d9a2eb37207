import { textOf } from './workbench-search.ts';

/** What of the agents' view stands in its address, so that a link opens the same again. */
export interface AgentsSearch {
  readonly view?: 'talk' | 'changes' | 'steps' | 'tasks';
  /** Of the change: the file that is reviewed. */
  readonly file?: string;
}

const views: ReadonlySet<unknown> = new Set(['talk', 'changes', 'steps', 'tasks']);

/** Takes of an address what is known, and drops the rest. */
export function parseAgentsSearch(search: Readonly<Record<string, unknown>>): AgentsSearch {
  const file = textOf(search.file);
  return {
    ...(views.has(search.view) ? { view: search.view as NonNullable<AgentsSearch['view']> } : {}),
    ...(file === undefined ? {} : { file }),
  };
}
