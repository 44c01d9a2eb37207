import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ParamsOf } from '#base/contract.ts';
import { isFault } from '#base/fault.ts';
import { eventually } from '#kernel/testing/eventually.ts';
import { sandboxContract } from './contract.ts';
import { type SandboxWorld, sandboxWorld } from './testing/world.ts';

let s: SandboxWorld;
before(async () => {
  s = await sandboxWorld();
});
after(() => s[Symbol.asyncDispose]());

type Execute = ParamsOf<typeof sandboxContract, 'sandbox.execute'>;
const client = () => s.world.client(sandboxContract);
const execute = (request: Omit<Execute, 'projectId'>, call = s.call()) =>
  client().call('sandbox.execute', { projectId: s.projectId, ...request }, call);

test('source text in three languages runs with its arguments and input', async () => {
  const programs = [
    ['python', 'import sys; print(sys.argv[1:], sys.stdin.read())', "['a b', '-x'] in\n"],
    [
      'javascript',
      'console.log(process.argv.slice(1).join(), require("fs").readFileSync(0, "utf8"))',
      'a b,-x in\n',
    ],
    ['shell', 'echo "$1,$2 $(cat)"', 'a b,-x in\n'],
  ] as const;
  for (const [language, code, expected] of programs) {
    const program = { kind: 'code' as const, language, code, args: ['a b', '-x'] };
    const result = await execute({ engine: 'run', program, stdin: 'in' });
    assert.equal(result.stdout, expected, `${language}: ${result.stderr}`);
    assert.deepEqual([result.engine, result.exitCode, result.killedBy], ['run', 0, null]);
  }
});

test('an engine says what it cannot do instead of ignoring it', async () => {
  const program = { kind: 'command' as const, command: 'true' };
  await assert.rejects(
    execute({ engine: 'run', program: { kind: 'module', path: 'a.wasm' } }),
    (error) => isFault(error, 'sandbox.program_unsupported') && error.data.engine === 'run',
  );
  await assert.rejects(
    execute({ engine: 'run', program, limits: { fuel: 10 } }),
    (error) => isFault(error, 'sandbox.limit_unknown') && error.data.name === 'fuel',
  );
  await assert.rejects(execute({ engine: 'run', program, files: 'read' }), (error) =>
    isFault(error, 'sandbox.limit_unknown'),
  );
});

test('a streamed program tells its limits first and its end last, and can be stopped by those who may', async () => {
  const program = { kind: 'command' as const, command: 'sh', args: ['-c', 'echo one; sleep 60'] };
  const stream = client().stream(
    'sandbox.stream',
    { projectId: s.projectId, engine: 'run', program, timeoutMs: 50_000 },
    s.call(),
  );
  const first = await stream.next();
  const started = first.value as { kind: string; processId: string; limits: { timeMs: number } };
  assert.deepEqual([started.kind, started.limits.timeMs], ['started', 50_000]);
  const { processId } = started;
  const second = await stream.next();
  assert.deepEqual(second.value, { kind: 'output', stream: 'stdout', data: 'one\n', encoding: 'utf8' });
  const stranger = s.world.call();
  await assert.rejects(client().call('sandbox.stop', { processId }, stranger), (error) =>
    isFault(error, 'projects.unknown'),
  );
  await client().call('sandbox.stop', { processId }, s.call());
  let step = await stream.next();
  while (step.done !== true) step = await stream.next();
  assert.equal(step.value.killedBy, 'user');
  await assert.rejects(client().call('sandbox.stop', { processId }, s.call()), (error) =>
    isFault(error, 'sandbox.process_unknown'),
  );
});

test('a reader that leaves ends the program', async () => {
  const program = { kind: 'command' as const, command: 'sleep', args: ['60'] };
  const stream = client().stream(
    'sandbox.stream',
    { projectId: s.projectId, engine: 'run', program, timeoutMs: 50_000 },
    s.call(),
  );
  await stream.next();
  await stream.return(undefined as never);
  await eventually(async () => {
    const { runs } = await client().call('run.list', { projectId: s.projectId }, s.call());
    assert.deepEqual(runs, []);
  });
});

test('whether a program reaches the project’s hosts is chosen, and refused where there are none', async () => {
  const projectId = await s.newProject();
  const start = async (network: boolean | undefined, engine: 'run' | 'wasm' = 'run') => {
    const program =
      engine === 'run'
        ? ({ kind: 'command', command: 'true' } as const)
        : ({ kind: 'module', path: 'none.wasm' } as const);
    const request = { projectId, engine, program, network };
    const stream = client().stream('sandbox.stream', request, s.call());
    const first = await stream.next();
    await stream.return(undefined as never);
    return first.done !== true && first.value.kind === 'started' && first.value.network;
  };
  await assert.rejects(start(true), (error) => isFault(error, 'sandbox.network_not_granted'));
  await assert.rejects(start(true, 'wasm'), (error) => isFault(error, 'sandbox.limit_unknown'));
  assert.equal(await start(undefined), false);
  const grant = { projectId, mode: 'allowList' as const, hosts: ['granted.invalid'] };
  await client().call('sandbox.network.set', grant, s.call());
  assert.deepEqual([await start(undefined), await start(true), await start(false)], [true, true, false]);
});
