import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import type { ParamsOf } from '#base/contract.ts';
import { isFault } from '#base/fault.ts';
import { sandboxContract } from '../contract.ts';
import { call, drop, i32, moduleOf, types } from '../testing/wasm-module.ts';
import { type SandboxWorld, sandboxWorld } from '../testing/world.ts';

let s: SandboxWorld;
before(async () => {
  s = await sandboxWorld();
});
after(() => s[Symbol.asyncDispose]());

const client = () => s.world.client(sandboxContract);
const four = [types.i32, types.i32, types.i32, types.i32];
const system = (name: string) => ({
  module: 'wasi_snapshot_preview1',
  name,
  params: four,
  results: [types.i32],
});
const [fdRead, fdWrite, pollOneoff] = [0, 1, 2] as const;
const word = (value: number) => String.fromCharCode(value & 0xff, (value >> 8) & 0xff, 0, 0);
const load = (at: number) => [...i32(at), 0x28, 2, 0];
const store = (at: number, value: readonly number[]) => [...i32(at), ...value, 0x36, 2, 0];

/** Writes back what it reads, in pieces of so many bytes, until the end of its input; polls before each read if told to. */
function echo(pieceBytes: number, options: { readonly polls?: boolean } = {}): Buffer {
  const poll = [...i32(2048), ...i32(3072), ...i32(1), ...i32(36), ...call(pollOneoff), drop];
  const subscribe = [...i32(2056), ...i32(1), 0x3a, 0, 0];
  const code = [
    ...(options.polls === true ? subscribe : []),
    ...[0x02, 0x40, 0x03, 0x40],
    ...(options.polls === true ? poll : []),
    ...[...i32(0), ...i32(0), ...i32(1), ...i32(32), ...call(fdRead), drop],
    ...[...load(32), 0x45, 0x0d, 1],
    ...store(20, load(32)),
    ...[...i32(1), ...i32(16), ...i32(1), ...i32(36), ...call(fdWrite), drop],
    ...[0x0c, 0, 0x0b, 0x0b],
  ];
  return moduleOf({
    imports: [system('fd_read'), system('fd_write'), system('poll_oneoff')],
    functions: [{ code, exported: '_start' }],
    memory: [2],
    // The piece that is read at 0, the one that is written at 16: both of memory from 65,536 on.
    data: `\0\0\x01\0${word(pieceBytes)}${'\0'.repeat(8)}\0\0\x01\0`,
  });
}
/** Turns in a circle and never reads. */
const deaf = moduleOf({
  imports: [system('fd_read')],
  functions: [{ code: [0x03, 0x40, 0x0c, 0, 0x0b], exported: '_start' }],
  memory: [1],
});
const brief = moduleOf({
  imports: [system('fd_read')],
  functions: [{ code: [], exported: '_start' }],
  memory: [1],
});

async function begin(
  bytes: Buffer,
  request: Partial<ParamsOf<typeof sandboxContract, 'sandbox.stream'>> = {},
) {
  const path = `${randomUUID()}.wasm`;
  const content = bytes.toString('base64');
  await client().call('fs.write', { projectId: s.projectId, path, content, encoding: 'base64' }, s.call());
  const stream = client().stream(
    'sandbox.stream',
    {
      projectId: s.projectId,
      engine: 'wasm',
      program: { kind: 'module', path },
      keepInput: true,
      timeoutMs: 60_000,
      limits: { fuel: 10 ** 13 },
      ...request,
    },
    s.call(),
  );
  const first = await stream.next();
  assert.ok(first.done !== true && first.value.kind === 'started');
  const { processId } = first.value;
  const input = (data: string, end = false, by = s.call()) =>
    client().call('sandbox.input', { processId, data, end }, by);
  /** Output up to a text, or all there is. */
  const until = async (expected: string | null) => {
    let text = '';
    for (;;) {
      if (expected !== null && text.includes(expected)) return { text, end: null };
      const step = await stream.next();
      if (step.done === true) return { text, end: step.value };
      if (step.value.kind === 'output') text += step.value.data;
    }
  };
  return { stream, processId, input, until };
}

