import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { isFault } from '#base/fault.ts';
import type { EventEnvelope } from '#kernel/module.ts';
import { eventually } from '#kernel/testing/eventually.ts';
import { projectsContract } from '#modules/projects/contract.ts';
import { sandboxContract } from './contract.ts';
import { type SandboxWorld, sandboxWorld } from './testing/world.ts';

let s: SandboxWorld;

before(async () => {
  s = await sandboxWorld({
    CDS_SANDBOX_HISTORY_LENGTH: '3',
    CDS_SANDBOX_MAX_RUNNING_PER_USER: '2',
    CDS_SANDBOX_MAX_WAITING_PER_USER: '1',
    CDS_SANDBOX_MAX_WAIT_MS: '200',
  });
});
after(() => s[Symbol.asyncDispose]());

const client = () => s.world.client(sandboxContract);
const history = async (projectId: string) =>
  (await client().call('run.history', { projectId }, s.call())).runs.map(({ args, killedBy, exitCode }) => ({
    line: args[1],
    killedBy,
    exitCode,
  }));

test('the history tells the last runs, newest first, and what ended each', async () => {
  const projectId = await s.newProject();
  await s.shell('exit 1', { projectId });
  await s.shell('exit 2', { projectId });
  await s.shell('sleep 9', { projectId, timeoutMs: 150 });
  await s.shell('exit 4', { projectId });
  assert.deepEqual(await history(projectId), [
    { line: 'exit 4', killedBy: null, exitCode: 4 },
    { line: 'sleep 9', killedBy: 'time', exitCode: 137 },
    { line: 'exit 2', killedBy: null, exitCode: 2 },
  ]);
  const first = await client().call('run.history', { projectId, limit: 2 }, s.call());
  assert.equal(first.runs.length, 2);
  const second = await client().call(
    'run.history',
    { projectId, limit: 2, cursor: first.nextCursor ?? undefined },
    s.call(),
  );
  assert.deepEqual([second.runs.length, second.nextCursor], [1, null]);
  await assert.rejects(client().call('run.history', { projectId }, s.world.call()), (error) =>
    isFault(error, 'projects.unknown'),
  );
});

test('running programs are listed with what they use', async () => {
  const stream = client().stream(
    'run.stream',
    { projectId: s.projectId, command: 'sleep', args: ['20'] },
    s.call(),
  );
  await stream.next();
  const { runs } = await client().call('run.list', { projectId: s.projectId }, s.call());
  assert.equal(runs.length, 1);
  assert.deepEqual([runs[0]?.command, runs[0]?.args], ['sleep', ['20']]);
  await stream.return(undefined as never);
  const left = await client().call('run.list', { projectId: s.projectId }, s.call());
  assert.deepEqual(left.runs, []);
});

test('run configurations are saved, replaced, listed by name and deleted', async () => {
  const projectId = await s.newProject();
  const save = (request: object) =>
    client().call('run.config.save', { projectId, name: 'tests', command: 'npm', ...request }, s.call());
  const saved = await save({
    args: ['test'],
    env: { CI: '1' },
    limits: { processes: 200 },
    timeoutMs: 60_000,
  });
  await save({ name: 'Build', args: ['run', 'build'] });
  await assert.rejects(save({ name: 'tests' }), (error) => isFault(error, 'sandbox.config_name_taken'));
  const changed = await save({ configId: saved.configId, args: ['test', '--', '\ud800'] });
  const { configs } = await client().call('run.config.list', { projectId }, s.call());
  assert.deepEqual(
    configs.map(({ name }) => name),
    ['Build', 'tests'],
  );
  assert.deepEqual(configs[1], changed);
  assert.equal(changed.timeoutMs, null);
  await client().call('run.config.delete', { projectId, configId: saved.configId }, s.call());
  for (const configId of [saved.configId]) {
    await assert.rejects(client().call('run.config.delete', { projectId, configId }, s.call()), (error) =>
      isFault(error, 'sandbox.config_unknown'),
    );
    await assert.rejects(save({ configId, name: 'again' }), (error) =>
      isFault(error, 'sandbox.config_unknown'),
    );
  }
  const fueled = await save({
    name: 'grade',
    engine: 'wasm',
    files: 'read',
    command: 'grade.wasm#score',
    limits: { fuel: 1_000_000 },
    keepInput: true,
    network: true,
  });
  const again = (await client().call('run.config.list', { projectId }, s.call())).configs;
  assert.deepEqual(
    again.find(({ name }) => name === 'grade'),
    fueled,
  );
  assert.deepEqual([fueled.engine, fueled.files, fueled.limits], ['wasm', 'read', { fuel: 1_000_000 }]);
  assert.deepEqual([changed.engine, changed.files], ['run', 'none']);
  assert.deepEqual([fueled.keepInput, fueled.network], [true, true]);
  assert.deepEqual([changed.keepInput, changed.network], [false, false]);
  const other = await s.newProject();
  const foreign = (await client().call('run.config.list', { projectId }, s.call())).configs[0];
  await assert.rejects(
    client().call('run.config.delete', { projectId: other, configId: foreign?.configId ?? '' }, s.call()),
    (error) => isFault(error, 'sandbox.config_unknown'),
  );
});

