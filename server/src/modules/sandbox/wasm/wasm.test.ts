import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { after, before, test } from 'node:test';
import type { ParamsOf } from '#base/contract.ts';
import { isFault } from '#base/fault.ts';
import { eventually } from '#kernel/testing/eventually.ts';
import { projectsContract } from '#modules/projects/contract.ts';
import { sandboxContract } from '../contract.ts';
import { killQuietly } from '../limits/control-files.ts';
import { processTree } from '../limits/process-table.ts';
import { call, endlessLoop, i32, moduleOf, types } from '../testing/wasm-module.ts';
import { type SandboxWorld, sandboxWorld } from '../testing/world.ts';

let s: SandboxWorld;
before(async () => {
  s = await sandboxWorld({ CDS_SANDBOX_WASM_FILE_BYTES: String(2 ** 20) });
});
after(() => s[Symbol.asyncDispose]());

type Call = ParamsOf<typeof sandboxContract, 'wasm.call'>;
const client = () => s.world.client(sandboxContract);
const load = (bytes: Buffer, by = s.call(), projectId = s.projectId) =>
  client().call('wasm.load', { projectId, bytes: bytes.toString('base64') }, by);
const invoke = (params: Call, by = s.call()) => client().call('wasm.call', params, by);

const spinning = moduleOf({
  functions: [
    { code: endlessLoop, exported: 'spin' },
    { code: [0x20, 0, 0x20, 1, 0x7c], params: [types.i64, types.i64], results: [types.i64], exported: 'add' },
  ],
});
/** Prints as long as it may. */
const printing = moduleOf({
  imports: [
    {
      module: 'wasi_snapshot_preview1',
      name: 'fd_write',
      params: [types.i32, types.i32, types.i32, types.i32],
      results: [types.i32],
    },
  ],
  functions: [
    {
      code: [0x03, 0x40, ...i32(1), ...i32(0), ...i32(1), ...i32(32), ...call(0), 0x1a, 0x0c, 0, 0x0b],
      exported: '_start',
    },
  ],
  memory: [1],
  // One piece of memory: 16 bytes at 16.
  data: '\x10\0\0\0\x10\0\0\0\0\0\0\0\0\0\0\0hello from here\n',
});
const forever = { fuel: 10 ** 14, timeoutMs: 60_000 };

/** Processes of this server that belong to hosts, bubblewrap's own included. */
const hosts = () =>
  processTree(process.pid).filter(({ processId }) => {
    try {
      return readFileSync(`/proc/${processId}/cmdline`, 'utf8').includes('/opt/wasm/host/main');
    } catch {
      return false;
    }
  });

test('64 bits travel as text, and the same bytes have the same id', async () => {
  const { moduleId, exports } = await load(spinning);
  assert.equal((await load(spinning)).moduleId, moduleId);
  assert.deepEqual(
    exports.map(({ name }) => name),
    ['spin', 'add'],
  );
  const { results } = await invoke({ moduleId, function: 'add', args: ['9007199254740993', '1'] });
  assert.deepEqual(results, ['9007199254740994']);
  const wrapped = await invoke({ moduleId, function: 'add', args: ['9223372036854775807', 1] });
  assert.deepEqual(wrapped.results, ['-9223372036854775808']);
  for (const args of [['1.5', '1'], ['x', '1'], ['1']]) {
    await assert.rejects(invoke({ moduleId, function: 'add', args }), (error) =>
      isFault(error, 'sandbox.call_refused'),
    );
  }
});

test('a spinning program is ended in time, and the next call finds everything compiled', async () => {
  const { moduleId } = await load(spinning);
  await invoke({ moduleId, function: 'add', args: [1, 1] });
  const startedMs = performance.now();
  await assert.rejects(
    invoke({ moduleId, function: 'spin', fuel: 10 ** 14, timeoutMs: 300 }),
    (error) => isFault(error, 'sandbox.limit_reached') && error.data.limit === 'time',
  );
  assert.ok(performance.now() - startedMs < 5_000);
  assert.deepEqual((await invoke({ moduleId, function: 'add', args: [2, 2] })).results, ['4']);
});

