import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive } from '../supervise/process-state.ts';
import { connectDatabase } from './connect.ts';
import { startEmbeddedPostgres } from './embedded.ts';

function folder(mode = 0o755): { path: string } & Disposable {
  const made = mkdtempSync(path.join(tmpdir(), 'cds-embedded-'));
  mkdirSync(path.join(made, 'closed'), { mode });
  return {
    path: path.join(made, 'closed'),
    [Symbol.dispose]: () => rmSync(made, { recursive: true, force: true }),
  };
}

const starter = `
  import { startEmbeddedPostgres } from ${JSON.stringify(new URL('./embedded.ts', import.meta.url).href)};
  const server = await startEmbeddedPostgres({ dataDir: process.argv[1] });
  console.log(JSON.stringify({ url: server.connectionString, pid: server.pid() }));
  setInterval(() => {}, 1000);
`;

async function startInChild(dataDir: string) {
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', starter, dataDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const line = await new Promise<string>((resolve) =>
    child.stdout.once('data', (text) => resolve(String(text))),
  );
  return { child, ...(JSON.parse(line) as { url: string; pid: number }) };
}

async function untilEnded(pid: number, withinMs: number): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < withinMs; waitedMs += 50) {
    if (!isAlive(pid)) return true;
    await sleep(50);
  }
  return false;
}

test('runs below a folder that only its owner may enter, and listens on no TCP port', async () => {
  using place = folder(0o700);
  await using server = await startEmbeddedPostgres({ dataDir: place.path });
  await using database = await connectDatabase({ connectionString: server.connectionString });
  assert.deepEqual(
    await database.query({
      text: "select current_setting('listen_addresses') as a, current_setting('fsync') as f, current_setting('data_checksums') as c",
    }),
    [{ a: '', f: 'on', c: 'on' }],
  );
});

test('runs in a folder whose path is too long for a socket', async () => {
  using place = folder();
  const deep = path.join(place.path, 'x'.repeat(100));
  await using server = await startEmbeddedPostgres({ dataDir: deep });
  await using database = await connectDatabase({ connectionString: server.connectionString });
  assert.deepEqual(await database.query({ text: 'select 1 as n' }), [{ n: 1 }]);
});

test('a killed server is started again by itself, with every acknowledged row', async () => {
  using place = folder();
  await using server = await startEmbeddedPostgres({ dataDir: place.path });
  await using database = await connectDatabase({ connectionString: server.connectionString });
  await database.execute({ text: 'create table t (n int)' });
  await database.execute({ text: 'insert into t select generate_series(1, 100)' });
  process.kill(server.pid() ?? 0, 'SIGKILL');
  const deadlineMs = Date.now() + 10_000;
  for (;;) {
    try {
      assert.deepEqual(await database.query({ text: 'select count(*)::int as n from t' }), [{ n: 100 }]);
      break;
    } catch (error) {
      if (Date.now() > deadlineMs) throw error;
      await sleep(100);
    }
  }
});

test('dies with its parent however that dies, and the next start finds all data', async () => {
  using place = folder();
  const { child, url, pid } = await startInChild(place.path);
  {
    await using database = await connectDatabase({ connectionString: url });
    await database.execute({ text: 'create table t as select 7 as n' });
  }
  child.kill('SIGKILL');
  assert.equal(await untilEnded(pid, 10_000), true);
  await using server = await startEmbeddedPostgres({ dataDir: place.path });
  await using database = await connectDatabase({ connectionString: server.connectionString });
  assert.deepEqual(await database.query({ text: 'select n from t' }), [{ n: 7 }]);
});

test('a stale postmaster.pid, also one whose pid is somebody else’s now, does not stop the start', async () => {
  using place = folder();
  await (await startEmbeddedPostgres({ dataDir: place.path }))[Symbol.asyncDispose]();
  const file = path.join(place.path, 'postgres', 'data', 'postmaster.pid');
  assert.equal(existsSync(file), false);
  writeFileSync(file, `${process.ppid}\n${path.join(place.path, 'postgres', 'data')}\n`);
  await using server = await startEmbeddedPostgres({ dataDir: place.path });
  assert.notEqual(readFileSync(file, 'utf8').split('\n', 1)[0], String(process.ppid));
  assert.ok(server.pid());
});

test('an initdb that was killed half way is begun again', async () => {
  using place = folder();
  mkdirSync(path.join(place.path, 'postgres', 'data.new', 'base'), { recursive: true });
  await using server = await startEmbeddedPostgres({ dataDir: place.path });
  assert.ok(server.pid());
});