test('the network is off until the owner grants hosts, in one spelling, and each change is announced', async () => {
  const projectId = await s.newProject();
  const get = () => client().call('sandbox.network.get', { projectId }, s.call());
  const set = (hosts: string[], call = s.call()) =>
    client().call('sandbox.network.set', { projectId, mode: 'allowList', hosts }, call);
  assert.deepEqual(await get(), { mode: 'off', hosts: [] });
  const announced: EventEnvelope[] = [];
  using _subscription = s.world.events.subscribe('sandbox.network_changed', (event) => announced.push(event));
  assert.deepEqual(await set(['Registry.Example.ORG', '*.example.org:8443', 'registry.example.org']), {
    mode: 'allowList',
    hosts: ['registry.example.org', '*.example.org:8443'],
  });
  assert.deepEqual((await get()).hosts, ['registry.example.org', '*.example.org:8443']);
  await eventually(() => assert.equal(announced.length, 1));
  await assert.rejects(set(['127.0.0.1']), (error) => isFault(error, 'sandbox.host_invalid'));
  await assert.rejects(set(['example.org'], s.world.call()), (error) => isFault(error, 'projects.unknown'));
  const result = await s.shell('echo $HTTPS_PROXY; exit 3', { projectId });
  assert.deepEqual([result.stdout, result.exitCode], ['http://127.0.0.1:8118\n', 3], result.stderr);
});

test('starts and ends are announced and counted', async () => {
  const seen: EventEnvelope[] = [];
  using _subscription = s.world.events.subscribe('sandbox.*', (event) => seen.push(event));
  const result = await s.shell('exit 6');
  await eventually(() => {
    const own = seen.filter(
      ({ payload }) => (payload as { processId?: string }).processId === result.processId,
    );
    assert.deepEqual(own.map(({ name }) => name).sort(), ['sandbox.finished', 'sandbox.started']);
    const end = own.find(({ name }) => name === 'sandbox.finished')?.payload as { exitCode: number };
    assert.equal(end.exitCode, 6);
  });
  const text = await s.world.platform.metrics.metrics();
  assert.match(text, /^sandbox_operations_total\{engine="run",operation="exec"[^}]*\} [1-9]/m);
  assert.match(text, /^sandbox_running\{engine="run",operation="exec"[^}]*\} 0$/m);
});

test('a user beyond the places waits, and is told when it takes too long', async () => {
  const running = [1, 2].map(() => s.shell('sleep 0.8'));
  await new Promise((resolve) => setTimeout(resolve, 100));
  const startedMs = performance.now();
  await assert.rejects(
    s.shell('true'),
    (error) => isFault(error, 'sandbox.busy') && error.data.retryAfterMs === 1000,
  );
  assert.ok(performance.now() - startedMs < 8_000);
  await Promise.all(running);
  assert.equal((await s.shell('true')).exitCode, 0);
});

