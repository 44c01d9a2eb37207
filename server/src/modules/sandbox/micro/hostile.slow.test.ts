import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { ftruncateSync, readdirSync, readFileSync, readlinkSync, writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isFault } from '#base/fault.ts';
import { eventually } from '#kernel/testing/eventually.ts';
import { sandboxContract } from '../contract.ts';
import { executeInMachine } from './execution.ts';
import { within } from './machine/within.ts';
import { createSnapshotFiles } from './snapshots.ts';
import { type MachineKit, machineKit, qemuBelow } from './testing/machine-kit.ts';
import { ensureTestImage, microSkip, microWorld } from './testing/micro-world.ts';

const skip = microSkip();
let kit: MachineKit;

before(async () => {
  if (skip !== false) return;
  await ensureTestImage();
  kit = await machineKit();
});
after(async () => {
  if (skip === false) await kit[Symbol.asyncDispose]();
});

const request = {
  language: 'python',
  code: 'pass',
  args: [],
  env: {},
  cwd: '',
  memoryBytes: 2 ** 27,
  processes: 64,
} as const;

test('QEMU itself stands behind a wall: no rights, no network, none of the host’s files, a filter', {
  skip,
}, async () => {
  await using _machine = await kit.boot('$b sleep 100000\n');
  const [id] = await qemuBelow(process.pid);
  assert.ok(id !== undefined);
  const status = readFileSync(`/proc/${id}/status`, 'utf8');
  assert.match(status, /^CapEff:\s0+$/m);
  assert.match(status, /^CapBnd:\s0+$/m);
  assert.match(status, /^Seccomp:\s2$/m);
  assert.match(status, /^NoNewPrivs:\s1$/m);
  for (const kind of ['net', 'pid', 'mnt', 'user', 'ipc']) {
    assert.notEqual(readlinkSync(`/proc/${id}/ns/${kind}`), readlinkSync(`/proc/self/ns/${kind}`), kind);
  }
  const seen = readdirSync(`/proc/${id}/root`);
  for (const name of ['home', 'root', 'var', 'work', 'srv']) assert.ok(!seen.includes(name), name);
  const command = readFileSync(`/proc/${id}/cmdline`, 'utf8').split('\0');
  assert.ok(!command.some((word) => /^-(netdev|nic|net)$/.test(word) && !command.includes('none')));
  assert.doesNotMatch(readFileSync(`/proc/${id}/net/dev`, 'utf8'), /eth|ens|wl/);
});

test('a guest whose kernel panics ends, and says so', { skip }, async () => {
  await using machine = await kit.boot('exit 1\n');
  await assert.rejects(within(240_000, machine.agent.booted), /the machine has ended/);
  assert.equal(await machine.ended, 'broken');
  assert.match(machine.lastWords(), /Kernel panic/);
});

test('a guest that floods its console is ended', { skip }, async () => {
  await using machine = await kit.boot(
    'l=x; for i in 1 2 3 4 5 6 7 8 9 10 11 12; do l=$l$l; done; while :; do echo $l; done\n',
  );
  assert.equal(await within(400_000, machine.ended), 'flooded');
});

test('a guest that never answers ends its program by the time limit, and with it the machine', {
  skip,
}, async () => {
  await using machine = await kit.boot('$b sleep 100000\n');
  const run = executeInMachine(machine, request, {
    timeoutMs: 300,
    outputBytes: 1000,
    signal: new AbortController().signal,
    onOutput: () => undefined,
  });
  const ended = await run.ended;
  assert.deepEqual([ended.killedBy, ended.exitCode], ['time', null]);
  assert.equal(await machine.ended, 'stopped');
});

test('a guest that sends what no agent sends is ended', { skip }, async () => {
  await using machine = await kit.boot(
    'until [ -e /dev/vport*p1 ]; do $b sleep 0.1; done; $b cat /dev/urandom > $(echo /dev/vport*p1)\n',
  );
  assert.equal(await within(400_000, machine.ended), 'broken');
});

