import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { isFault } from '#base/fault.ts';
import { machineAnswers, writeChatMachine, writeSplitChatMachine } from '../testing/chat-machine.ts';
import { chatRequest } from '../testing/engine-world.ts';
import { modelsWorld } from '../testing/models-world.ts';

/** The engine's process is a child of this one. */
function enginePid(): string {
  const children = execFileSync('pgrep', ['-P', String(process.pid), '-f', 'native/worker.ts'], {
    encoding: 'utf8',
  });
  return children.split('\n')[0] ?? '';
}

test('an engine without memory fails its request with that reason, and the next request gets a new one', async (t) => {
  await using world = modelsWorld();
  writeChatMachine(world.path('chat'));
  await world.ask('chat', chatRequest('Hi'));
  const child = enginePid();
  const kilobytes = /^VmSize:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${child}/status`, 'utf8'))?.[1];
  const limit = String((Number(kilobytes) + 4_096) * 1_024);
  if (spawnSync('prlimit', ['--pid', child, `--as=${limit}`]).status !== 0)
    return t.skip('prlimit is not here or must not limit');
  await assert.rejects(world.ask('chat', chatRequest('word '.repeat(12_000_000))), (error) =>
    isFault(error, 'llm.engine_failed'),
  );
  const failed = await world.models.find('chat');
  assert.equal(failed.state, 'failed');
  assert.match(failed.problem ?? '', /ran out of memory/);
  assert.equal((await world.ask('chat', chatRequest('Hi'))).text, machineAnswers.default);
});

test('the kernel ends a model rather than the server when memory runs out', async () => {
  await using world = modelsWorld();
  writeChatMachine(world.path('chat'));
  await world.ask('chat', chatRequest('Hi'));
  const child = enginePid();
  const score = (pid: string) => Number(readFileSync(`/proc/${pid}/oom_score_adj`, 'utf8'));
  assert.ok(score(child) > score('self'));
});

test('a model in several files is sized and loaded as a whole, and goes as a whole', async () => {
  await using world = modelsWorld();
  const files = writeSplitChatMachine(path.join(world.modelsDir, 'split'), 3);
  writeChatMachine(world.path('whole'));
  const models = await world.models.list();
  assert.deepEqual(
    models.map(({ id }) => id),
    ['split-00001-of-00003', 'whole'],
  );
  const [split, whole] = models;
  assert.equal(split?.parameterCount, whole?.parameterCount);
  assert.equal(
    split?.sizeBytes,
    files.reduce((sum, file) => sum + statSync(file).size, 0),
  );
  const share = (split?.estimatedBytes ?? 0) / (whole?.estimatedBytes ?? 1);
  assert.ok(share > 0.99 && share < 1.01, String(share));
  assert.equal((await world.ask('split-00001-of-00003', chatRequest('Hi'))).text, machineAnswers.default);
  await world.models.remove('split-00001-of-00003');
  assert.deepEqual(readdirSync(world.modelsDir), ['whole.gguf']);
});

test('a part that is missing or cut off is named', async () => {
  await using world = modelsWorld();
  const [, second = '', third = ''] = writeSplitChatMachine(path.join(world.modelsDir, 'split'), 3);
  truncateSync(third, statSync(third).size - 64);
  const cut = await world.models.find('split-00001-of-00003');
  assert.equal(cut.state, 'unreadable');
  assert.match(cut.problem ?? '', /split-00003-of-00003\.gguf: it is cut off/);
  rmSync(second);
  const missing = await world.models.find('split-00001-of-00003');
  assert.match(missing.problem ?? '', /in 3 files, and these are missing: split-00002-of-00003\.gguf$/);
  await assert.rejects(world.ask('split-00001-of-00003', chatRequest('Hi')), (error) =>
    isFault(error, 'llm.model_unreadable'),
  );
});
