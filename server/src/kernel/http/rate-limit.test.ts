import assert from 'node:assert/strict';
import test from 'node:test';
import { pino } from 'pino';
import type { RateClass } from '#base/contract.ts';
import { type Fault, isFault } from '#base/fault.ts';
import type { Principal } from '#base/principal.ts';
import { eventually } from '../testing/eventually.ts';
import { redisMissing, testRedis } from '../testing/redis.ts';
import { createMemoryBuckets } from './rate-buckets.ts';
import { type RateConfig, rateRulesOf, rateSection } from './rate-config.ts';
import { addressBlock, createRateLimiter } from './rate-limit.ts';
import type { TakeRate } from './rest.ts';
import { createTakeRate } from './take-rate.ts';

const log = pino({ level: 'silent' });
const config: RateConfig = rateSection.parse({
  readPerSecond: 2,
  readBurst: 4,
  executePerSecond: 1,
  executeBurst: 2,
  executeOutage: 'closed',
  addressFactor: 2,
});

function limiter() {
  const clock = { nowMs: 1_000_000 };
  const take = createRateLimiter({
    rules: rateRulesOf(config),
    addressFactor: config.addressFactor,
    now: () => clock.nowMs,
    log,
  });
  return { clock, take };
}

function user(userId: string, apiKeyId?: string): Principal {
  return {
    userId,
    username: userId,
    role: 'developer',
    credential: apiKeyId === undefined ? { kind: 'session', sessionId: 'any' } : { kind: 'apiKey', apiKeyId },
  };
}

interface Attempt {
  readonly principal?: Principal | null;
  readonly address?: string;
  readonly rateClass?: RateClass;
}

/** One call: whether it was let through, and the headers that it got. */
async function attempt(
  take: TakeRate,
  { principal = null, address = '10.0.0.1', rateClass = 'read' }: Attempt,
) {
  const headers: Record<string, string | number> = {};
  let refused: Fault | undefined;
  try {
    await take(
      { principal, address, rateClass },
      {
        header: (name, value) => {
          headers[name] = value;
        },
      },
    );
  } catch (error) {
    if (!isFault(error)) throw error;
    refused = error;
  }
  return { headers, refused, allowed: refused === undefined };
}

/** How many of so many calls are let through. */
async function allowedOf(count: number, take: TakeRate, input: Attempt): Promise<number> {
  let allowed = 0;
  for (let index = 0; index < count; index += 1) {
    if ((await attempt(take, input)).allowed) allowed += 1;
  }
  return allowed;
}

test('a burst is let through, then as many as are refilled', async () => {
  const { clock, take } = limiter();
  assert.equal(await allowedOf(10, take, {}), 4);
  clock.nowMs += 500;
  assert.equal(await allowedOf(10, take, {}), 1);
  clock.nowMs += 3_600_000;
  assert.equal(await allowedOf(10, take, {}), 4, 'a bucket holds no more than its burst');
});

test('a clock that is set back by an hour locks nobody out for an hour', async () => {
  const { clock, take } = limiter();
  assert.equal(await allowedOf(1, take, {}), 1);
  clock.nowMs -= 3_600_000;
  assert.equal(await allowedOf(10, take, {}), 3, 'what was left is still there');
  clock.nowMs += 500;
  assert.equal(await allowedOf(10, take, {}), 1, 'and grows from then on');
});

test('the headers say where the caller stands, and a refusal when to come again', async () => {
  const { clock, take } = limiter();
  assert.deepEqual((await attempt(take, {})).headers, {
    'ratelimit-limit': 4,
    'ratelimit-remaining': 3,
    'ratelimit-reset': 1,
    'ratelimit-policy': '4;w=2',
  });
  await allowedOf(3, take, {});
  const { refused, headers } = await attempt(take, {});
  assert.equal(refused?.code, 'common.rate_limited');
  assert.equal(refused?.data.retryAfterMs, 500);
  assert.equal(headers['ratelimit-remaining'], 0);
  clock.nowMs += 500;
  assert.equal((await attempt(take, {})).allowed, true, 'what was promised is kept');
});

test('classes, users and addresses have buckets of their own', async () => {
  const { take } = limiter();
  assert.equal(await allowedOf(9, take, { principal: user('ada') }), 4);
  assert.equal(await allowedOf(9, take, { principal: user('ada'), rateClass: 'execute' }), 2);
  assert.equal(await allowedOf(9, take, { principal: user('bob') }), 4);
  assert.equal(await allowedOf(9, take, { address: '10.0.0.2' }), 4);
  assert.equal(await allowedOf(9, take, { address: '10.0.0.3' }), 4);
});

