import type { z } from 'zod';
import type { Hunk } from '../contract-shapes.ts';
import { linesOf, type Match, matchesOf } from './diff-lines.ts';

export type Merge =
  | { readonly kind: 'clean'; readonly text: string }
  | { readonly kind: 'conflict'; readonly hunks: z.infer<typeof Hunk>[] };

/**
 * Three-way merge by lines (Khanna, Kunal and Pierce, "A Formal Investigation of Diff3", 2007): what only one side
 * changed is taken, the same change on both sides counts once, everything else is a conflict.
 */
export function mergeTexts(base: string, present: string, proposed: string): Merge {
  const [o, a, b] = [linesOf(base), linesOf(present), linesOf(proposed)];
  const stable = stableRuns(matchesOf(o, a), matchesOf(o, b));
  const text: string[] = [];
  const hunks: z.infer<typeof Hunk>[] = [];
  let [x, y, z] = [0, 0, 0];
  for (const run of [...stable, { o: o.length, a: a.length, b: b.length, length: 0 }]) {
    const [was, mine, theirs] = [
      o.slice(x, run.o).join(''),
      a.slice(y, run.a).join(''),
      b.slice(z, run.b).join(''),
    ];
    if (mine === theirs || theirs === was) text.push(mine);
    else if (mine === was) text.push(theirs);
    else hunks.push({ startLine: y + 1, base: was, present: mine, proposed: theirs });
    text.push(...o.slice(run.o, run.o + run.length));
    [x, y, z] = [run.o + run.length, run.a + run.length, run.b + run.length];
  }
  return hunks.length === 0 ? { kind: 'clean', text: text.join('') } : { kind: 'conflict', hunks };
}

interface StableRun {
  readonly o: number;
  readonly a: number;
  readonly b: number;
  readonly length: number;
}

/** Runs of the base that stand unchanged in both others. */
function stableRuns(inA: readonly Match[], inB: readonly Match[]): StableRun[] {
  const runs: StableRun[] = [];
  let [i, j] = [0, 0];
  for (
    let first = inA[i], second = inB[j];
    first !== undefined && second !== undefined;
    first = inA[i], second = inB[j]
  ) {
    const start = Math.max(first.a, second.a);
    const end = Math.min(first.a + first.length, second.a + second.length);
    if (end > start)
      runs.push({
        o: start,
        a: first.b + start - first.a,
        b: second.b + start - second.a,
        length: end - start,
      });
    if (first.a + first.length < second.a + second.length) i += 1;
    else j += 1;
  }
  return runs;
}
