import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { isFault } from '#base/fault.ts';
import { eventually } from '#kernel/testing/eventually.ts';
import { sandboxContract } from '../contract.ts';
import { type SandboxWorld, sandboxWorld } from '../testing/world.ts';

const megabyte = 1024 * 1024;
let s: SandboxWorld;

before(async () => {
  s = await sandboxWorld();
});
after(() => s[Symbol.asyncDispose]());

const workspace = () => path.join(s.world.dataDir, 'projects', s.projectId, 'workspace');

function emptyWorkspace(): void {
  for (const name of readdirSync(workspace())) {
    if (name !== '.git') rmSync(path.join(workspace(), name), { recursive: true, force: true });
  }
}

/** Ids of processes of the host whose command line holds the mark. */
function processesWith(mark: string): string[] {
  return readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      return readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(mark);
    } catch {
      return false;
    }
  });
}

test('a program that sleeps too long is ended on time', async () => {
  const result = await s.shell('sleep 30', { timeoutMs: 300 });
  assert.equal(result.killedBy, 'time');
  assert.equal(result.timedOut, true);
  assert.equal(result.signal, 'SIGKILL');
  assert.ok(result.durationMs >= 295 && result.durationMs < 6_000, `${result.durationMs} ms`);
});

test('children that ignore signals and leave the session end with it', async () => {
  const mark = `mark-${process.pid}-ignore`;
  const line = `trap "" TERM INT HUP QUIT; setsid sh -c 'trap "" TERM HUP; exec python3 -c "import time; time.sleep(60)" ${mark}' & sleep 0.3; sleep 60`;
  const result = await s.shell(line, { timeoutMs: 700 });
  assert.equal(result.killedBy, 'time');
  assert.ok(result.durationMs < 8_000, `${result.durationMs} ms`);
  assert.deepEqual(processesWith(mark), []);
});

test('what a program leaves in the background ends when the program does', async () => {
  const mark = `mark-${process.pid}-background`;
  const result = await s.shell(
    `(setsid python3 -c "import time; time.sleep(60)" ${mark} >/dev/null 2>&1 &) ; sleep 0.2; echo done`,
  );
  assert.equal(result.exitCode, 0);
  assert.equal(result.stdout, 'done\n');
  await eventually(() => assert.deepEqual(processesWith(mark), []), 1000);
});

test('a memory hog is ended by the memory limit, and the peak is told', async () => {
  const result = await s.python('x = bytearray(400_000_000); print(len(x))', {
    limits: { memoryBytes: 64 * megabyte },
  });
  assert.equal(result.killedBy, 'memory');
  assert.equal(result.stdout, '');
  assert.ok(result.peakMemoryBytes > 50 * megabyte, `${result.peakMemoryBytes}`);
});

test('memory by the detour of a nameless file counts as well', async () => {
  const result = await s.python(
    `import os
file = os.memfd_create('x')
for index in range(400): os.write(file, bytes(1_000_000))`,
    { limits: { memoryBytes: 64 * megabyte } },
  );
  assert.equal(result.killedBy, 'memory');
});

test('a child that is ended by the memory limit ends the whole run, not only itself', async () => {
  const line = 'python3 -c "bytearray(400_000_000)"; echo survived; sleep 5';
  const result = await s.shell(line, { limits: { memoryBytes: 64 * megabyte } });
  assert.equal(result.killedBy, 'memory');
});

test('a fork bomb is held by the limit on processes and ended', async () => {
  const result = await s.python(
    `import os, time
while True:
    try: os.fork()
    except OSError: time.sleep(0.01)`,
    { limits: { processes: 24 }, timeoutMs: 5000 },
  );
  assert.equal(result.killedBy, 'processes');
  assert.ok(result.peakProcesses >= 20, `${result.peakProcesses}`);
  assert.ok(result.durationMs < 12_000, `${result.durationMs} ms`);
});

test('a program that copes with a refused process is left alone', async () => {
  const result = await s.python(
    `import os, time
children = []
try:
    while True:
        child = os.fork()
        if child == 0: time.sleep(0.5); os._exit(0)
        children.append(child)
except OSError: pass
for child in children: os.waitpid(child, 0)
print('coped')`,
    { limits: { processes: 8 } },
  );
  assert.equal(result.stdout, 'coped\n');
  assert.equal(result.killedBy, null);
});

