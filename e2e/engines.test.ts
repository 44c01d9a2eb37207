import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdir, symlink } from 'node:fs/promises';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  ensureTestImage,
  microSkip,
  testImages,
} from '@cyberdevstudio/server/modules/sandbox/micro/testing/micro-world.ts';
import { buildC } from '@cyberdevstudio/server/modules/sandbox/testing/toolchains.ts';
import { type ApiClient, registerUser } from './client.ts';
import { form, type RunningPlatform, startPlatformProcesses } from './platform.ts';

interface Result {
  readonly engine: string;
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const names = ['hello', 'sieve', 'words'] as const;
const noMachines = microSkip();
const examples = fileURLToPath(new URL('../examples/programs/', import.meta.url));
const timeoutMs = 240_000;
let platform: RunningPlatform;
let user: ApiClient;
let projectId: string;

before(async () => {
  platform = await startPlatformProcesses();
  if (noMachines === false) {
    await ensureTestImage();
    await mkdir(path.join(platform.dataDir, 'sandbox'), { recursive: true });
    await symlink(testImages, path.join(platform.dataDir, 'sandbox', 'images'));
  }
  user = await registerUser(platform.url, 'mara');
  projectId = (await user.call<{ id: string }>('project.create', { name: 'engines' })).id;
  for (const name of names) await write(`${name}.py`, readFileSync(path.join(examples, `${name}.py`)));
});
after(() => platform?.[Symbol.asyncDispose]());

function write(file: string, content: Buffer): Promise<unknown> {
  const text = content.toString('base64');
  return user.call('fs.write', { projectId, path: file, content: text, encoding: 'base64' });
}

/** Says hello, counts primes, counts the words of a file of the project and writes the count beside it. */
async function runAllThree(engine: 'run' | 'wasm' | 'micro'): Promise<void> {
  await write('text.txt', Buffer.from('one two\nthree  four five\n'));
  await user.call('fs.delete', { projectId, path: 'words.txt' }).catch(() => undefined);
  const cases = [
    ['hello', ['Wörld'], 'Hello, Wörld\n'],
    ['sieve', ['50000'], '5133 primes up to 50000\n'],
    ['words', [], '5 words\n'],
  ] as const;
  for (const [name, args, expected] of cases) {
    const program =
      engine === 'wasm'
        ? { kind: 'module', path: `${name}.wasm`, args }
        : { kind: 'command', command: 'python3', args: [`${name}.py`, ...args] };
    const files = engine === 'run' ? {} : { files: 'write' };
    const request = { projectId, engine, program, timeoutMs, ...files };
    const result = await user.call<Result>('sandbox.execute', request);
    assert.deepEqual([result.engine, result.stdout, result.exitCode], [engine, expected, 0], result.stderr);
  }
  const { content } = await user.call<{ content: string }>('fs.read', { projectId, path: 'words.txt' });
  assert.equal(content, '5 words\n', `${engine} kept what the program wrote`);
}

test(`hello, primes and words run in the run engine over RPC (${form})`, () => runAllThree('run'));

test(`hello, primes and words run in the wasm engine over RPC (${form})`, async (t) => {
  for (const name of names) {
    const built = buildC(`${name}.c`);
    if (built === null) return t.skip('clang, lld and wasi-libc are not installed');
    await write(`${name}.wasm`, built);
  }
  return runAllThree('wasm');
});

test(`hello, primes and words run in a virtual machine over RPC (${form})`, { skip: noMachines }, () =>
  runAllThree('micro'),
);

test(`ten virtual machines at once answer, each with a kernel of its own (${form})`, {
  skip: noMachines,
}, async () => {
  const script =
    'print(open("/proc/sys/kernel/random/boot_id").read().strip(), __import__("os").urandom(8).hex())';
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, index) =>
      user.call<{ vmId: string; script: Result }>('micro.start', {
        projectId,
        image: 'python',
        script: `${script}\nprint(${index} ** 2)`,
      }),
    ),
  );
  const lines = answers.map(({ script: { stdout } }) => stdout.split('\n'));
  assert.deepEqual(
    lines.map(([, square]) => Number(square)),
    Array.from({ length: 10 }, (_, index) => index ** 2),
  );
  assert.equal(new Set(lines.map(([drawn]) => drawn?.split(' ')[1])).size, 10);
  const { vms } = await user.call<{ vms: unknown[] }>('micro.list', { projectId });
  assert.equal(vms.length, 10);
  for (const { vmId } of answers) await user.call('micro.stop', { vmId });
});
