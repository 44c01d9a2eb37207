import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { pathToFileURL } from 'node:url';
import { isFault } from '#base/fault.ts';
import { testDatabase } from '../testing/database.ts';
import { eventually } from '../testing/eventually.ts';
import { connectDatabase } from './connect.ts';
import { migrate } from './migrate.ts';

function migrations(
  files: Record<string, string>,
): { url: URL; write(name: string, sql: string): void } & Disposable {
  const folder = mkdtempSync(path.join(tmpdir(), 'cds-migrations-'));
  mkdirSync(folder, { recursive: true });
  const write = (name: string, sql: string) => writeFileSync(path.join(folder, name), sql);
  for (const [name, sql] of Object.entries(files)) write(name, sql);
  return {
    url: pathToFileURL(`${folder}/`),
    write,
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  };
}

test('four replicas that start at once migrate once', async () => {
  await using first = await testDatabase();
  using files = migrations({
    '0001_a.sql': 'create table shop.item (id int); insert into shop.item values (1);',
  });
  const source = [{ name: 'shop', migrations: files.url }];
  const replicas = await Promise.all(
    [1, 2, 3, 4].map(() => connectDatabase({ connectionString: first.connectionString, maxConnections: 2 })),
  );
  const applied = await Promise.all(replicas.map((database) => migrate(database, source)));
  assert.equal(applied.filter((list) => list.includes('shop/0001_a.sql')).length, 1);
  assert.deepEqual(await first.database.query({ text: 'select id from shop.item' }), [{ id: 1 }]);
  await Promise.all(replicas.map((database) => database[Symbol.asyncDispose]()));
});

test('a migration that fails leaves nothing behind, and one that was changed is refused', async () => {
  await using world = await testDatabase();
  using files = migrations({
    '0001_a.sql': 'create table shop.a (id int);',
    '0002_b.sql': 'create tabel shop.b (id int);',
  });
  const source = [{ name: 'shop', migrations: files.url }];
  await assert.rejects(migrate(world.database, source), /syntax error/);
  assert.deepEqual(
    await world.database.query({ text: "select 1 as n where to_regclass('shop.a') is not null" }),
    [],
  );
  files.write('0002_b.sql', 'create table shop.b (id int);');
  await migrate(world.database, source);
  files.write('0001_a.sql', 'create table shop.a (id bigint);');
  await assert.rejects(migrate(world.database, source), (error) =>
    isFault(error, 'database.migration_changed'),
  );
});

test('bigint columns arrive as bigint', async () => {
  await using world = await testDatabase();
  assert.deepEqual(await world.database.query({ text: 'select 9007199254740993::bigint as n' }), [
    { n: 9007199254740993n },
  ]);
});

test('a transaction rolls back when its work throws, and tells of its commit only when it commits', async () => {
  await using world = await testDatabase();
  await world.database.execute({ text: 'create table t (id int)' });
  let told = 0;
  const work = (fail: boolean) =>
    world.database.transaction(async (transaction) => {
      transaction.afterCommit(() => {
        told += 1;
      });
      await transaction.execute({ text: 'insert into t values (1)' });
      if (fail) throw new Error('no');
    });
  await assert.rejects(work(true), /no/);
  assert.equal(told, 0);
  await work(false);
  assert.equal(told, 1);
  assert.equal((await world.database.query({ text: 'select id from t' })).length, 1);
});

test('a transaction that loses a serialisation race is repeated', async () => {
  await using world = await testDatabase();
  await world.database.execute({ text: 'create table counter as select 0 as n' });
  const bump = () =>
    world.database.transaction(async (transaction) => {
      await transaction.execute({ text: 'set transaction isolation level repeatable read' });
      await transaction.query({ text: 'select n from counter' });
      await transaction.execute({ text: 'update counter set n = n + 1' });
    });
  await Promise.all([bump(), bump(), bump()]);
  assert.deepEqual(await world.database.query({ text: 'select n from counter' }), [{ n: 3 }]);
});

test('listening goes on after its connection was cut, and tells of the gap', async () => {
  await using world = await testDatabase();
  const heard: string[] = [];
  const gap = Promise.withResolvers<void>();
  const listening = await world.database.listen('news', (payload) => heard.push(payload), gap.resolve);
  await world.database.query({
    text: "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'cyberdevstudio listen' and datname = current_database()",
  });
  await gap.promise;
  await world.database.execute({ text: "select pg_notify('news', 'after')" });
  for (let tries = 0; tries < 100 && heard.length === 0; tries += 1)
    await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(heard, ['after']);
  await listening[Symbol.asyncDispose]();
});

test('a server that ends the connection of a transaction fails that transaction, and nothing else', async () => {
  await using world = await testDatabase();
  const { database } = world;
  const working = database.transaction(async (transaction) => {
    const [own] = await transaction.query<{ pid: number }>({ text: 'select pg_backend_pid() as pid' });
    // As when the server restarts while the work is busy elsewhere and asks it nothing.
    await database.query({ text: 'select pg_terminate_backend($1)', values: [own?.pid] });
    await eventually(() => assert.rejects(transaction.query({ text: 'select 1' })));
    await new Promise((resolve) => setImmediate(resolve));
    await transaction.query({ text: 'select 1' });
  });
  await assert.rejects(working);
  assert.deepEqual(await database.query({ text: 'select 2 as n' }), [{ n: 2 }]);
});
