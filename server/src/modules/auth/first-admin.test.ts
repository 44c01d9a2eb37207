import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { isFault } from '#base/fault.ts';
import { testDatabase } from '#kernel/testing/database.ts';
import { createFirstAdmin } from './first-admin.ts';
import { createPasswords } from './passwords.ts';
import { authWorld } from './testing/auth-world.ts';
import { findUserByName } from './user-store.ts';

const openings = { usual: 0, credit: async () => {}, recover: async () => {}, balances: async () => ({}) };

async function start() {
  const { database, migrate, [Symbol.asyncDispose]: dispose } = await testDatabase();
  await migrate([{ name: 'auth', migrations: new URL('./migrations/', import.meta.url) }]);
  const dataDir = mkdtempSync(path.join(tmpdir(), 'cds-first-'));
  const shown: string[] = [];
  const passwords = await createPasswords();
  return {
    database,
    dataDir,
    shown,
    passwords,
    file: path.join(dataDir, 'first-admin-password.txt'),
    replica: (chosenPassword?: string) =>
      createFirstAdmin({
        database,
        publish: async () => {},
        passwords,
        openings,
        dataDir,
        chosenPassword,
        show: ({ password }) => shown.push(password),
        now: Date.now,
      }),
    async [Symbol.asyncDispose]() {
      rmSync(dataDir, { recursive: true, force: true });
      await dispose();
    },
  };
}

test('the first start makes an administrator with a random password, shown once, kept for the owner alone', async () => {
  await using world = await start();
  await world.replica().ensure();
  const kept = readFileSync(world.file, 'utf8').trim();
  assert.match(kept, /^[A-Za-z0-9]{24}$/);
  assert.deepEqual(world.shown, [kept]);
  assert.equal(statSync(world.file).mode & 0o777, 0o600);
  const admin = await findUserByName(world.database, 'admin');
  assert.equal(admin?.user.role, 'admin');
  assert.equal(await world.passwords.verify(kept, admin?.passwordHash), true);
  await world.replica().ensure();
  assert.equal(world.shown.length, 1);
  assert.equal(readFileSync(world.file, 'utf8').trim(), kept);
});

test('four replicas that start at once make one administrator, whose password is the one in the file', async () => {
  await using world = await start();
  await Promise.all(Array.from({ length: 4 }, () => world.replica().ensure()));
  assert.equal(world.shown.length, 1);
  const kept = readFileSync(world.file, 'utf8').trim();
  assert.equal(world.shown[0], kept);
  const admin = await findUserByName(world.database, 'admin');
  assert.equal(await world.passwords.verify(kept, admin?.passwordHash), true);
  assert.deepEqual(readdirSync(world.dataDir), ['first-admin-password.txt']);
});

test('a crash after the file and before the account is repaired by the next start', async () => {
  await using world = await start();
  const failing = createFirstAdmin({
    database: {
      ...world.database,
      transaction: (work) =>
        world.database.transaction(async (transaction) => {
          await work(transaction);
          throw new Error('the process ends here');
        }),
    },
    publish: async () => {},
    passwords: world.passwords,
    openings,
    dataDir: world.dataDir,
    chosenPassword: undefined,
    show: () => assert.fail('nothing is shown before it is true'),
    now: Date.now,
  });
  await assert.rejects(failing.ensure());
  assert.ok(existsSync(world.file));
  await world.replica().ensure();
  const admin = await findUserByName(world.database, 'admin');
  const kept = readFileSync(world.file, 'utf8').trim();
  assert.equal(await world.passwords.verify(kept, admin?.passwordHash), true);
});

test('a password that the administrator chose is shown and kept nowhere', async () => {
  await using world = await start();
  await world.replica('a chosen passphrase').ensure();
  assert.deepEqual(world.shown, []);
  assert.deepEqual(readdirSync(world.dataDir), []);
  const admin = await findUserByName(world.database, 'admin');
  assert.equal(await world.passwords.verify('a chosen passphrase', admin?.passwordHash), true);
});

test('a chosen password that is weak stops the start with the name of the setting', async () => {
  await using world = await start();
  for (const weak of ['short', 'password123', 'x'.repeat(300)]) {
    await assert.rejects(world.replica(weak).ensure(), (error) => {
      assert.ok(isFault(error, 'config.invalid'));
      assert.equal(error.data.name, 'CDS_ADMIN_PASSWORD');
      assert.ok(!JSON.stringify(error.data).includes(weak));
      return true;
    });
  }
});

test('the sign-in page tells of the first start until somebody has signed in', async (t) => {
  const printed: string[] = [];
  t.mock.method(process.stdout, 'write', (text: string) => {
    printed.push(String(text));
    return true;
  });
  const server = await authWorld({ CDS_ADMIN_PASSWORD: '' });
  t.mock.restoreAll();
  t.after(() => server[Symbol.asyncDispose]());
  const { dataDir } = server.world;
  const file = path.join(dataDir, 'first-admin-password.txt');
  const password = readFileSync(file, 'utf8').trim();
  assert.equal(printed.filter((text) => text.includes(password)).length, 1);

  const before = await server.request('GET /auth/status');
  assert.equal(before.body.firstRun, true);
  assert.equal(before.body.firstAdmin, 'admin');
  assert.equal(before.body.firstPasswordFile, 'first-admin-password.txt');
  assert.ok(!JSON.stringify(before.body).includes(dataDir));

  const { body } = await server.login('admin', password);
  const after = await server.request('GET /auth/status');
  assert.equal(after.body.firstRun, false);
  assert.equal(after.body.firstPasswordFile, null);

  const change = { currentPassword: password, newPassword: 'nine loud herons' };
  await server.request('POST /auth/password', { token: body.accessToken, body: change });
  assert.equal(existsSync(file), false, 'the file goes when its password works no more');
});
