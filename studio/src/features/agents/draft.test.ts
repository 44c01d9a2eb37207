import { expect, test } from 'vitest';
import { type Draft, dispatchOf, millionthsOf, partsOfTask, taskTextOf, withChip } from './draft.ts';

const draft: Draft = {
  text: ' Back off. ',
  agent: 'debug',
  model: undefined,
  chips: [
    { kind: 'file', path: 'a.ts' },
    { kind: 'selection', path: 'a.ts', startLine: 9, endLine: 22, text: 'const a = 1;' },
    { kind: 'search', query: 'retry' },
  ],
  command: 'npm test',
  priority: 7,
  tokens: 1_000,
  minutes: 0.5,
  escalateTo: undefined,
  money: '0,25',
  after: undefined,
};

test('a task says what was written and what was chosen, and both can be told apart again', () => {
  const task = taskTextOf(draft, ['Found for retry:\n- a.ts:3 retry()']);
  expect(task).toContain('Lines 9-22 of a.ts:\n```\nconst a = 1;\n```');
  expect(partsOfTask(task)).toEqual({ text: 'Back off.', added: ['9-22 of a.ts', 'retry'] });
  expect(taskTextOf({ ...draft, chips: [] }, [])).toBe('Back off.');
});

test('what is sent: each file once, limits in seconds, no model of its own', () => {
  expect(dispatchOf('p', draft, { task: 'x', command: ['npm', 'test'] })).toEqual({
    projectId: 'p',
    agent: 'debug',
    task: 'x',
    files: ['a.ts'],
    priority: 7,
    budget: { tokens: 1_000, seconds: 30, cost: 250_000 },
    command: { command: 'npm', args: ['test'] },
  });
});

test('money is typed with a point or a comma; nothing, or what is no amount, is no limit', () => {
  expect(['1.5', '0,000001', '0', '', ' ', 'much', '-1'].map(millionthsOf)).toEqual([
    1_500_000,
    1,
    0,
    null,
    null,
    null,
    null,
  ]);
});

test('the same chip twice is one', () => {
  const chips = withChip(withChip([], { kind: 'file', path: 'a' }), { kind: 'file', path: 'a' });
  expect(chips).toHaveLength(1);
});
