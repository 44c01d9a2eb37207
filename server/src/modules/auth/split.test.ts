import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import test from 'node:test';
import { listen } from '#kernel/listen.ts';
import type { AnyModule } from '#kernel/module.ts';
import { startPlatform } from '#kernel/platform.ts';
import { testDatabase } from '#kernel/testing/database.ts';
import { ledger } from '#modules/ledger/module.ts';
import { auth } from './module.ts';

interface Captured {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Passes requests on to another address, and keeps a copy of each: somebody on the way between two processes. */
async function wiretap(target: string) {
  const captured: Captured[] = [];
  const server = createServer(async (request, response) => {
    const body = await text(request);
    const headers = {
      'content-type': 'application/json',
      'x-cds-signature': String(request.headers['x-cds-signature']),
    };
    captured.push({ body, headers });
    const answer = await fetch(target + request.url, { method: 'POST', headers, body });
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
    response.end(await answer.text());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { captured, url: `http://127.0.0.1:${port}`, [Symbol.dispose]: () => void server.close() };
}

/** Accounts in one process, their balances in two others, as `cds serve` starts them. */
async function split() {
  await using startup = new AsyncDisposableStack();
  const dataDir = mkdtempSync(path.join(tmpdir(), 'cds-split-'));
  startup.defer(() => rmSync(dataDir, { recursive: true, force: true }));
  const database = startup.use(await testDatabase());
  async function start(module: AnyModule) {
    const platform = startup.use(
      await startPlatform({
        service: module.name,
        modules: [module],
        knownModules: [ledger, auth],
        alone: false,
        environment: {
          CDS_DATA_DIR: dataDir,
          DATABASE_URL: database.connectionString,
          CDS_ADMIN_PASSWORD: 'a first password for tests',
          CDS_DATABASE_CONNECTIONS: '4',
          CDS_LOG_LEVEL: 'silent',
          CDS_LOG_FILE: 'false',
        },
      }),
    );
    const url = await listen(platform, { service: module.name, modules: [module.name], port: 0 });
    return { platform, url };
  }
  const balances = await start(ledger);
  // `cds serve gateway auth`: one process has a face for each of its services.
  const secondFace = await listen(balances.platform, { service: 'second', modules: [], port: 0 });
  const tap = startup.use(await wiretap(balances.url));
  await balances.platform.announce(tap.url);
  const accounts = await start(auth);
  // Started, but not announced: it gets what a test sends to it.
  const replica = await start(ledger);
  const stack = startup.move();
  return {
    database: database.database,
    tap,
    balances: balances.url,
    secondFace,
    replica: replica.url,
    async register(): Promise<number> {
      const answer = await fetch(`${accounts.url}/auth/register`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ username: `u-${randomUUID().slice(0, 8)}`, password: 'seven quiet herons' }),
      });
      return answer.status;
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

const send = async (url: string, { body, headers }: Captured) =>
  (await fetch(`${url}/internal/rpc`, { method: 'POST', headers, body })).status;

test('a call between services that somebody captured is taken by nobody a second time', async () => {
  await using world = await split();
  const { tap } = world;
  assert.equal(await world.register(), 201);
  const [call] = tap.captured;
  assert.ok(call !== undefined);
  assert.match(call.body, /"method":"ledger\./);
  assert.equal(await send(world.balances, call), 401, 'by the process that took it');
  assert.equal(await send(world.secondFace, call), 401, 'by the same process at another of its addresses');
  assert.equal(await send(world.replica, call), 421, 'by another of the same service, or after a restart');
  const { body, headers } = call;
  const signature = headers['x-cds-signature'] ?? '';
  const forged = signature.replace(/n=\d+/, 'n=999999');
  assert.equal(await send(world.balances, { body, headers: { ...headers, 'x-cds-signature': forged } }), 401);
  assert.equal(await world.register(), 201, 'and new calls pass');
});

test('a service that restarted at its old address is called at once, whatever the directory still says', async () => {
  await using world = await split();
  const { database, tap } = world;
  await database.execute({
    text: `insert into kernel.peer (instance_id, service, modules, url, beat_at)
           select gen_random_uuid(), service, modules, url, now() from kernel.peer where url = $1`,
    values: [tap.url],
  });
  // Two rows in random order: each of them is asked first at some time.
  for (let round = 0; round < 8; round += 1) assert.equal(await world.register(), 201);
});
