/** What of a workbench stands in its address: a link opens the same file, panel and comparison again. */
export interface WorkbenchSearch {
  readonly file?: string;
  readonly line?: number;
  readonly side?: 'files' | 'changes' | 'history';
  /** `head`, `commit:<id>` or `version:<id>`: what the file is compared with. */
  readonly compare?: string;
  readonly panel?: 'terminal';
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Takes of an address what is known, and drops the rest. */
export function parseWorkbenchSearch(search: Readonly<Record<string, unknown>>): WorkbenchSearch {
  const { side } = search;
  const file = textOf(search.file);
  const compare = textOf(search.compare);
  const line = Number(search.line);
  return {
    ...(file === undefined ? {} : { file }),
    ...(Number.isInteger(line) && line > 0 ? { line } : {}),
    ...(side === 'changes' || side === 'history' || side === 'files' ? { side } : {}),
    ...(compare === undefined ? {} : { compare }),
    ...(search.panel === 'terminal' ? { panel: 'terminal' as const } : {}),
  };
}