test('an endless printer is ended by the output limit, and what it printed until then is kept', async () => {
  for (const line of ['yes', 'yes >&2']) {
    const result = await s.shell(line, { limits: { outputBytes: 10_000 } });
    assert.equal(result.killedBy, 'output');
    assert.equal(result.truncated, true);
    assert.equal(result.stdout.length + result.stderr.length, 10_000);
  }
});

test('output exactly at the limit is whole', async () => {
  const result = await s.python(`print('x' * 9999)`, { limits: { outputBytes: 10_000 } });
  assert.equal(result.truncated, false);
  assert.equal(result.killedBy, null);
  assert.equal(result.stdout.length, 10_000);
});

test('a full /, /tmp or /dev/shm is the program’s own trouble', async () => {
  const line = `for file in /fill /tmp/fill /dev/shm/fill; do cat /dev/zero > $file 2>/dev/null || echo "full $file"; done`;
  const result = await s.shell(line, { limits: { memoryBytes: 64 * megabyte } });
  assert.equal(result.stdout, 'full /fill\nfull /tmp/fill\nfull /dev/shm/fill\n');
  assert.equal(result.killedBy, null);
});

test('one big file in the workspace is ended by the disk limit', async (t) => {
  t.after(emptyWorkspace);
  const result = await s.shell('exec cat /dev/zero > fill', { limits: { diskBytes: 4 * megabyte } });
  assert.equal(result.killedBy, 'disk');
  assert.ok(sizeOf('fill') <= 4 * megabyte);
});

test('a sparse file counts at its full size', async (t) => {
  t.after(emptyWorkspace);
  const result = await s.python(`open('sparse', 'wb').truncate(1 << 40)`, {
    limits: { diskBytes: 4 * megabyte },
  });
  assert.notEqual(result.exitCode, 0);
  assert.equal(sizeOf('sparse'), 0);
});

test('many files that fill the workspace are ended by the disk limit', async (t) => {
  t.after(emptyWorkspace);
  const result = await s.python(
    `index = 0
while True:
    open(f'fill{index}', 'wb').write(bytes(500_000)); index += 1`,
    { limits: { diskBytes: 16 * megabyte } },
  );
  assert.equal(result.killedBy, 'disk');
});

test('endless empty files are ended by the disk limit', async (t) => {
  t.after(emptyWorkspace);
  const result = await s.python(
    `index = 0
while True:
    open(f'empty{index}', 'wb').close(); index += 1`,
    { limits: { diskFiles: 500 } },
  );
  assert.equal(result.killedBy, 'disk');
});

test('endless files in /tmp are memory of the program', async () => {
  const result = await s.python(
    `import os
index = 0
while True:
    os.mkdir(f'/tmp/{index}'); index += 1`,
    { limits: { memoryBytes: 24 * megabyte }, timeoutMs: 8000 },
  );
  assert.ok(result.killedBy === 'memory' || result.exitCode === 1, JSON.stringify(result.killedBy));
});

test('a busy loop is ended by the limit on processor time, and held to its share', async () => {
  const result = await s.shell('while :; do :; done', {
    limits: { cpuMs: 200, cpuCores: 0.5 },
    timeoutMs: 5000,
  });
  assert.equal(result.killedBy, 'cpu');
  assert.ok(result.cpuMs >= 190 && result.cpuMs < 3_000, `${result.cpuMs} ms`);
});

test('open files are limited', async () => {
  const result = await s.python(
    `files = []
try:
    while True: files.append(open('/dev/null'))
except OSError as error: print(len(files), error.strerror)`,
    { limits: { openFiles: 64 } },
  );
  assert.match(result.stdout, /^6\d Too many open files/);
});

test('a client that leaves takes its program with it', async () => {
  const mark = `mark-${process.pid}-client`;
  const call = s.call();
  const running = s.exec({ command: 'python3', args: ['-c', 'import time; time.sleep(60)', mark] }, call);
  await eventually(() => assert.notDeepEqual(processesWith(mark), []));
  (call as { abort?: (reason: unknown) => void }).abort?.(new Error('gone'));
  const result = await running;
  assert.equal(result.killedBy, 'client');
  assert.deepEqual(processesWith(mark), []);
});

