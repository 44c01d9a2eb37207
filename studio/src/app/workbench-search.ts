/** How the search view looks for its words: the very text, a pattern, or what is near in words and meaning. */
export type SearchMatch = 'exact' | 'regex' | 'near';

/** What of a workbench stands in its address: a link opens the same file, panel, search and comparison again. */
export interface WorkbenchSearch {
  readonly file?: string;
  readonly line?: number;
  readonly side?: 'files' | 'search' | 'changes' | 'history';
  /** `head`, `commit:<id>` or `version:<id>`: what the file is compared with. */
  readonly compare?: string;
  readonly panel?: 'terminal';
  /** What the search view looks for. */
  readonly q?: string;
  /** Left out for `exact`. */
  readonly match?: Exclude<SearchMatch, 'exact'>;
  /** Capital and small letters differ. */
  readonly case?: true;
}

const sides: ReadonlySet<unknown> = new Set(['files', 'search', 'changes', 'history']);
/** As long as the server takes it. */
const longestQuery = 1_000;

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Takes of an address what is known, and drops the rest. */
export function parseWorkbenchSearch(search: Readonly<Record<string, unknown>>): WorkbenchSearch {
  const file = textOf(search.file);
  const compare = textOf(search.compare);
  const line = Number(search.line);
  const side = sides.has(search.side) ? (search.side as NonNullable<WorkbenchSearch['side']>) : undefined;
  return {
    ...(file === undefined ? {} : { file }),
    ...(Number.isInteger(line) && line > 0 ? { line } : {}),
    ...(side === undefined ? {} : { side }),
    ...(compare === undefined ? {} : { compare }),
    ...(search.panel === 'terminal' ? { panel: 'terminal' as const } : {}),
    ...searchPart(search),
  };
}

/** The part of an address that belongs to the search view, which outlives a change of files. */
export function searchPart(
  search: Readonly<Record<string, unknown>> | WorkbenchSearch,
): Pick<WorkbenchSearch, 'q' | 'match' | 'case'> {
  const { q, match, case: caseSensitive } = search;
  // The router reads a bare `q=404` or `q=true` as a number or a truth value.
  const query = textOf(typeof q === 'number' || typeof q === 'boolean' ? String(q) : q);
  return {
    ...(query === undefined ? {} : { q: query.slice(0, longestQuery) }),
    ...(match === 'regex' || match === 'near' ? { match } : {}),
    ...(caseSensitive === true || caseSensitive === 1 ? { case: true as const } : {}),
  };
}
