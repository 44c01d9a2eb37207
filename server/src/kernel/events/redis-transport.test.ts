import assert from 'node:assert/strict';
import test from 'node:test';
import { pino } from 'pino';
import { eventually } from '../testing/eventually.ts';
import { redisMissing, testRedis } from '../testing/redis.ts';
import { createRedisTransport } from './redis-transport.ts';
import type { EventTransport } from './transport.ts';

const skip = redisMissing();
const log = pino({ level: 'silent' });

/** What was sent on the way around Redis. */
function recordingFallback(): EventTransport & { readonly sent: string[] } {
  const sent: string[] = [];
  return {
    sent,
    start: () => Promise.resolve(),
    send: (message) => void sent.push(message),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

test('messages reach the other process through Redis, and only the same installation', { skip }, async () => {
  await using redis = await testRedis();
  const fallback = recordingFallback();
  await using sender = createRedisTransport({ url: redis.url, channel: 'one', log, fallback });
  await using receiver = createRedisTransport({ url: redis.url, channel: 'one', log, fallback });
  await using stranger = createRedisTransport({ url: redis.url, channel: 'two', log, fallback });
  const got: string[] = [];
  const strange: string[] = [];
  await sender.start(
    () => undefined,
    () => undefined,
  );
  await receiver.start(
    (message) => got.push(message),
    () => undefined,
  );
  await stranger.start(
    (message) => strange.push(message),
    () => undefined,
  );
  sender.send('hello');
  await eventually(() => assert.deepEqual(got, ['hello']));
  assert.deepEqual(strange, []);
  assert.deepEqual(fallback.sent, []);
});

test('during an outage messages take the other way, and Redis is used again when it is back', {
  skip,
}, async () => {
  await using redis = await testRedis();
  const lines: string[] = [];
  const noted = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });
  const fallback = recordingFallback();
  await using sender = createRedisTransport({ url: redis.url, channel: 'one', log: noted, fallback });
  await using receiver = createRedisTransport({ url: redis.url, channel: 'one', log: noted, fallback });
  const got: string[] = [];
  let gaps = 0;
  await sender.start(
    () => undefined,
    () => undefined,
  );
  await receiver.start(
    (message) => got.push(message),
    () => {
      gaps += 1;
    },
  );
  await redis.stop();
  await eventually(() => {
    sender.send('during');
    assert.ok(fallback.sent.includes('during'));
  });
  await redis.start();
  await eventually(() => assert.equal(gaps, 1));
  await eventually(() => {
    sender.send('after');
    assert.ok(got.includes('after'));
  });
  const warnings = lines.filter((line) => line.includes('going on without it'));
  assert.equal(warnings.length, 4, 'once for each of two connections of two processes');
});

test('a Redis that is not there at the start does not keep the process from starting', async () => {
  const fallback = recordingFallback();
  await using transport = createRedisTransport({
    url: 'redis://127.0.0.1:1',
    channel: 'one',
    log,
    fallback,
  });
  await transport.start(
    () => undefined,
    () => undefined,
  );
  transport.send('anyway');
  assert.deepEqual(fallback.sent, ['anyway']);
});
