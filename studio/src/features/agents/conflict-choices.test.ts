import { expect, test } from 'vitest';
import type { Conflict } from './agent-queries.ts';
import { decidedRequest } from './conflict-choices.ts';

const conflict = (path: string, more: Partial<Conflict> = {}): Conflict => ({
  path,
  reason: 'content',
  presentHash: `hash of ${path}`,
  hunks: [],
  merged: null,
  ...more,
});
const hunk = {
  startLine: 1,
  base: 'b\n',
  present: 'mine\n',
  proposed: 'theirs\n',
  contextBefore: '',
  contextAfter: '',
};

test('what is not decided stays as its user has it; what is left out is not written', () => {
  const open = {
    request: { action: 'apply' as const, hunks: { a: [1] } },
    conflicts: [
      conflict('a', { hunks: [hunk] }),
      conflict('b', { reason: 'binary' }),
      conflict('c', { reason: 'deleted' }),
      conflict('d', { reason: 'syntax', merged: 'both' }),
      conflict('e', { reason: 'changed' }),
    ],
  };
  const choices = { c: { kind: 'take' }, d: { kind: 'text', text: 'both\n' } } as const;
  expect(decidedRequest(open, choices, ['a', 'b', 'c', 'd', 'e', 'f'])).toEqual({
    action: 'apply',
    hunks: { a: [1] },
    paths: ['a', 'c', 'd', 'e', 'f'],
    decisions: {
      a: { presentHash: 'hash of a', hunks: ['mine\n'] },
      c: { presentHash: 'hash of c', take: 'proposed' },
      d: { presentHash: 'hash of d', text: 'both\n' },
    },
  });
});

test('a second round keeps what was decided in the first, and the files that were named', () => {
  const first = { x: { presentHash: 'h', take: 'proposed' as const } };
  const open = {
    request: { action: 'apply' as const, paths: ['x', 'y'], decisions: first },
    conflicts: [conflict('y', { hunks: [hunk] })],
  };
  const next = decidedRequest(open, { y: { kind: 'hunks', texts: ['theirs\n'] } }, ['ignored']);
  expect(next.paths).toEqual(['x', 'y']);
  expect(next.decisions).toEqual({ ...first, y: { presentHash: 'hash of y', hunks: ['theirs\n'] } });
});
