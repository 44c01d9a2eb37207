import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test from 'node:test';
import pino from 'pino';
import { testDatabase } from '#kernel/testing/database.ts';
import { createAccessTokens } from './access-tokens.ts';
import { decrypt, encrypt } from './key-encryption.ts';
import { createSigningKeys } from './signing-keys.ts';

const dayMs = 24 * 3_600_000;
const minuteMs = 60_000;
const subject = {
  userId: '0190a0a0-0000-7000-8000-000000000001',
  sessionId: '0190a0a0-0000-7000-8000-000000000002',
  username: 'ada',
  role: 'developer',
} as const;

/** Replicas on one database, with one clock. */
async function replicas() {
  const test = await testDatabase();
  await test.migrate([{ name: 'auth', migrations: new URL('./migrations/', import.meta.url) }]);
  const clock = { nowMs: Date.UTC(2026, 0, 1) };
  const now = () => clock.nowMs;
  const published: unknown[] = [];
  return {
    clock,
    published,
    database: test.database,
    start(encryptionKey: Buffer) {
      const keys = createSigningKeys({
        database: test.database,
        publish: async (_name, payload) => {
          published.push(payload);
        },
        encryptionKey,
        rotateAfterMs: 30 * dayMs,
        now,
        log: pino({ level: 'silent' }),
      });
      return { keys, tokens: createAccessTokens({ keys, now, lifetimeSeconds: 86_400 }) };
    },
    [Symbol.asyncDispose]: () => test[Symbol.asyncDispose](),
  };
}

test('four replicas that start at once agree on one key', async () => {
  await using world = await replicas();
  const secret = randomBytes(32);
  const four = Array.from({ length: 4 }, () => world.start(secret));
  await Promise.all(four.map(({ keys }) => keys.rotateIfDue()));
  const kids = await Promise.all(four.map(async ({ keys }) => (await keys.current()).kid));
  assert.equal(new Set(kids).size, 1);
  const { accessToken } = (await four[0]?.tokens.sign(subject)) ?? {};
  for (const { tokens } of four) assert.equal((await tokens.verify(accessToken ?? ''))?.sub, subject.userId);
});

test('rotation logs nobody out: the old key verifies until its last token has ended', async () => {
  await using world = await replicas();
  const secret = randomBytes(32);
  const [first, second] = [world.start(secret), world.start(secret)];
  await first.keys.rotateIfDue();
  const oldKid = (await first.keys.current()).kid;

  world.clock.nowMs += 30 * dayMs;
  await Promise.all([first.keys.rotateIfDue(), second.keys.rotateIfDue()]);
  assert.equal((await first.keys.published()).length, 2, 'the next key is published');
  assert.equal((await first.keys.current()).kid, oldKid, 'and does not sign yet');

  world.clock.nowMs += 10 * minuteMs - 1;
  const { accessToken: last } = await first.tokens.sign(subject);
  world.clock.nowMs += 1;
  const newKid = (await second.keys.current()).kid;
  assert.notEqual(newKid, oldKid);

  world.clock.nowMs += dayMs - minuteMs;
  for (const replica of [first, second]) {
    await replica.keys.rotateIfDue();
    assert.equal((await replica.tokens.verify(last))?.sub, subject.userId);
  }
  world.clock.nowMs += 5 * minuteMs;
  await first.keys.rotateIfDue();
  assert.deepEqual(
    (await first.keys.published()).map((key) => key.kid),
    [newKid],
    'the old one is gone once nothing needs it',
  );
});

test('a replica knows a key that another one made, at once', async () => {
  await using world = await replicas();
  const secret = randomBytes(32);
  const [first, second] = [world.start(secret), world.start(secret)];
  await first.keys.rotateIfDue();
  await second.keys.published();
  world.clock.nowMs += 30 * dayMs;
  await first.keys.rotateIfDue();
  world.clock.nowMs += 11 * minuteMs;
  const { accessToken } = await first.tokens.sign(subject);
  assert.equal((await second.tokens.verify(accessToken))?.sub, subject.userId);
});

test('ids of keys that nobody knows do not make the database busy', async () => {
  await using world = await replicas();
  const { keys } = world.start(randomBytes(32));
  await keys.rotateIfDue();
  await world.database.execute({ text: 'drop table auth.signing_key' });
  for (let index = 0; index < 100; index += 1) {
    assert.equal(await keys.publicKey(`invented-${index}`), undefined);
  }
});

test('private keys are encrypted, and useless without the installation’s secret', async () => {
  await using world = await replicas();
  const { keys } = world.start(randomBytes(32));
  await keys.rotateIfDue();
  const [row] = await world.database.query<{ kid: string; private_key: Buffer }>({
    text: 'select kid, private_key from auth.signing_key',
  });
  assert.ok(row);
  assert.equal(row.private_key.includes(Buffer.from('302e0201', 'hex')), false, 'no PKCS #8 in plain');
  assert.equal(decrypt(row.private_key, randomBytes(32), row.kid), undefined);
});

test('after a change of the secret there is a new key, and old tokens still count', async () => {
  await using world = await replicas();
  const before = world.start(randomBytes(32));
  await before.keys.rotateIfDue();
  const { accessToken } = await before.tokens.sign(subject);
  const after = world.start(randomBytes(32));
  await after.keys.rotateIfDue();
  assert.notEqual((await after.keys.current()).kid, (await before.keys.current()).kid);
  assert.equal((await after.tokens.verify(accessToken))?.sub, subject.userId);
  await after.keys.rotateIfDue();
  assert.equal((await after.keys.published()).length, 2, 'and only one new key');
});

test('what was encrypted opens with the same key and purpose alone, unchanged and untruncated', () => {
  const key = randomBytes(32);
  const sealed = encrypt(Buffer.from('private'), key, 'kid-1');
  assert.equal(decrypt(sealed, key, 'kid-1')?.toString(), 'private');
  assert.equal(decrypt(sealed, key, 'kid-2'), undefined);
  assert.equal(decrypt(sealed, randomBytes(32), 'kid-1'), undefined);
  assert.equal(decrypt(sealed.subarray(0, 27), key, 'kid-1'), undefined);
  for (let index = 0; index < sealed.length; index += 1) {
    const changed = Buffer.from(sealed);
    changed[index] = (changed[index] ?? 0) ^ 1;
    assert.equal(decrypt(changed, key, 'kid-1'), undefined, `byte ${index}`);
  }
});