for (const [name, bytes] of [
  ['a kilobyte at a time', echo(1024)],
  ['byte by byte', echo(1)],
  ['polling before each read', echo(1024, { polls: true })],
] as const) {
  test(`a program that reads ${name} is answered while it runs, until its input is closed`, async () => {
    const { input, until } = await begin(bytes, { stdin: 'given. ' });
    await input('first. ');
    assert.equal((await until('first. ')).text, 'given. first. ');
    await input('second. ');
    assert.equal((await until('second. ')).text, 'second. ');
    await input('third.', true);
    const { text, end } = await until(null);
    assert.deepEqual([text, end?.exitCode, end?.killedBy], ['third.', 0, null]);
  });
}

test('megabytes go through a window of some kilobytes, complete and in order', async () => {
  const { input, until } = await begin(echo(3072), { limits: { fuel: 10 ** 13, outputBytes: 1024 * 1024 } });
  const data = Array.from({ length: 90_000 }, (_, index) => `${index}\n`).join('');
  const collected = until(null);
  await input(data, true);
  const { text, end } = await collected;
  assert.equal(end?.exitCode, 0);
  assert.ok(text === data);
});

test('a program that never reads holds its writer back: one piece waits, the next is refused, its end is told', async () => {
  const { stream, input } = await begin(deaf);
  const waiting = input('x'.repeat(4 * 1024 * 1024)).catch((error: unknown) => error);
  await assert.rejects(input('y'), (error) => isFault(error, 'sandbox.input_full'));
  await stream.return(undefined as never);
  assert.ok(isFault(await waiting, 'sandbox.input_closed'));
  await assert.rejects(input('z'), (error) => isFault(error, 'sandbox.process_unknown'));
});

test('a program that waits for input which never comes is ended in time, and the next one runs', async () => {
  const { until } = await begin(echo(1), { timeoutMs: 300 });
  assert.equal((await until(null)).end?.killedBy, 'time');
  const { processId, until: untilStopped } = await begin(echo(1, { polls: true }));
  await client().call('sandbox.stop', { processId }, s.call());
  assert.equal((await untilStopped(null)).end?.killedBy, 'user');
  const next = await begin(echo(1024));
  await next.input('still here', true);
  assert.equal((await next.until(null)).text, 'still here');
});

test('a reader that leaves ends a program that waits for input', async () => {
  const { stream, processId } = await begin(echo(1024));
  await stream.return(undefined as never);
  const { runs } = await client().call('run.history', { projectId: s.projectId, limit: 5 }, s.call());
  assert.equal(runs.find((run) => run.processId === processId)?.killedBy, 'client');
});

test('fuel ends a program between two reads', async () => {
  const { input, until } = await begin(echo(1), { limits: { fuel: 100_000 } });
  const writing = input('x'.repeat(1_000_000)).catch((error: unknown) => error);
  assert.equal((await until(null)).end?.killedBy, 'fuel');
  assert.ok(isFault(await writing));
});

test('whoever is too late, is somebody else, or did not ask for it writes nothing', async () => {
  const { until, input } = await begin(brief);
  const late = input('x').catch((error: unknown) => error);
  await until(null);
  const told = await late;
  // A small piece may have been taken before the program had ended without reading it.
  if (told instanceof Error) {
    assert.ok(isFault(told, 'sandbox.input_closed') || isFault(told, 'sandbox.process_unknown'));
  }
  await assert.rejects(input('x'), (error) => isFault(error, 'sandbox.process_unknown'));
  const closed = await begin(deaf, { keepInput: false });
  await assert.rejects(closed.input('x'), (error) => isFault(error, 'sandbox.input_closed'));
  await assert.rejects(closed.input('x', false, s.world.call()), (error) =>
    isFault(error, 'sandbox.process_unknown'),
  );
  await closed.stream.return(undefined as never);
});

test('the run engine takes input by the same call', async () => {
  const stream = client().stream(
    'sandbox.stream',
    { projectId: s.projectId, engine: 'run', program: { kind: 'command', command: 'cat' }, keepInput: true },
    s.call(),
  );
  const first = await stream.next();
  assert.ok(first.done !== true && first.value.kind === 'started');
  await client().call('sandbox.input', { processId: first.value.processId, data: 'hi', end: true }, s.call());
  let text = '';
  let step = await stream.next();
  for (; step.done !== true; step = await stream.next())
    if (step.value.kind === 'output') text += step.value.data;
  assert.deepEqual([text, step.value.exitCode], ['hi', 0]);
});
