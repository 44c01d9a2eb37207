import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { isFault } from '#base/fault.ts';
import { eventually } from '#kernel/testing/eventually.ts';
import { sandboxContract } from '../contract.ts';
import { type SandboxWorld, sandboxWorld } from '../testing/world.ts';

const megabyte = 1024 * 1024;
let s: SandboxWorld;
before(async () => {
  s = await sandboxWorld({ CDS_SANDBOX_CPU_SECONDS_PER_HOUR: '3600' });
});
after(() => s[Symbol.asyncDispose]());

const client = () => s.world.client(sandboxContract);

/** Groups of the processes of the host whose command line holds the mark. */
function groupsWith(mark: string): string[] {
  return readdirSync('/proc').flatMap((name) => {
    try {
      if (!readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(mark)) return [];
      return [readFileSync(`/proc/${name}/cgroup`, 'utf8')];
    } catch {
      return [];
    }
  });
}

test('memory in pipes counts as the program’s own', async () => {
  const result = await s.python(
    `import fcntl, os
held, total = [], 0
try:
    while True:
        reader, writer = os.pipe()
        held.append(reader)
        try: fcntl.fcntl(writer, 1031, 1024 * 1024)
        except OSError: pass
        os.set_blocking(writer, False)
        try:
            while True: total += os.write(writer, bytes(65536))
        except BlockingIOError: pass
except OSError as error:
    print(total)`,
    { limits: { memoryBytes: 32 * megabyte, openFiles: 4096 } },
  );
  const held = Number(result.stdout);
  assert.ok(result.killedBy === 'memory' || held <= 32 * megabyte, `${result.killedBy}, ${held} bytes held`);
});

test('a folder that a program swaps for a link over and over never shows a file of the host', async () => {
  const swapping = s.python(
    `import os, time
os.makedirs('real', exist_ok=True)
open('real/passwd', 'w').write('own')
os.symlink('/etc', 'link')
os.rename('real', 'swap')
end = time.time() + 3
while time.time() < end:
    os.rename('swap', 'real'); os.rename('link', 'swap')
    os.rename('swap', 'link'); os.rename('real', 'swap')`,
    { timeoutMs: 20_000, limits: { cpuMs: 20_000 } },
  );
  let running = true;
  void swapping.finally(() => {
    running = false;
  });
  const seen = new Set<string>();
  while (running) {
    try {
      const { content } = await client().call(
        'fs.read',
        { projectId: s.projectId, path: 'swap/passwd' },
        s.call(),
      );
      seen.add(content);
    } catch (error) {
      assert.ok(isFault(error), String(error));
    }
  }
  assert.equal((await swapping).exitCode, 0, (await swapping).stderr);
  seen.delete('own');
  assert.deepEqual([...seen], []);
});

test('programs of one user share one weight, whoever else runs has another', async (t) => {
  const { engines } = await client().call('sandbox.engines', {}, s.call());
  const driver = engines.find(({ engine }) => engine === 'run')?.driver ?? '';
  if (!driver.includes('cgroup')) return t.skip('no control group can be written here');
  const other = s.world.call({ userId: randomUUID() });
  const otherProject = await s.newProject(other);
  const mark = `7${Date.now()}`;
  const running = [
    s.exec({ command: 'sleep', args: [mark] }),
    s.exec({ command: 'sleep', args: [mark] }),
    s.exec({ command: 'sleep', args: [mark], projectId: otherProject } as never, other),
  ];
  const owners = () =>
    new Map(
      groupsWith(mark).flatMap((group) =>
        [...group.matchAll(/\/(u[0-9a-f]{20})\/([^/\n]+)/g)].map(([, owner = '', run = '']) => [run, owner]),
      ),
    );
  await eventually(() => assert.equal(owners().size, 3), 8000);
  const counts = new Map<string, number>();
  for (const owner of owners().values()) counts.set(owner, (counts.get(owner) ?? 0) + 1);
  assert.deepEqual([...counts.values()].toSorted(), [1, 2]);
  for (const call of [s.call(), other]) {
    const projectId = call === other ? otherProject : s.projectId;
    const { runs } = await client().call('run.list', { projectId }, call);
    for (const { processId } of runs) await client().call('sandbox.stop', { processId }, call);
  }
  for (const { killedBy } of await Promise.all(running)) assert.equal(killedBy, 'user');
  await eventually(() => assert.equal(owners().size, 0));
  return undefined;
});

test('processor time of every engine counts against one budget', async () => {
  const poor = await sandboxWorld({ CDS_SANDBOX_CPU_SECONDS_PER_HOUR: '0.05' });
  try {
    await poor.python('sum(range(10_000_000))');
    await assert.rejects(poor.shell('true'), (error) => isFault(error, 'sandbox.cpu_quota'));
    const code = 'print(1)';
    const program = { kind: 'code' as const, language: 'python' as const, code };
    const request = { projectId: poor.projectId, engine: 'run' as const, program };
    await assert.rejects(
      poor.world.client(sandboxContract).call('sandbox.execute', request, poor.call()),
      (error) => isFault(error, 'sandbox.cpu_quota') && Number(error.data.retryAfterMs) > 0,
    );
  } finally {
    await poor[Symbol.asyncDispose]();
  }
});
