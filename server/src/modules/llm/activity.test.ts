import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createActivity } from './activity.ts';

const request = {
  username: 'mara',
  model: 'machine',
  endpoint: '/v1/chat/completions',
  promptTokens: 10,
  completionTokens: 5,
  firstTokenMs: 20,
  durationMs: 100,
  outcome: 'ok',
};

test('the last hour is told by minutes, empty ones included, and older ones are forgotten', () => {
  let nowMs = Date.parse('2026-01-01T10:00:30Z');
  const activity = createActivity(() => nowMs);
  activity.note(request);
  activity.note({ ...request, outcome: 'llm.engine_failed' });
  activity.note({ ...request, outcome: 'common.cancelled' });
  nowMs += 2 * 60_000;
  activity.note({ ...request, model: 'other' });
  const minutes = activity.minutes();
  assert.equal(minutes.length, 60);
  assert.equal(minutes.at(-1)?.at, '2026-01-01T10:02:00.000Z');
  assert.deepEqual(minutes.at(-1)?.models, [{ model: 'other', requests: 1, failed: 0, tokens: 15 }]);
  assert.deepEqual(minutes.at(-2)?.models, []);
  assert.deepEqual(minutes.at(-3)?.models, [{ model: 'machine', requests: 3, failed: 1, tokens: 45 }]);
  nowMs += 3_600_000;
  activity.note(request);
  const shown = activity.minutes().flatMap(({ models }) => models);
  assert.equal(shown.length, 1);
});

test('of many requests the last fifty are told, newest first', () => {
  const activity = createActivity(() => 0);
  for (let index = 0; index < 60; index += 1) activity.note({ ...request, promptTokens: index });
  const told = activity.requests();
  assert.equal(told.length, 50);
  assert.equal(told[0]?.promptTokens, 59);
});
