import { expect, test } from 'vitest';
import { createStore } from '../../ui/store.ts';
import type { Step } from './agent-queries.ts';
import { appliedOf, isApplied } from './applied.ts';
import { decide, selectionOf, undecide, type Verdicts } from './decisions.ts';

const step = (kind: Step['kind'], data: Record<string, unknown>): Step => ({
  sequence: 1,
  at: '2026-01-01T00:00:00.000Z',
  kind,
  data,
});

test('only what was accepted and does not stand yet is applied', () => {
  const store = createStore<Verdicts>({});
  decide(store, 'a', { 1: 'accepted', 2: 'refused', 3: 'accepted' });
  decide(store, 'b', { 1: 'accepted' });
  decide(store, 'c', { 1: 'refused' });
  undecide(store, 'b', 1);
  const files = ['a', 'b', 'c'].map((path) => ({ path, numbers: [1, 2, 3] }));
  expect(selectionOf(files, store.get(), new Map())).toEqual({
    paths: ['a'],
    hunks: { a: [1, 3] },
    count: 2,
  });
  expect(selectionOf(files, store.get(), new Map([['a', new Set([1])]])).hunks).toEqual({ a: [3] });
});

test('the log tells what stands: parts, later parts, a rollback of one file, and its undo', () => {
  const steps = [
    step('applied', { paths: ['a', 'b'], hunks: { a: [1] } }),
    step('applied', { paths: ['a'], hunks: { a: [3] } }),
  ];
  const both = appliedOf(steps);
  expect([isApplied(both, 'a', 1), isApplied(both, 'a', 2), isApplied(both, 'a', 3)]).toEqual([
    true,
    false,
    true,
  ]);
  expect(isApplied(both, 'b', 9)).toBe(true);
  const back = [...steps, step('rolled_back', { paths: ['a'] })];
  expect(isApplied(appliedOf(back), 'a', 1)).toBe(false);
  expect(isApplied(appliedOf(back), 'b', 1)).toBe(true);
  const again = appliedOf([...back, step('applied', { paths: ['a'], hunks: {}, redo: true })]);
  expect([isApplied(again, 'a', 2), isApplied(again, 'a', 3)]).toEqual([false, true]);
});
