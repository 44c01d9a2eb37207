import { expect, test } from 'vitest';
import type { ProposedFile } from './agent-queries.ts';
import { markPieces, rowsOf, splitLines, unifiedRows } from './diff-rows.ts';

const lines = (count: number) => Array.from({ length: count }, (_, index) => `line ${index + 1}`);
const changed: ProposedFile = {
  path: 'a',
  change: 'changed',
  shown: 'lines',
  before: `${lines(30).join('\n')}\n`,
  after: `${lines(30)
    .map((line, index) => (index === 14 ? 'line FIFTEEN' : line))
    .join('\n')}\n`,
  regions: [{ number: 1, beforeLine: 15, removedLines: 1, afterLine: 15, addedLines: 1 }],
};

test('three lines stand around a change, the rest is folded and can be unfolded', () => {
  const rows = rowsOf(changed, new Set());
  expect(rows.map(({ kind }) => kind)).toEqual([
    'gap',
    'same',
    'same',
    'same',
    'change',
    'removed',
    'added',
    'same',
    'same',
    'same',
    'gap',
  ]);
  expect(rows[0]).toEqual({ kind: 'gap', after: 1, before: 1, lines: 11 });
  expect(rows.at(-1)).toEqual({ kind: 'gap', after: 19, before: 19, lines: 12 });
  const unfolded = rowsOf(changed, new Set([1, 19]));
  expect(unfolded.filter(({ kind }) => kind === 'same')).toHaveLength(29);
  expect(unfolded.some(({ kind }) => kind === 'gap')).toBe(false);
});

test('a created and a deleted file are one change', () => {
  const region = { number: 1, beforeLine: 1, removedLines: 0, afterLine: 1, addedLines: 2 };
  const rows = rowsOf(
    { ...changed, change: 'created', before: null, after: 'a\nb\n', regions: [region] },
    new Set(),
  );
  expect(rows.map(({ kind }) => kind)).toEqual(['change', 'added', 'added']);
});

test('only the part of a line that differs is marked', () => {
  const rows = rowsOf(changed, new Set());
  const added = rows.find(({ kind }) => kind === 'added');
  expect(added).toMatchObject({ after: 15, span: [5, 12] });
  const marked = markPieces(
    [
      { text: 'line ', classes: '' },
      { text: 'FIFTEEN', classes: 'x' },
    ],
    [3, 8],
  );
  expect(marked.map(({ piece, marked: is }) => [piece.text, is])).toEqual([
    ['lin', false],
    ['e ', true],
    ['FIF', true],
    ['TEEN', false],
  ]);
});

test('reads unified diffs, and a last line break begins no line', () => {
  expect(
    unifiedRows('@@ -1 +1 @@\n a\n-b\n+c\n\\ No newline at end of file\n').map(({ sign }) => sign),
  ).toEqual(['@', ' ', '-', '+']);
  expect(splitLines('a\n')).toEqual(['a']);
  expect(splitLines('')).toEqual([]);
});
