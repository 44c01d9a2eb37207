import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isFault } from '#base/fault.ts';
import { eventually } from '#kernel/testing/eventually.ts';
import type { EngineProgram } from '../testing/engine-program.ts';
import { createEngine } from './engine.ts';
import { installCommand, probeBubblewrap } from './probe.ts';

const program = fileURLToPath(new URL('../testing/engine-program.ts', import.meta.url));
const megabyte = 1024 * 1024;

interface Line {
  readonly driver?: string;
  readonly exitCode?: number;
  readonly signal?: string | null;
  readonly killedBy?: string | null;
  readonly durationMs?: number;
  readonly stdout?: string;
}

function folders(t: TestContext) {
  const root = mkdtempSync(path.join(tmpdir(), 'cds-engine-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const workspacePath = path.join(root, 'workspace');
  mkdirSync(workspacePath);
  return { root, workspacePath, folder: path.join(root, 'sandbox') };
}

/** A process of its own that has an engine, as another account if one is given. */
function start(options: EngineProgram, account: { uid?: number; gid?: number } = {}) {
  const child = spawn(process.execPath, [program, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH ?? '' },
    ...account,
  });
  return { child, lines: createInterface({ input: child.stdout }) };
}

async function results(options: EngineProgram, account?: { uid?: number; gid?: number }): Promise<Line[]> {
  const found: Line[] = [];
  for await (const line of start(options, account).lines) found.push(JSON.parse(line));
  return found;
}

function processesWith(mark: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((id) => {
      try {
        // The engine's own process also has the mark on its command line.
        const line = readFileSync(`/proc/${id}/cmdline`, 'utf8');
        return line.includes(mark) && !line.includes('engine-program');
      } catch {
        return false;
      }
    });
}

const hostile: EngineProgram['runs'] = [
  { command: ['sh', '-c', 'id -u; echo out > /dev/stdout; echo written > file; cat file'] },
  { command: ['sh', '-c', 'trap "" TERM; sleep 30'], limits: { timeMs: 300 } },
  {
    command: [
      'python3',
      '-c',
      'import time\nx=[]\nwhile True: x.append(bytearray(1_000_000)); time.sleep(0.002)',
    ],
    limits: { memoryBytes: 48 * megabyte, timeMs: 6000 },
  },
  {
    command: [
      'python3',
      '-c',
      'import os,time\nwhile True:\n  try: os.fork()\n  except OSError: time.sleep(0.01)',
    ],
    limits: { processes: 20, timeMs: 4000 },
  },
  { command: ['sh', '-c', 'while :; do :; done'], limits: { cpuMs: 200, timeMs: 4000 } },
  { command: ['sh', '-c', 'exec cat /dev/zero > fill'], limits: { diskBytes: megabyte } },
  { command: ['yes'], limits: { outputBytes: 1000 } },
  { command: ['no-shell-reads', '$(this)'] },
];

function assertHostile(lines: readonly Line[], driver: string | null): void {
  const [first, hello, sleeper, hog, bomb, loop, disk, printer] = lines;
  if (driver !== null) assert.equal(first?.driver, driver);
  assert.equal(hello?.stdout, '1000\nout\nwritten\n');
  assert.equal(sleeper?.killedBy, 'time');
  assert.ok((sleeper?.durationMs ?? Infinity) < 6_000, `${sleeper?.durationMs}`);
  assert.equal(hog?.killedBy, 'memory');
  // Where the kernel itself refuses processes, the bomb may also smoulder until its time is up.
  assert.ok(bomb?.killedBy === 'processes' || bomb?.killedBy === 'time', String(bomb?.killedBy));
  assert.equal(loop?.killedBy, 'cpu');
  assert.equal(disk?.killedBy, 'disk');
  assert.equal(printer?.killedBy, 'output');
}

test('without a writable control group limits hold by watching', async (t) => {
  const { workspacePath, folder } = folders(t);
  const runs = hostile.slice(0, -1);
  assertHostile(await results({ folder, workspacePath, limitDriver: 'rlimit', runs }), 'rlimit');
});

test('an ordinary account runs programs behind the same wall', {
  skip: process.getuid?.() !== 0 && 'only root can become another account',
}, async (t) => {
  const { root, workspacePath, folder } = folders(t);
  for (const file of [root, workspacePath]) {
    chownSync(file, 65_534, 65_534);
    chmodSync(file, 0o700);
  }
  const account = { uid: 65_534, gid: 65_534 };
  assertHostile(
    await results({ folder, workspacePath, limitDriver: 'auto', runs: hostile.slice(0, -1) }, account),
    null,
  );
});

test('a server that is killed leaves no program behind, and the next start removes its traces', async (t) => {
  const { workspacePath, folder } = folders(t);
  const mark = `mark-${process.pid}-orphan`;
  const line = `(setsid python3 -c "import time; time.sleep(60)" ${mark} &); exec python3 -c "import time; time.sleep(60)" ${mark}`;
  const runs = [{ command: ['sh', '-c', line], limits: { timeMs: 60_000 } }];
  const { child } = start({ folder, workspacePath, limitDriver: 'auto', runs });
  await eventually(() => assert.ok(processesWith(`\0${mark}`).length >= 2));
  child.kill('SIGKILL');
  await eventually(() => assert.deepEqual(processesWith(mark), []), 3000);
  const own = `p${child.pid}-`;
  assert.ok(readdirSync(path.join(folder, 'runs')).some((name) => name.startsWith(own)));

  await using engine = await createEngine({ folder, limitDriver: 'auto', totalMemoryBytes: 2 ** 31 });
  await engine.recover();
  assert.ok(!readdirSync(path.join(folder, 'runs')).some((name) => name.startsWith(own)));
  assert.deepEqual(groupsOf(own), []);
});

function groupsOf(own: string): string[] {
  const roots = ['/sys/fs/cgroup', '/sys/fs/cgroup/memory', '/sys/fs/cgroup/pids', '/sys/fs/cgroup/cpu'];
  return roots
    .flatMap((root) => (existsSync(root) ? readdirSync(root).map((name) => path.join(root, name)) : []))
    .filter((group) => path.basename(group).startsWith('cyberdevstudio-'))
    .flatMap((group) => readdirSync(group).filter((name) => name.startsWith(own)));
}

test('a server without bubblewrap says what is missing and how it comes', async (t) => {
  const { folder } = folders(t);
  await using engine = await createEngine({
    folder,
    bubblewrap: '/nowhere/bwrap',
    limitDriver: 'rlimit',
    totalMemoryBytes: 2 ** 31,
  });
  assert.throws(
    () => engine.parts('de'),
    (error) =>
      isFault(error, 'sandbox.unavailable') &&
      error.hint === installCommand('bubblewrap') &&
      error.data.reason === 'bubblewrap ist nicht installiert',
  );
});

test('a program that is not bubblewrap is not taken for it', async () => {
  const probe = await probeBubblewrap({ binary: '/bin/true' });
  assert.equal(probe.kind, 'missing');
});
