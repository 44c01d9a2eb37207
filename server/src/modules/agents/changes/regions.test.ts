import assert from 'node:assert/strict';
import test from 'node:test';
import { linesOf } from './diff-lines.ts';
import { mergeTexts } from './merge.ts';
import { regionsOf, takeRegions } from './regions.ts';

const before = 'one\r\ntwo\r\nthree\r\nfour\r\nfive';
const after = 'ONE\r\ntwo\r\nthree\r\nthree and a half\r\nfour\r\nFIVE\n';

test('differences are numbered, with where they stand on both sides', () => {
  assert.deepEqual(regionsOf(before, after), [
    { number: 1, beforeLine: 1, removedLines: 1, afterLine: 1, addedLines: 1 },
    { number: 2, beforeLine: 4, removedLines: 0, afterLine: 4, addedLines: 1 },
    { number: 3, beforeLine: 5, removedLines: 1, afterLine: 6, addedLines: 1 },
  ]);
  assert.deepEqual(regionsOf('', 'a\nb\n'), [
    { number: 1, beforeLine: 1, removedLines: 0, afterLine: 1, addedLines: 2 },
  ]);
  assert.deepEqual(regionsOf(after, after), []);
});

test('only what was chosen is taken, line ends and a missing last break included', () => {
  assert.equal(takeRegions(before, after, new Set()), before);
  assert.equal(takeRegions(before, after, new Set([1, 2, 3])), after);
  assert.equal(takeRegions(before, after, new Set([2])), before.replace('four', 'three and a half\r\nfour'));
  assert.equal(takeRegions(before, after, new Set([3])), before.replace('five', 'FIVE\n'));
});

test('what was left out can be taken later: any two halves merge to the whole, for 1,000 random texts', () => {
  let state = 9;
  const next = (below: number) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
  for (let round = 0; round < 1000; round += 1) {
    const base = Array.from({ length: 12 }, (_, index) => `line ${index}\n`).join('');
    const changed = linesOf(base)
      .map((line) => (next(3) === 0 ? `${'x'.repeat(next(3))}${line}` : line))
      .join('');
    const numbers = regionsOf(base, changed).map(({ number }) => number);
    const first = new Set(numbers.filter(() => next(2) === 0));
    const rest = new Set(numbers.filter((number) => !first.has(number)));
    const half = takeRegions(base, changed, first);
    const merged = mergeTexts(base, half, { proposed: takeRegions(base, changed, rest) });
    assert.deepEqual(merged, { kind: 'clean', text: changed });
  }
});