test('whoever leaves ends the program', async () => {
  const { moduleId } = await load(spinning);
  const leaving = new AbortController();
  const running = invoke({ moduleId, function: 'spin', ...forever }, { ...s.call(), signal: leaving.signal });
  const outcome = assert.rejects(running);
  setTimeout(() => leaving.abort(), 300);
  await outcome;
  assert.deepEqual((await invoke({ moduleId, function: 'add', args: [1, 2] })).results, ['3']);
});

test('output streams as it is printed, and ends at its limit', async () => {
  await client().call(
    'fs.write',
    { projectId: s.projectId, path: 'print.wasm', content: printing.toString('base64'), encoding: 'base64' },
    s.call(),
  );
  const program = { kind: 'module' as const, path: 'print.wasm' };
  const limits = { outputBytes: 100_000, fuel: 10 ** 12 };
  const stream = client().stream(
    'sandbox.stream',
    { projectId: s.projectId, engine: 'wasm', program, limits },
    s.call(),
  );
  let text = '';
  let step = await stream.next();
  assert.equal((step.value as { kind: string }).kind, 'started');
  while (step.done !== true) {
    if (step.value.kind === 'output') text += step.value.data;
    step = await stream.next();
  }
  assert.deepEqual([step.value.killedBy, step.value.truncated], ['output', true]);
  assert.equal(text.length, 100_000);
  assert.ok(text.startsWith('hello from here\nhello'));
  const { runs } = await client().call('run.history', { projectId: s.projectId, limit: 1 }, s.call());
  const [last] = runs;
  assert.deepEqual([last?.engine, last?.command, last?.killedBy], ['wasm', 'print.wasm', 'output']);
  assert.ok((last?.fuelUsed ?? 0) > 100_000);
});

test('a program is stopped by its id, and a reader that leaves ends it too', async () => {
  await client().call(
    'fs.write',
    { projectId: s.projectId, path: 'spin.wasm', content: spinning.toString('base64'), encoding: 'base64' },
    s.call(),
  );
  const request = {
    projectId: s.projectId,
    engine: 'wasm' as const,
    program: { kind: 'module' as const, path: 'spin.wasm', function: 'spin' },
    limits: { fuel: 10 ** 14 },
    timeoutMs: 60_000,
  };
  const stream = client().stream('sandbox.stream', request, s.call());
  const first = await stream.next();
  const { processId } = first.value as { processId: string };
  await client().call('sandbox.stop', { processId }, s.call());
  let step = await stream.next();
  while (step.done !== true) step = await stream.next();
  assert.equal(step.value.killedBy, 'user');
  const left = client().stream('sandbox.stream', request, s.call());
  await left.next();
  await left.return(undefined as never);
  const list = await client().call('run.history', { projectId: s.projectId, limit: 2 }, s.call());
  assert.ok(list.runs.some(({ killedBy }) => killedBy === 'client'));
});

test('a host that dies takes its program along and nothing else', async () => {
  const { moduleId } = await load(spinning);
  const running = invoke({ moduleId, function: 'spin', ...forever });
  const ended = assert.rejects(
    running,
    (error) => isFault(error, 'sandbox.trapped') && error.data.reason === 'the engine itself failed',
  );
  await new Promise((resolve) => setTimeout(resolve, 500));
  for (const { processId } of hosts()) killQuietly(processId);
  await ended;
  assert.deepEqual((await invoke({ moduleId, function: 'add', args: [3, 4] })).results, ['7']);
});

test('viewers and strangers call nothing', async () => {
  const { moduleId } = await load(spinning);
  const viewer = s.world.call({ ...s.call().principal, role: 'viewer' });
  for (const by of [viewer, s.world.call()]) {
    await assert.rejects(load(spinning, by));
    await assert.rejects(invoke({ moduleId, function: 'add', args: [1, 1] }, by));
    await assert.rejects(client().call('wasm.memory_limit', { moduleId, bytes: 65_536 }, by));
  }
});

