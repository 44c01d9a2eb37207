import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import type { ParamsOf } from '#base/contract.ts';
import { isFault } from '#base/fault.ts';
import { sandboxContract } from '../contract.ts';
import { buildAssemblyScript, buildC, buildRust } from '../testing/toolchains.ts';
import { type SandboxWorld, sandboxWorld } from '../testing/world.ts';

let s: SandboxWorld;
before(async () => {
  s = await sandboxWorld();
});
after(() => s[Symbol.asyncDispose]());

const client = () => s.world.client(sandboxContract);
const load = (bytes: Buffer, projectId = s.projectId) =>
  client().call('wasm.load', { projectId, bytes: bytes.toString('base64') }, s.call());
const callOf = (params: ParamsOf<typeof sandboxContract, 'wasm.call'>) =>
  client().call('wasm.call', params, s.call());
const write = (path: string, content: Buffer | string) =>
  client().call(
    'fs.write',
    { projectId: s.projectId, path, content: Buffer.from(content).toString('base64'), encoding: 'base64' },
    s.call(),
  );
const read = async (path: string) =>
  (await client().call('fs.read', { projectId: s.projectId, path }, s.call())).content;

const noC =
  'clang, lld and wasi-libc are not installed: apt-get install clang lld wasi-libc libclang-rt-dev-wasm32';
const noRust = 'rustc with the target wasm32-wasip1 is not installed';

test('C: hello, the sieve and the word count, and each burns the same fuel twice', async (t) => {
  const hello = buildC('hello.c');
  if (hello === null) return t.skip(noC);
  const { moduleId, exports } = await load(hello);
  assert.ok(exports.some(({ name }) => name === '_start'));
  const greeted = await callOf({ moduleId, args: ['Wörld'] });
  assert.deepEqual([greeted.stdout, greeted.exitCode], ['Hello, Wörld\n', 0]);
  const again = await callOf({ moduleId, args: ['Wörld'] });
  assert.equal(again.fuelUsed, greeted.fuelUsed);

  const sieve = await load(buildC('sieve.c') ?? hello);
  const primes = await callOf({ moduleId: sieve.moduleId, args: ['1000000'] });
  assert.equal(primes.stdout, '78498 primes up to 1000000\n');
  assert.ok(primes.fuelUsed > 10_000_000);
  await assert.rejects(callOf({ moduleId: sieve.moduleId, args: ['1000000'], fuel: 1000 }), (error) =>
    isFault(error, 'sandbox.fuel_exhausted'),
  );
  await assert.rejects(
    callOf({ moduleId: sieve.moduleId, args: ['100000000'], memoryLimitBytes: 2 ** 20 }),
    (error) => isFault(error, 'sandbox.limit_reached') && error.data.limit === 'memory',
  );
  return undefined;
});

test('C: a program works on the project’s files, and what it changes is kept only when that was granted', async (t) => {
  const words = buildC('words.c');
  if (words === null) return t.skip(noC);
  await write('text.txt', 'three small words\n');
  await write('words.wasm', words);
  const { moduleId } = await client().call(
    'wasm.load',
    { projectId: s.projectId, path: 'words.wasm' },
    s.call(),
  );
  const blind = await callOf({ moduleId });
  assert.equal(blind.exitCode, 1);
  assert.match(blind.stderr, /text\.txt/);
  const reading = await callOf({ moduleId, files: 'read' });
  assert.equal(reading.exitCode, 1);
  assert.match(reading.stderr, /words\.txt: .*[Rr]ead-only/);
  const result = await callOf({ moduleId, files: 'write' });
  assert.deepEqual([result.exitCode, result.stdout], [0, '3 words\n'], result.stderr);
  assert.deepEqual(result.changedFiles, ['words.txt']);
  assert.equal(await read('words.txt'), '3 words\n');
  const program = { kind: 'module' as const, path: 'words.wasm' };
  const executed = await client().call(
    'sandbox.execute',
    { projectId: s.projectId, engine: 'wasm', program, files: 'write' },
    s.call(),
  );
  assert.deepEqual(
    [executed.exitCode, executed.stdout, executed.fuelUsed],
    [0, '3 words\n', result.fuelUsed],
  );
  return undefined;
});

test('Rust: the standard library’s hash maps are the same in every run', async (t) => {
  const hello = buildRust('hello.rs');
  if (hello === null) return t.skip(noRust);
  const { moduleId } = await load(hello);
  const first = await callOf({ moduleId, stdin: 'abba' });
  assert.deepEqual([first.stdout, first.exitCode], ['a 2\nb 2\n', 0]);
  assert.equal((await callOf({ moduleId, stdin: 'abba' })).fuelUsed, first.fuelUsed);
  return undefined;
});

test('AssemblyScript: functions are called with numbers, 64 bits as text', async () => {
  const { moduleId, exports } = await load(await buildAssemblyScript('sieve.as.ts'));
  assert.deepEqual(
    exports.find(({ name }) => name === 'countPrimes'),
    { name: 'countPrimes', kind: 'function', params: ['i32'], results: ['i32'] },
  );
  assert.deepEqual((await callOf({ moduleId, function: 'countPrimes', args: [1000] })).results, [168]);
  const large = await callOf({ moduleId, function: 'fibonacci', args: [90] });
  assert.deepEqual([large.results, large.exitCode], [['2880067194370816120'], null]);
  assert.equal((await callOf({ moduleId, function: 'hello' })).stdout, 'Hello from AssemblyScript\n');
  await assert.rejects(callOf({ moduleId, function: 'countPrimes', args: ['many'] }), (error) =>
    isFault(error, 'sandbox.call_refused'),
  );
  await assert.rejects(callOf({ moduleId, function: 'absent' }), (error) =>
    isFault(error, 'sandbox.call_refused'),
  );
});

test('the same programs in Python do the same in the run engine', async () => {
  const programs = new URL('../../../../../examples/programs/', import.meta.url);
  for (const name of ['hello.py', 'sieve.py', 'words.py'])
    await write(name, readFileSync(new URL(name, programs)));
  await write('text.txt', 'three small words\n');
  const run = (file: string, ...args: string[]) => s.exec({ command: 'python3', args: [file, ...args] });
  assert.equal((await run('hello.py', 'Wörld')).stdout, 'Hello, Wörld\n');
  assert.equal((await run('sieve.py', '1000000')).stdout, '78498 primes up to 1000000\n');
  assert.equal((await run('words.py')).stdout, '3 words\n');
  assert.equal(await read('words.txt'), '3 words\n');
});
