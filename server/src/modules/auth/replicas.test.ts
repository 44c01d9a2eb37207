import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { listen } from '#kernel/listen.ts';
import { startPlatform } from '#kernel/platform.ts';
import { testDatabase } from '#kernel/testing/database.ts';
import { ledger } from '#modules/ledger/module.ts';
import { auth } from './module.ts';

const modules = [ledger, auth];
const adminPassword = 'a first password for tests';

/** Several processes' worth of the platform on one empty database, all started at once. */
async function replicas(count: number) {
  await using startup = new AsyncDisposableStack();
  const dataDir = mkdtempSync(path.join(tmpdir(), 'cds-replicas-'));
  startup.defer(() => rmSync(dataDir, { recursive: true, force: true }));
  const database = startup.use(await testDatabase());
  const urls = await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const platform = startup.use(
        await startPlatform({
          service: `auth-${index}`,
          modules,
          knownModules: modules,
          alone: false,
          environment: {
            CDS_DATA_DIR: dataDir,
            DATABASE_URL: database.connectionString,
            CDS_DATABASE_CONNECTIONS: '4',
            CDS_ADMIN_PASSWORD: adminPassword,
            CDS_LOG_LEVEL: 'silent',
            CDS_LOG_FILE: 'false',
          },
        }),
      );
      return listen(platform, { service: 'auth', modules: ['auth', 'ledger'], port: 0 });
    }),
  );
  const stack = startup.move();
  return {
    database: database.database,
    dataDir,
    urls,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

async function send(url: string, line: string, { token, body }: { token?: string; body?: unknown } = {}) {
  const [method = 'GET', address = '/'] = line.split(' ');
  const response = await fetch(url + address, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? null : JSON.parse(text) };
}

test('four replicas that start at once on an empty database share accounts, keys and revocations', async () => {
  await using world = await replicas(4);
  const [first = '', second = '', third = ''] = world.urls;

  const admins = await world.database.query({ text: `select id from auth.users where role = 'admin'` });
  assert.equal(admins.length, 1);
  assert.ok(!readdirSync(world.dataDir).includes('first-admin-password.txt'));
  const jwks = await Promise.all(
    world.urls.map(async (url) => (await send(url, 'GET /.well-known/jwks.json')).body),
  );
  for (const published of jwks) assert.deepEqual(published, jwks[0]);

  const signedIn = await send(first, 'POST /auth/login', {
    body: { username: 'admin', password: adminPassword },
  });
  const token: string = signedIn.body.accessToken;
  for (const url of world.urls) assert.equal((await send(url, 'GET /auth/me', { token })).status, 200);

  const key = await send(second, 'POST /auth/api-key/generate', { token, body: { name: 'shared' } });
  const apiKey: string = key.body.apiKey;
  for (const url of world.urls)
    assert.equal((await send(url, 'GET /auth/me', { token: apiKey })).status, 200);

  await send(third, 'DELETE /auth/api-key/revoke', { token, body: { id: key.body.id } });
  // From the answer on, however long that took: the promise is a second, also where no word of it arrives.
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  for (const url of world.urls)
    assert.equal((await send(url, 'GET /auth/me', { token: apiKey })).status, 401);
});