test('what is no module, imports what is not offered or was never loaded is refused in words', async () => {
  const refused = (bytes: Buffer) =>
    assert.rejects(load(bytes), (error) => isFault(error, 'sandbox.module_refused'));
  await refused(Buffer.from('no module at all'));
  await refused(spinning.subarray(0, -3));
  const wants = (module: string, name: string) =>
    moduleOf({ imports: [{ module, name, params: [], results: [] }], functions: [], memory: [1] });
  await refused(wants('env', 'system'));
  await refused(wants('wasi_snapshot_preview1', 'path_exec'));
  await assert.rejects(invoke({ moduleId: '0'.repeat(32) }), (error) =>
    isFault(error, 'sandbox.module_unknown'),
  );
  await assert.rejects(client().call('wasm.load', { projectId: s.projectId }, s.call()), (error) =>
    isFault(error, 'common.invalid_params'),
  );
});

test('the memory limit of a module holds for its calls, and none goes beyond the server’s', async () => {
  const growing = moduleOf({
    functions: [{ code: [...i32(20), 0x40, 0], results: [types.i32], exported: 'grow' }],
    memory: [1],
  });
  const { moduleId, memoryBytes } = await load(growing);
  assert.equal(memoryBytes, 65_536);
  assert.deepEqual((await invoke({ moduleId, function: 'grow' })).results, [1]);
  await client().call('wasm.memory_limit', { moduleId, bytes: 10 * 65_536 }, s.call());
  assert.deepEqual((await invoke({ moduleId, function: 'grow' })).results, [-1]);
  const own = { moduleId, function: 'grow', memoryLimitBytes: 30 * 65_536 };
  assert.deepEqual((await invoke(own)).results, [1]);
  await assert.rejects(client().call('wasm.memory_limit', { moduleId, bytes: 2 ** 40 }, s.call()), (error) =>
    isFault(error, 'sandbox.limit_too_high'),
  );
});

test('a folder too large for memory is refused before anything runs', async () => {
  const { moduleId } = await load(spinning);
  await client().call(
    'fs.write',
    { projectId: s.projectId, path: 'large/file', content: 'x'.repeat(2 ** 20 + 1), parents: true },
    s.call(),
  );
  const request = { moduleId, function: 'add', args: [1, 1], files: 'read' as const };
  await assert.rejects(invoke(request), (error) => isFault(error, 'sandbox.files_too_many'));
  await assert.rejects(invoke({ ...request, folder: '../..' }));
  await client().call('fs.mkdir', { projectId: s.projectId, path: 'small' }, s.call());
  assert.deepEqual((await invoke({ ...request, folder: 'small' })).results, ['2']);
});

test('a host sees no project, no network, no program to start, and no key of the server', async () => {
  const { moduleId } = await load(spinning);
  await invoke({ moduleId, function: 'add', args: [1, 1] });
  const node = hosts().find(({ processId }) => readlinkSync(`/proc/${processId}/exe`).endsWith('/node'));
  assert.ok(node, 'a host runs');
  const root = `/proc/${node.processId}/root`;
  assert.deepEqual(
    readdirSync(root).filter((name) => ['root', 'home', 'work', 'workspace', 'var', 'run'].includes(name)),
    [],
  );
  assert.equal(readFileSync(`/proc/${node.processId}/environ`, 'utf8').replace(/PWD=\/\0/, ''), '');
  const status = readFileSync(`/proc/${node.processId}/status`, 'utf8');
  assert.match(status, /^CapEff:\s0+$/m);
  assert.match(status, /^Seccomp:\s2$/m);
  assert.match(status, /^NoNewPrivs:\s1$/m);
  assert.notEqual(readlinkSync(`/proc/${node.processId}/ns/net`), readlinkSync('/proc/self/ns/net'));
});

test('nothing is left of a deleted project’s programs', async () => {
  const projectId = await s.newProject();
  const { moduleId } = await load(spinning, s.call(), projectId);
  const running = invoke({ moduleId, function: 'spin', ...forever });
  const ended = assert.rejects(running, (error) => isFault(error, 'sandbox.limit_reached'));
  await new Promise((resolve) => setTimeout(resolve, 300));
  await s.world.client(projectsContract).call('project.delete', { id: projectId }, s.call());
  await ended;
  await eventually(async () => {
    await assert.rejects(invoke({ moduleId, function: 'add', args: [1, 1] }));
  });
});
