import assert from 'node:assert/strict';
import test from 'node:test';
import { periodSpan } from './periods.ts';

test('a day begins and ends at midnight UTC', () => {
  const span = periodSpan('day', Date.UTC(2026, 1, 28, 23, 59, 59, 999));
  assert.deepEqual(span, { startDate: '2026-02-28', endsAtMs: Date.UTC(2026, 2, 1) });
});

test('a month runs to the first of the next, over the end of a year', () => {
  const span = periodSpan('month', Date.UTC(2026, 11, 31, 12));
  assert.deepEqual(span, { startDate: '2026-12-01', endsAtMs: Date.UTC(2027, 0, 1) });
});
