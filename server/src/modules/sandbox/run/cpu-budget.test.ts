import assert from 'node:assert/strict';
import test from 'node:test';
import { isFault } from '#base/fault.ts';
import { createCpuBudget } from './cpu-budget.ts';

test('whoever spent their processor time waits until some of it is there again', () => {
  let nowMs = 0;
  const budget = createCpuBudget({ secondsPerHour: 3600, elapsed: () => nowMs });
  budget.assertLeft('a');
  budget.spend('a', 3_600_000);
  budget.assertLeft('b');
  let retryAfterMs = 0;
  assert.throws(
    () => budget.assertLeft('a'),
    (error) => {
      if (!isFault(error, 'sandbox.cpu_quota')) return false;
      retryAfterMs = Number(error.data.retryAfterMs);
      return true;
    },
  );
  assert.equal(retryAfterMs, 180_000);
  nowMs = retryAfterMs;
  budget.assertLeft('a');
  budget.spend('a', 1_000_000);
  assert.throws(() => budget.assertLeft('a'));
  nowMs += 10 * 3_600_000;
  budget.spend('a', 3_599_000);
  budget.assertLeft('a');
});
