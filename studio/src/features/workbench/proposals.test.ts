import { expect, test } from 'vitest';
import type { OpenProposal } from '../agents/agent-queries.ts';
import { agentsOf, markedLines, proposalsOf } from './proposals.ts';

const proposal = (path: string, agent: OpenProposal['agent'] = 'code'): OpenProposal => ({
  taskId: `task of ${agent}`,
  agent,
  path,
  change: 'changed',
});

test('a proposed file marks every folder above it, and knows who proposes', () => {
  const { files, folders } = proposalsOf([
    proposal('src/web/a.ts'),
    proposal('src/web/a.ts', 'doc'),
    proposal('src/web/a.ts'),
    proposal('readme.md'),
  ]);
  expect([...folders].sort()).toEqual(['src', 'src/web']);
  expect(agentsOf(files.get('src/web/a.ts') ?? [])).toEqual(['code', 'doc']);
});

const region = (beforeLine: number, removedLines: number) => ({
  number: 1,
  beforeLine,
  removedLines,
  afterLine: beforeLine,
  addedLines: 1,
});
const before = 'a\nb\nc\nd\ne\n';

test('the lines are those of the text as it is now', () => {
  const regions = [region(2, 1), region(4, 2)];
  const lines = (now: string) => markedLines(before, now, regions).map(({ from, to }) => [from, to]);
  expect(lines(before)).toEqual([
    [2, 2],
    [4, 5],
  ]);
  expect(lines(`x\ny\n${before}`)).toEqual([
    [4, 4],
    [6, 7],
  ]);
  expect(lines('a\nb\nC\nC\nd\ne\n')).toEqual([
    [2, 2],
    [5, 6],
  ]);
});

test('lines that come new are marked where they will stand, also at the end and in an empty file', () => {
  expect(markedLines(before, before, [region(3, 0)])).toEqual([{ from: 3, to: 3, inserted: true }]);
  expect(markedLines('a', 'a', [region(2, 0)])).toEqual([{ from: 1, to: 1, inserted: true }]);
  expect(markedLines('', '', [region(1, 0)])).toEqual([{ from: 1, to: 1, inserted: true }]);
});

test('whatever its user has done to the file since, every mark stands on a line of it', () => {
  for (const now of ['', 'x', 'a\ne\n', 'e\nd\nc\nb\na\n', `${before}${before}`]) {
    const last = now.split('\n').length;
    for (const { from, to } of markedLines(before, now, [region(1, 1), region(2, 3), region(6, 0)])) {
      expect(from >= 1 && to >= from && to <= last).toBe(true);
    }
  }
});
