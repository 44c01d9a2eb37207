import type { SearchLine, SearchResult } from './contract.ts';

/** One way of finding, best first. */
export interface RankedList {
  readonly by: SearchResult['found'][number];
  readonly weight: number;
  readonly entries: readonly Entry[];
}

export interface Entry {
  readonly path: string;
  readonly startLine: number;
  readonly endLine: number;
  readonly symbol: string | null;
  /** Lines to show; null when they are still to be read. */
  readonly lines: SearchLine[] | null;
}

export interface Merged extends Entry {
  readonly found: SearchResult['found'];
  readonly score: number;
}

const rankOffset = 60;

/**
 * Joins lists by reciprocal rank fusion (Cormack, Clarke and Büttcher, 2009): ranks count, since scores of different
 * kinds cannot be compared. Entries of one file that share lines are one.
 */
export function mergeRanked(lists: readonly RankedList[]): Merged[] {
  const merged: { entry: Entry; found: Set<SearchResult['found'][number]>; score: number }[] = [];
  const byPath = new Map<string, typeof merged>();
  for (const { by, weight, entries } of lists) {
    for (const [rank, entry] of entries.entries()) {
      const score = weight / (rankOffset + rank + 1);
      const others = byPath.get(entry.path) ?? [];
      byPath.set(entry.path, others);
      // Two exact hits in one chunk stay two: each is a place to go to.
      const same = others.find(
        (other) =>
          !other.found.has(by) &&
          other.entry.startLine <= entry.endLine &&
          entry.startLine <= other.entry.endLine,
      );
      if (same === undefined) {
        const added = { entry, found: new Set([by]), score };
        others.push(added);
        merged.push(added);
      } else {
        same.found.add(by);
        same.score += score;
        same.entry = same.entry.lines === null && entry.lines !== null ? entry : same.entry;
      }
    }
  }
  return merged
    .map(({ entry, found, score }) => ({ ...entry, found: [...found], score }))
    .toSorted((a, b) => b.score - a.score);
}