test('a user’s keys share the user’s bucket, and each has its own', async () => {
  const { take, clock } = limiter();
  assert.equal(await allowedOf(3, take, { principal: user('ada', 'one') }), 3);
  assert.equal(await allowedOf(9, take, { principal: user('ada', 'two') }), 1);
  clock.nowMs += 60_000;
  const { headers } = await attempt(take, { principal: user('ada', 'one') });
  assert.equal(headers['ratelimit-remaining'], 3);
});

test('all users behind one address share a larger bucket', async () => {
  const { take } = limiter();
  let allowed = 0;
  for (const name of ['a', 'b', 'c', 'd']) allowed += await allowedOf(4, take, { principal: user(name) });
  assert.equal(allowed, 8);
});

test('a refused call takes nothing from any bucket', async () => {
  const { take, clock } = limiter();
  await allowedOf(4, take, { principal: user('ada') });
  await allowedOf(50, take, { principal: user('ada') });
  clock.nowMs += 1;
  assert.equal(
    await allowedOf(4, take, { principal: user('bob') }),
    4,
    'the address has not paid for refusals',
  );
});

test('addresses of one IPv6 subscriber count as one', () => {
  assert.equal(addressBlock('192.0.2.7'), '192.0.2.7');
  assert.equal(addressBlock('::ffff:192.0.2.7'), '192.0.2.7');
  assert.equal(addressBlock('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2');
  assert.equal(addressBlock('2001:db8:1:2::9'), '2001:db8:1:2');
  assert.equal(addressBlock('2001:db8::9'), '2001:db8:0:0');
  assert.equal(addressBlock('::1'), '0:0:0:0');
  assert.equal(addressBlock('fe80::1%eth0'), 'fe80:0:0:0');
});

test('a flood from many addresses costs bounded memory', () => {
  const buckets = createMemoryBuckets({ now: () => 0, maxBuckets: 1_000 });
  for (let index = 0; index < 50_000; index += 1) {
    buckets.draw([{ space: 'read:a', id: `10.${index}`, perSecond: 1, burst: 1 }]);
  }
  assert.equal(buckets.size, 1_000);
});

const skip = redisMissing();

test('with Redis, replicas share their buckets', { skip }, async () => {
  await using redis = await testRedis();
  const place = { url: redis.url, prefix: 'cds:test:' };
  await using first = await createTakeRate(config, { now: Date.now, log, redis: place });
  await using second = await createTakeRate(config, { now: Date.now, log, redis: place });
  const shared = await sharing(first.take, second.take);
  assert.equal(shared, true);
  const stranger = await createTakeRate(config, {
    now: Date.now,
    log,
    redis: { url: redis.url, prefix: 'cds:other:' },
  });
  await using _ = stranger;
  await eventually(async () => {
    const { headers } = await attempt(stranger.take, { principal: user('ada'), rateClass: 'execute' });
    assert.equal(headers['ratelimit-remaining'], 1, 'another installation has buckets of its own');
  });
});

/** Whether what one limiter took is missing at the other; waits until both are connected. */
async function sharing(first: TakeRate, second: TakeRate, wait = () => {}): Promise<boolean> {
  await eventually(async () => {
    wait();
    const name = `user-${Math.random()}`;
    const call = { principal: user(name), address: name, rateClass: 'read' as const };
    await attempt(first, call);
    await attempt(first, call);
    assert.equal((await attempt(second, call)).headers['ratelimit-remaining'], 1);
  });
  return true;
}

test('while Redis is away an open class goes on in memory and a closed one is refused', {
  skip,
}, async () => {
  await using redis = await testRedis();
  const place = { url: redis.url, prefix: 'cds:test:' };
  // Stands still while calls are counted: a slow machine would see buckets grow.
  const clock = { nowMs: 1_000_000 };
  const parts = { now: () => clock.nowMs, log, redis: place };
  const pauseIsOver = () => {
    clock.nowMs += 2_000;
  };
  await using one = await createTakeRate(config, parts);
  await using two = await createTakeRate(config, parts);
  await sharing(one.take, two.take, pauseIsOver);
  for (const end of [() => redis.freeze(), () => redis.stop()]) {
    await end();
    pauseIsOver();
    const startedMs = performance.now();
    const closed = await attempt(one.take, { principal: user('eve'), rateClass: 'execute' });
    assert.equal(closed.refused?.code, 'common.unavailable');
    assert.ok(performance.now() - startedMs < 8_000, 'a Redis that hangs costs a bounded wait');
    const address = `10.1.1.${Math.floor(Math.random() * 200)}`;
    assert.equal(await allowedOf(9, one.take, { principal: user(address), address }), 4);
  }
  await redis.start();
  await sharing(one.take, two.take, pauseIsOver);
});
