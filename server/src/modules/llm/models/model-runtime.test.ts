import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fault, isFault } from '#base/fault.ts';
import { ModelRuntime } from './model-runtime.ts';

test('a clock that is set back by an hour keeps no failed model from starting for an hour', async () => {
  const clock = { nowMs: 3_600_000 };
  let starts = 0;
  const runtime = new ModelRuntime({
    modelId: 'm',
    parallel: 1,
    waitingAtMost: 1,
    waitingPerUserAtMost: 1,
    now: () => clock.nowMs,
    start: async () => {
      starts += 1;
      throw fault('llm.engine_failed', { model: 'm', reason: 'it ends at once' });
    },
    onState: () => undefined,
  });
  const attempt = () =>
    assert.rejects(runtime.lease(new AbortController().signal), (error) =>
      isFault(error, 'llm.engine_failed'),
    );
  for (let failures = 0; failures < 3; failures += 1) {
    await attempt();
    clock.nowMs += 1_000;
  }
  assert.equal(starts, 3);
  clock.nowMs -= 3_600_000;
  await attempt();
  assert.equal(starts, 4);
});