test('a deleted project has nothing running', async () => {
  const projectId = await s.newProject();
  const running = s.shell('sleep 20', { projectId, timeoutMs: 25_000 });
  const terminal = client().stream('run.terminal', { projectId, command: 'sleep', args: ['20'] }, s.call());
  await terminal.next();
  await eventually(async () => {
    const { runs } = await client().call('run.list', { projectId }, s.call());
    assert.equal(runs.length, 1);
  });
  await s.world.client(projectsContract).call('project.delete', { id: projectId }, s.call());
  assert.equal((await running).killedBy, 'user');
  let step = await terminal.next();
  while (step.done !== true) step = await terminal.next();
  assert.equal(step.value.killedBy, 'user');
});

test('the engines say what they are in both languages, with defaults and maxima', async () => {
  const { engines, defaults, maxima } = await client().call('sandbox.engines', {}, s.call());
  assert.deepEqual(
    engines.map(({ engine, available }) => ({ engine, available })),
    [
      { engine: 'fs', available: true },
      { engine: 'run', available: true },
      { engine: 'wasm', available: true },
      // Nobody has built a guest image for this platform.
      { engine: 'micro', available: false },
    ],
  );
  for (const { isolation } of engines)
    for (const { en, de } of isolation) assert.ok(en !== '' && de !== '' && en !== de);
  assert.equal(defaults.timeMs, 10_000);
  assert.equal(defaults.memoryBytes, 256 * 1024 * 1024);
  assert.ok(maxima.memoryBytes >= defaults.memoryBytes);
});

test('only administrators read the doctor’s findings', async () => {
  const { checks } = await client().call('sandbox.doctor', {}, s.world.call({ role: 'admin' }));
  assert.equal(checks.find(({ name }) => name === 'bubblewrap')?.state, 'ok');
});

test('storage that a program used counts against the owner’s quota', async () => {
  const quota = await sandboxWorld({ CDS_PROJECTS_QUOTA_BYTES: String(20 * 1024 * 1024) });
  try {
    const result = await quota.python(
      `index = 0
while True:
    open(f'fill{index}', 'wb').write(bytes(400_000)); index += 1`,
    );
    assert.equal(result.killedBy, 'disk');
    assert.ok(result.limits.diskBytes <= 20 * 1024 * 1024);
  } finally {
    await quota[Symbol.asyncDispose]();
  }
});

test('a program whose input stays open is written to and answers, until the input is closed', async () => {
  const stream = client().stream(
    'run.stream',
    { projectId: s.projectId, command: 'cat', keepInput: true },
    s.call(),
  );
  const first = await stream.next();
  assert.ok(first.done !== true && first.value.kind === 'started');
  const { processId } = first.value;
  const output = async () => {
    for (;;) {
      const next = await stream.next();
      if (next.done === true) return next.value.exitCode;
      if (next.value.kind === 'output') return next.value.data;
    }
  };
  await client().call('run.input', { processId, data: 'grüße\n' }, s.call());
  assert.equal(await output(), 'grüße\n');
  await assert.rejects(
    client().call('run.input', { processId, data: 'x' }, s.world.call()),
    (error) => isFault(error, 'sandbox.process_unknown'),
    'others may not write',
  );
  await client().call('run.input', { processId, data: 'end', end: true }, s.call());
  assert.equal(await output(), 'end');
  assert.equal(await output(), 0);
  await assert.rejects(client().call('run.input', { processId, data: 'x' }, s.call()), (error) =>
    isFault(error, 'sandbox.process_unknown'),
  );
});

test('a program that does not read is not fed without end: one piece waits, the next is refused', async () => {
  const stream = client().stream(
    'run.stream',
    { projectId: s.projectId, command: 'sleep', args: ['20'], keepInput: true },
    s.call(),
  );
  const first = await stream.next();
  assert.ok(first.done !== true && first.value.kind === 'started');
  const { processId } = first.value;
  const data = 'x'.repeat(4 * 1024 * 1024);
  const waiting = client()
    .call('run.input', { processId, data }, s.call())
    .catch((error: unknown) => error);
  await assert.rejects(client().call('run.input', { processId, data: 'y' }, s.call()), (error) =>
    isFault(error, 'sandbox.input_full'),
  );
  await stream.return(undefined as never);
  assert.ok(isFault(await waiting, 'sandbox.input_closed'));
});
