import assert from 'node:assert/strict';
import test from 'node:test';
import { createReplayGuard } from './replay-guard.ts';

const from = 'sender';
const mark = (number: number, sentMs = 0) => ({ from, to: 'receiver', sentMs, number });

test('a number is taken once, in whatever order calls arrive', () => {
  const guard = createReplayGuard();
  for (const number of [1, 5, 3, 2, 40_000, 4]) assert.equal(guard.take(mark(number), 0), true, `${number}`);
  for (const number of [1, 2, 3, 4, 5, 40_000]) assert.equal(guard.take(mark(number), 0), false, `${number}`);
});

test('numbers that share a place in the window do not stand for one another', () => {
  const guard = createReplayGuard();
  assert.equal(guard.take(mark(7), 0), true);
  assert.equal(guard.take(mark(7 + 65_536), 0), true);
  assert.equal(guard.take(mark(7), 0), false, 'older than the window');
  assert.equal(guard.take(mark(8), 0), true, 'the oldest that still counts');
  assert.equal(guard.take(mark(7 + 10 * 65_536), 0), true);
  assert.equal(guard.take(mark(8 + 9 * 65_536), 0), true);
  assert.equal(guard.take(mark(7 + 10 * 65_536), 0), false);
});

test('a sender is remembered for as long as one of its calls could be believed, and its numbers are its own', () => {
  const guard = createReplayGuard();
  assert.equal(guard.take(mark(1, 60_000), 0), true);
  for (let other = 0; other < 10; other += 1)
    assert.equal(guard.take({ ...mark(1), from: `other-${other}` }, 119_000), true);
  assert.equal(guard.take(mark(1, 60_000), 119_999), false);
});