test('memory that copies start from can be changed by nobody', { skip }, async () => {
  const [image] = await kit.machines.images();
  assert.ok(image !== undefined);
  const { files } = await kit.machines.template(image, 256);
  assert.ok(files.memory !== null);
  const fd = files.memory;
  assert.throws(() => writeSync(fd, Buffer.from('x'), 0, 1, 4096), /EPERM/);
  assert.throws(() => ftruncateSync(fd, 1), /EPERM/);
});

test('when QEMU is killed the caller is told, and nothing is left', { skip }, async () => {
  await using m = await microWorld();
  const { vmId } = await m.start();
  const running = m.execute(vmId, 'import time; time.sleep(60)');
  running.catch(() => undefined);
  const [qemu] = await qemuBelow(process.pid);
  assert.ok(qemu !== undefined);
  process.kill(qemu, 'SIGKILL');
  await assert.rejects(running, (error) => isFault(error, 'sandbox.vm_lost'));
  await eventually(async () => assert.deepEqual((await m.list()).vms, []));
  assert.deepEqual(await qemuBelow(process.pid), []);
  const client = m.world.client(sandboxContract);
  await eventually(async () => {
    const { runs } = await client.call('run.history', { projectId: m.projectId }, m.call());
    assert.deepEqual(
      runs.map(({ engine, args, exitCode, killedBy }) => ({ engine, code: args[1], exitCode, killedBy })),
      [{ engine: 'micro', code: 'import time; time.sleep(60)', exitCode: null, killedBy: 'machine' }],
      'the history of the project tells of it',
    );
  });
});

test('when the server is killed no machine outlives it, and snapshots are whole', { skip }, async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'cds-snapshots-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const program = fileURLToPath(new URL('./testing/machine-program.ts', import.meta.url));
  const server = spawn(process.execPath, [program, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => server.kill('SIGKILL'));
  const line = await firstLine(server.stdout);
  const { snapshotId } = JSON.parse(line) as { snapshotId: string };
  const machines = await qemuBelow(server.pid ?? 0);
  assert.ok(machines.length > 0);
  server.kill('SIGKILL');
  await eventually(() => {
    for (const id of machines) assert.throws(() => process.kill(id, 0), /ESRCH/);
  });
  const snapshots = createSnapshotFiles(folder);
  await snapshots.recover();
  const record = await snapshots.read(snapshotId);
  assert.ok(record !== null);
  await using restored = await snapshots.restore(kit.machines.parts(), record, kit.machines.identity());
  let output = '';
  const code = 'print(open("kept").read())';
  const onOutput = (_stream: string, data: Buffer) => {
    output += data.toString();
  };
  await restored.agent.run({ ...request, code }, { onOutput }).ended;
  assert.equal(output, 'still here\n');
});

async function firstLine(stream: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: stream })) return line;
  throw new Error('it printed nothing');
}

test('beyond one’s machines a start is refused; an unused one is ended after a while', { skip }, async () => {
  await using m = await microWorld({
    CDS_SANDBOX_MICRO_MACHINES_PER_USER: '1',
    CDS_SANDBOX_MICRO_IDLE_MS: '2000',
    CDS_SANDBOX_MICRO_POOL: '1',
  });
  await m.start();
  await assert.rejects(m.start(), (error) => isFault(error, 'sandbox.vm_limit') && error.data.limit === 1);
  const other = m.world.call();
  await assert.rejects(m.start({}, other), (error) => isFault(error));
  await eventually(async () => {
    const { vms, pooled } = await m.list();
    assert.deepEqual([vms.length, pooled], [0, 0]);
  }, 60_000);
  assert.equal((await m.start({ script: 'print(1)' })).script?.stdout, '1\n');
});

test('an image that nobody built is named, with the command that builds it', { skip }, async () => {
  await using m = await microWorld();
  await assert.rejects(m.start({ image: 'fortran' }), (error) => isFault(error, 'sandbox.image_missing'));
  const client = m.world.client(sandboxContract);
  await assert.rejects(
    client.call('micro.start', { projectId: m.projectId, network: true }, m.call()),
    (error) => isFault(error, 'sandbox.network_not_granted'),
  );
});
