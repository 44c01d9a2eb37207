import { expect, test } from 'vitest';
import { groupHits, piecesOf, rowsOf, type SearchAnswer } from './search-model.ts';

type Found = SearchAnswer['results'][number];
type Line = Found['lines'][number];

const line = (at: number, text: string, ...ranges: [number, number][]): Line => ({ line: at, text, ranges });
const found = (path: string, ...lines: Line[]): Found => ({
  path,
  startLine: lines[0]?.line ?? 1,
  endLine: lines.at(-1)?.line ?? 1,
  symbol: null,
  found: ['exact'],
  score: 1,
  lines,
});

test('groups results by file: the best file first, lines in the order of the file', () => {
  const files = groupHits([
    found('src/b.ts', line(9, 'host', [0, 4])),
    found('src/a.ts', line(1, 'host', [0, 4])),
    found('src/b.ts', line(2, 'a host', [2, 6])),
  ]);
  expect(files.map(({ path, hits }) => [path, ...hits.map((hit) => hit.line)])).toEqual([
    ['src/b.ts', 2, 9],
    ['src/a.ts', 1],
  ]);
});

test('shows matching lines only, and each once', () => {
  const [file] = groupHits([
    found('a.ts', line(1, 'around'), line(2, 'host', [0, 4]), line(3, 'around')),
    found('a.ts', line(2, 'host'), line(3, 'around')),
  ]);
  expect(file?.hits.map((hit) => hit.line)).toEqual([2]);
  expect(file?.hits[0]?.ranges).toEqual([[0, 4]]);
});

test('what was found by meaning stands as its first line that says something', () => {
  const [file] = groupHits([found('a.ts', line(4, '  '), line(5, 'function open() {'), line(6, '}'))]);
  expect(file?.hits).toEqual([{ line: 5, text: 'function open() {', ranges: [], symbol: null }]);
});

test('a result without lines still is a place to go to', () => {
  expect(groupHits([{ ...found('a.ts'), startLine: 7 }])[0]?.hits[0]?.line).toBe(7);
});

const shown = (text: string, ...ranges: [number, number][]) =>
  piecesOf({ text, ranges }).map((piece) => (piece.isMatch ? `[${piece.text}]` : piece.text));

test('marks matches and leaves out the indentation', () => {
  expect(shown('    parse(host, host)', [10, 14], [16, 20])).toEqual([
    'parse(',
    '[host]',
    ', ',
    '[host]',
    ')',
  ]);
});

test('a match inside of the indentation is shown', () => {
  expect(shown('    a', [2, 4])).toEqual(['[  ]', 'a']);
});

test('shows a match that stands far inside of a long line', () => {
  const pieces = shown(`${'x'.repeat(300)}host${'y'.repeat(600)}`, [300, 304]);
  expect(pieces.slice(0, 3)).toEqual(['…', 'x'.repeat(24), '[host]']);
  expect(pieces.join('').length).toBeLessThan(240);
});

test('takes ranges that overlap, are empty, or reach past the text', () => {
  expect(shown('abcdef', [0, 3], [2, 4], [5, 90])).toEqual(['[abc]', '[d]', 'e', '[f]']);
  expect(shown('abc', [1, 1])).toEqual(['abc']);
  expect(shown('')).toEqual([]);
});

test('arrow keys walk over heads and lines; lines of a closed file are passed', () => {
  const files = groupHits([found('a.ts', line(1, 'x', [0, 1])), found('b.ts', line(2, 'x', [0, 1]))]);
  expect(rowsOf(files, new Set()).map(({ key }) => key)).toEqual(['a.ts', 'a.ts:1', 'b.ts', 'b.ts:2']);
  expect(rowsOf(files, new Set(['a.ts'])).map(({ key }) => key)).toEqual(['a.ts', 'b.ts', 'b.ts:2']);
});