test('a reader that stops reading a stream ends the program', async () => {
  const mark = `mark-${process.pid}-reader`;
  const client = s.world.client(sandboxContract);
  const args = ['-c', 'while True: print("x" * 1000)', mark];
  const limits = { outputBytes: 50 * megabyte };
  const stream = client.stream(
    'run.stream',
    { projectId: s.projectId, command: 'python3', args, limits },
    s.call(),
  );
  for await (const chunk of stream) if (chunk.kind === 'output') break;
  await eventually(() => assert.deepEqual(processesWith(mark), []), 2000);
});

test('a slow reader holds the program back instead of filling the server’s memory', async () => {
  const client = s.world.client(sandboxContract);
  const request = {
    projectId: s.projectId,
    command: 'python3',
    args: ['-c', 'while True: print("x" * 1000)'],
    limits: { outputBytes: 50 * megabyte },
    timeoutMs: 800,
  };
  const stream = client.stream('run.stream', request, s.call());
  await stream.next();
  await delay(500);
  let bytes = 0;
  let step = await stream.next();
  for (; step.done !== true; step = await stream.next()) {
    if (step.value.kind === 'output') {
      bytes += step.value.data.length;
      await delay(20);
    }
  }
  assert.equal(step.value.killedBy, 'time');
  assert.ok(bytes < 10 * megabyte, `${bytes} bytes came`);
});

test('signals reach the program, and SIGKILL is told as the user’s', async () => {
  const client = s.world.client(sandboxContract);
  for (const [signal, expected] of [
    ['SIGTERM', { exitCode: 7, killedBy: null }],
    ['SIGKILL', { exitCode: 137, killedBy: 'user' }],
  ] as const) {
    const call = s.call();
    const code =
      'import signal, sys, time; signal.signal(15, lambda *_: sys.exit(7)); print("ready", flush=True); time.sleep(30)';
    const stream = client.stream(
      'run.stream',
      { projectId: s.projectId, command: 'python3', args: ['-c', code] },
      call,
    );
    let processId = '';
    let step = await stream.next();
    for (; step.done !== true; step = await stream.next()) {
      if (step.value.kind === 'started') processId = step.value.processId;
      if (step.value.kind === 'output') await client.call('run.kill', { processId, signal }, s.call());
    }
    assert.equal(step.value.exitCode, expected.exitCode);
    assert.equal(step.value.killedBy, expected.killedBy);
  }
});

test('only members may signal a program, and an ended one is unknown', async () => {
  const client = s.world.client(sandboxContract);
  const call = s.call();
  const stream = client.stream(
    'run.stream',
    { projectId: s.projectId, command: 'sleep', args: ['20'] },
    call,
  );
  const first = await stream.next();
  const processId =
    first.value !== undefined && 'kind' in first.value && first.value.kind === 'started'
      ? first.value.processId
      : '';
  await assert.rejects(client.call('run.kill', { processId }, s.world.call()), (error) =>
    isFault(error, 'projects.unknown'),
  );
  await client.call('run.kill', { processId }, s.call());
  await stream.return(undefined as never);
  await assert.rejects(client.call('run.kill', { processId }, s.call()), (error) =>
    isFault(error, 'sandbox.process_unknown'),
  );
});

test('limits above the server’s are refused by name', async () => {
  await assert.rejects(
    s.shell('true', { limits: { memoryBytes: 2 ** 50 } }),
    (error) => isFault(error, 'sandbox.limit_too_high') && error.data.name === 'memoryBytes',
  );
  await assert.rejects(s.shell('true', { timeoutMs: 2 ** 40 }), (error) =>
    isFault(error, 'sandbox.limit_too_high'),
  );
});

test('a program that does not exist is no mystery', async () => {
  await assert.rejects(s.exec({ command: 'npm test' }), (error) =>
    isFault(error, 'sandbox.command_not_found'),
  );
  writeFileSync(path.join(workspace(), 'notes.txt'), 'no program');
  await assert.rejects(s.exec({ command: './notes.txt' }), (error) =>
    isFault(error, 'sandbox.command_not_executable'),
  );
});

function sizeOf(name: string): number {
  return readFileSync(path.join(workspace(), name)).length;
}
