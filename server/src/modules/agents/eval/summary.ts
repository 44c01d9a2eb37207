import type { EvalResult } from './evaluate.ts';

/** What tasks of one agent came to; `all` sums up. */
export interface EvalRow {
  readonly agent: string;
  readonly tasks: number;
  readonly passed: number;
  readonly tokens: number;
  readonly seconds: number;
}

export function summarize(results: readonly EvalResult[]): EvalRow[] {
  const groups: (readonly [string, readonly EvalResult[]])[] = [
    ...Map.groupBy(results, ({ agent }): string => agent),
    ['all', results] as const,
  ];
  return groups.map(([agent, group]) => ({
    agent,
    tasks: group.length,
    passed: group.filter(({ passed }) => passed).length,
    tokens: group.reduce((sum, { tokens }) => sum + tokens, 0),
    seconds: group.reduce((sum, { seconds }) => sum + seconds, 0),
  }));
}
