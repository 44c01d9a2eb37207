import type { Region } from '../contract-changes.ts';
import { linesOf, matchesOf } from './diff-lines.ts';

/**
 * The places where two texts differ, in order and numbered from one. Both contents are kept by their hash and the way to
 * compare them is exact, so a number means the same place whenever it is asked for.
 */
export function regionsOf(before: string, after: string): Region[] {
  const [a, b] = [linesOf(before), linesOf(after)];
  const regions: Region[] = [];
  let [x, y] = [0, 0];
  for (const match of [...matchesOf(a, b), { a: a.length, b: b.length, length: 0 }]) {
    if (match.a > x || match.b > y) {
      regions.push({
        number: regions.length + 1,
        beforeLine: x + 1,
        removedLines: match.a - x,
        afterLine: y + 1,
        addedLines: match.b - y,
      });
    }
    [x, y] = [match.a + match.length, match.b + match.length];
  }
  return regions;
}

/** The first text with only the chosen differences taken over from the second, byte for byte. */
export function takeRegions(before: string, after: string, chosen: ReadonlySet<number>): string {
  const [a, b] = [linesOf(before), linesOf(after)];
  const parts: string[] = [];
  let x = 0;
  for (const { number, beforeLine, removedLines, afterLine, addedLines } of regionsOf(before, after)) {
    if (!chosen.has(number)) continue;
    parts.push(...a.slice(x, beforeLine - 1), ...b.slice(afterLine - 1, afterLine - 1 + addedLines));
    x = beforeLine - 1 + removedLines;
  }
  return [...parts, ...a.slice(x)].join('');
}
