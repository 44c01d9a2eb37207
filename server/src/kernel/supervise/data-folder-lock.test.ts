import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { isFault } from '#base/fault.ts';
import { eventually } from '../testing/eventually.ts';
import { lockDataFolder } from './data-folder-lock.ts';
import { isAlive } from './process-state.ts';

function folder(): { path: string } & Disposable {
  const made = mkdtempSync(path.join(tmpdir(), 'cds-lock-'));
  return { path: made, [Symbol.dispose]: () => rmSync(made, { recursive: true }) };
}

const holder = `
  import { lockDataFolder } from ${JSON.stringify(new URL('./data-folder-lock.ts', import.meta.url).href)};
  lockDataFolder(process.argv[1]);
  console.log('locked');
  setInterval(() => {}, 1000);
`;

async function startHolder(dataDir: string) {
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', holder, dataDir]);
  await new Promise((resolve) => child.stdout.once('data', resolve));
  return child;
}

test('a second server on the same folder is refused with the pid of the first', async () => {
  using dataDir = folder();
  const child = await startHolder(dataDir.path);
  assert.throws(
    () => lockDataFolder(dataDir.path),
    (error) => isFault(error, 'database.folder_in_use') && error.data.pid === child.pid,
  );
  child.kill('SIGKILL');
});

test('the lock of a killed server is taken over', async () => {
  using dataDir = folder();
  const child = await startHolder(dataDir.path);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
  using lock = lockDataFolder(dataDir.path);
  assert.ok(lock);
});

test('a lock whose pid now belongs to somebody else is taken over', () => {
  using dataDir = folder();
  writeFileSync(
    path.join(dataDir.path, 'server.lock'),
    JSON.stringify({ pid: process.ppid, startMark: '1' }),
  );
  using lock = lockDataFolder(dataDir.path);
  assert.ok(lock);
});

test('a zombie counts as ended', { skip: process.platform !== 'linux' && 'needs /proc' }, async () => {
  // The shell's child ends and is never waited for, since exec replaced the shell.
  const parent = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 60']);
  const pid = await new Promise<number>((resolve) =>
    parent.stdout.once('data', (text) => resolve(Number(String(text)))),
  );
  await eventually(() => assert.equal(isAlive(pid), false));
  parent.kill('SIGKILL');
});
