import type { Step } from './agent-queries.ts';

/** Per file what of a proposal stands in the project: change numbers, or all of it. */
export type Applied = ReadonlyMap<string, ReadonlySet<number> | 'all'>;

interface Logged {
  readonly paths?: readonly string[];
  readonly hunks?: Readonly<Record<string, readonly number[]>>;
  readonly redo?: boolean;
}

/** Follows the log through applies, rollbacks and their undo. */
export function appliedOf(steps: readonly Step[]): Applied {
  const applied = new Map<string, ReadonlySet<number> | 'all'>();
  let takenBack = new Map<string, ReadonlySet<number> | 'all'>();
  for (const { kind, data } of steps) {
    const { paths = [], hunks = {}, redo = false } = data as Logged;
    if (kind === 'applied') {
      for (const path of paths) {
        const back = takenBack.get(path);
        if (redo) applied.set(path, back ?? 'all');
        else applied.set(path, joined(applied.get(path), hunks[path]));
      }
    } else if (kind === 'rolled_back') {
      takenBack = new Map();
      for (const path of paths) {
        takenBack.set(path, applied.get(path) ?? 'all');
        applied.delete(path);
      }
    }
  }
  return applied;
}

function joined(
  before: ReadonlySet<number> | 'all' | undefined,
  numbers: readonly number[] | undefined,
): ReadonlySet<number> | 'all' {
  if (before === 'all' || numbers === undefined) return 'all';
  return new Set([...(before ?? []), ...numbers]);
}

export function isApplied(applied: Applied, path: string, number: number): boolean {
  const numbers = applied.get(path);
  return numbers === 'all' || numbers?.has(number) === true;
}
