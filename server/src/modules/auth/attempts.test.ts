import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import test, { after } from 'node:test';
import { isFault } from '#base/fault.ts';
import { addressGroup } from './address-group.ts';
import { removeOldAttempts } from './attempt-store.ts';
import { createAttempts } from './attempts.ts';
import { authWorld } from './testing/auth-world.ts';

const server = await authWorld();
after(() => server[Symbol.asyncDispose]());
const { world } = server;
const key = randomBytes(32);
const limits = { signInsPerUser: 3, signInsPerAddress: 5, registrationsPerAddress: 2 };

/** A new one each time: what it knows must come from the database. */
function attempts() {
  return createAttempts({ database: world.database, key, now: world.clock.now, limits });
}

async function delayOf(subject: { username: string; address: string }): Promise<number> {
  try {
    await attempts().signIn(subject);
    return 0;
  } catch (error) {
    assert.ok(isFault(error, 'common.rate_limited'));
    return Number(error.data.retryAfterMs);
  }
}

let addresses = 0;
function freshAddress(): string {
  addresses += 1;
  return `10.0.${addresses >> 8}.${addresses & 255}`;
}

function near(actualMs: number, expectedMs: number): void {
  assert.ok(Math.abs(actualMs - expectedMs) < 900, `${actualMs} ms is not about ${expectedMs} ms`);
}

test('after the free attempts each further one doubles the wait, up to a bound', async () => {
  const username = randomUUID();
  const attempt = () => delayOf({ username, address: freshAddress() });
  for (let free = 0; free < 4; free += 1) assert.equal(await attempt(), 0);
  const waits: number[] = [];
  for (let round = 0; round < 11; round += 1) {
    const waitMs = await attempt();
    waits.push(waitMs);
    world.clock.advance(waitMs);
    assert.equal(await attempt(), 0);
  }
  near(waits[0] ?? 0, 1_000);
  for (const [index, waitMs] of waits.entries()) {
    const before = waits[index - 1];
    if (before !== undefined && before < 100_000) assert.ok(waitMs > before * 1.4, `${waits}`);
    assert.ok(waitMs <= 300_000);
  }
  near(waits.at(-1) ?? 0, 300_000);
});

test('being blocked does not lengthen the block', async () => {
  const username = randomUUID();
  for (let index = 0; index < 4; index += 1) await delayOf({ username, address: freshAddress() });
  const first = await delayOf({ username, address: freshAddress() });
  for (let index = 0; index < 20; index += 1) await delayOf({ username, address: freshAddress() });
  assert.ok((await delayOf({ username, address: freshAddress() })) <= first);
});

test('a thousand guesses at once are not all the first: they are counted before they are looked at', async () => {
  const username = randomUUID();
  const waits = await Promise.all(
    Array.from({ length: 100 }, () => delayOf({ username, address: freshAddress() })),
  );
  assert.equal(waits.filter((waitMs) => waitMs === 0).length, 4);
});

test('an address is held back whatever names it tries', async () => {
  const address = freshAddress();
  const waits: number[] = [];
  for (let index = 0; index < 8; index += 1) waits.push(await delayOf({ username: randomUUID(), address }));
  assert.deepEqual(
    waits.map((waitMs) => waitMs > 0),
    [false, false, false, false, false, false, true, true],
  );
});

test('time forgives: one attempt per ten minutes', async () => {
  const username = randomUUID();
  for (let index = 0; index < 4; index += 1) await delayOf({ username, address: freshAddress() });
  world.clock.advance(40 * 60_000);
  for (let index = 0; index < 4; index += 1) {
    assert.equal(await delayOf({ username, address: freshAddress() }), 0);
  }
  assert.ok((await delayOf({ username, address: freshAddress() })) > 0);
});

test('a right password clears the user’s counter', async () => {
  const subject = { username: randomUUID(), address: freshAddress() };
  for (let index = 0; index < 12; index += 1) {
    const attempt = await attempts().signIn(subject);
    await attempt.succeeded();
  }
  assert.equal(await delayOf(subject), 0);
});

test('registration is limited per address as well', async () => {
  const address = freshAddress();
  const register = () => attempts().registration({ username: randomUUID(), address });
  for (let index = 0; index < 3; index += 1) await register();
  await assert.rejects(register(), (error) => isFault(error, 'common.rate_limited'));
});

test('addresses that one person holds count as one', () => {
  assert.equal(addressGroup('192.0.2.7'), '192.0.2.7');
  assert.equal(addressGroup('::ffff:192.0.2.7'), '192.0.2.7');
  assert.equal(addressGroup('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2');
  assert.equal(addressGroup('2001:0db8:1:2::9'), '2001:db8:1:2');
  assert.equal(addressGroup('2001:db8::1'), '2001:db8:0:0');
  assert.equal(addressGroup('::1'), '0:0:0:0');
  assert.equal(addressGroup('fe80::1%eth0'), 'fe80:0:0:0');
  assert.equal(addressGroup('internal'), 'internal');
});

test('what people typed is not readable in the table, which stays bounded', async () => {
  const { database } = world;
  await delayOf({ username: 'my-password-by-mistake', address: freshAddress() });
  const [row] = await database.query<{ text: string }>({
    text: `select string_agg(attempt::text, ' ') as text from auth.attempt`,
  });
  const hex = Buffer.from('my-password-by-mistake').toString('hex');
  assert.ok(row && !row.text.includes('my-password') && !row.text.includes(hex));

  await removeOldAttempts(database, { beforeMs: 0, keep: 5 });
  const [left] = await database.query<{ count: bigint }>({ text: 'select count(*) from auth.attempt' });
  assert.equal(left?.count, 5n);
  world.clock.advance(25 * 3_600_000);
  await attempts().cleanUp();
  const [none] = await database.query<{ count: bigint }>({ text: 'select count(*) from auth.attempt' });
  assert.equal(none?.count, 0n);
});

test('a guesser is told to wait over HTTP too, and the right password waits with the wrong ones', async () => {
  const { username } = await server.register();
  let answer = await server.login(username, 'wrong password');
  // Each request moves the clock by half a second, so the wait must have grown well beyond that.
  const waitMs = () => (answer.status === 429 ? Number(answer.body.retryAfterMs) : 0);
  for (let index = 0; index < 60 && waitMs() < 3_000; index += 1) {
    answer = await server.login(username, 'wrong password');
  }
  assert.equal(answer.status, 429);
  assert.equal(answer.body.code, 'common.rate_limited');
  assert.ok(Number(answer.headers.get('retry-after')) >= 1);
  assert.equal((await server.login(username)).status, 429);
  world.clock.advance(answer.body.retryAfterMs);
  assert.equal((await server.login(username)).status, 200);
});
