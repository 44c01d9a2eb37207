import type { Hunk } from '../contract-changes.ts';
import { linesOf, type Match, matchesOf } from './diff-lines.ts';

export type Merge =
  | { readonly kind: 'clean'; readonly text: string }
  | { readonly kind: 'conflict'; readonly hunks: Hunk[] };

const contextLines = 3;

/**
 * Three-way merge by lines (Khanna, Kunal and Pierce, "A Formal Investigation of Diff3", 2007): what only one side
 * changed is taken, the same change on both sides counts once, everything else is a conflict, for which `decided` may
 * say what stands there.
 */
export function mergeTexts(
  base: string,
  present: string,
  { proposed, decided = [] }: { readonly proposed: string; readonly decided?: readonly string[] },
): Merge {
  const [o, a, b] = [linesOf(base), linesOf(present), linesOf(proposed)];
  const stable = stableRuns(matchesOf(o, a), matchesOf(o, b));
  const text: string[] = [];
  const hunks: Hunk[] = [];
  let [x, y, z] = [0, 0, 0];
  for (const run of [...stable, { o: o.length, a: a.length, b: b.length, length: 0 }]) {
    const [was, mine, theirs] = [
      o.slice(x, run.o).join(''),
      a.slice(y, run.a).join(''),
      b.slice(z, run.b).join(''),
    ];
    if (mine === theirs || theirs === was) text.push(mine);
    else if (mine === was) text.push(theirs);
    else {
      const [before, after] = [
        linesOf(text.slice(-contextLines).join('')),
        o.slice(run.o, run.o + run.length),
      ];
      hunks.push({
        startLine: y + 1,
        base: was,
        present: mine,
        proposed: theirs,
        contextBefore: before.slice(-contextLines).join(''),
        contextAfter: after.slice(0, contextLines).join(''),
      });
      const own = decided[hunks.length - 1];
      text.push(own === undefined ? mine : run.length > 0 ? ended(own) : own);
    }
    text.push(...o.slice(run.o, run.o + run.length));
    [x, y, z] = [run.o + run.length, run.a + run.length, run.b + run.length];
  }
  return hunks.length === 0 || hunks.length === decided.length
    ? { kind: 'clean', text: text.join('') }
    : { kind: 'conflict', hunks };
}

/** What somebody typed for a place with lines behind it must not run into the next line. */
function ended(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
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
