import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import test from 'node:test';
import { systemCall } from './call-context.ts';

test('calls of the platform leave nothing behind on the signal of the whole process', () => {
  const stopping = new AbortController();
  const origin = { traceId: 'trace', signal: stopping.signal };
  const calls = Array.from({ length: 100 }, () => systemCall(origin));
  for (const call of calls) assert.equal(call.signal.aborted, false);
  assert.equal(getEventListeners(stopping.signal, 'abort').length, 0);
  const unasked = systemCall(origin);
  stopping.abort(new Error('the process stops'));
  for (const call of [...calls, unasked, systemCall(origin)]) {
    assert.throws(() => call.signal.throwIfAborted(), /the process stops/);
  }
});
