import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { isFault } from '#base/fault.ts';
import { eventually } from '#kernel/testing/eventually.ts';
import { testWorld } from '#kernel/testing/world.ts';
import { ledger } from '#modules/ledger/module.ts';
import { llm } from '../module.ts';
import { machineAnswers, writeChatMachine } from '../testing/chat-machine.ts';
import { chatRequest } from '../testing/engine-world.ts';
import { writeEmbeddingModel, writeRandomModel } from '../testing/models.ts';
import { modelsWorld } from '../testing/models-world.ts';
import { estimateBytes } from './memory.ts';
import { createModelSettingsStore } from './settings-store.ts';

const never = new AbortController().signal;
const forever = chatRequest('go forever', { maxTokens: 300 });

test('a request for a model that is not loaded loads it, once for all who wait', async () => {
  await using world = modelsWorld({ config: { modelParallel: 4 } });
  writeChatMachine(world.path('chat'));
  assert.equal((await world.models.find('chat')).state, 'available');
  const answers = await Promise.all([1, 2, 3, 4].map(() => world.ask('chat', chatRequest('Hi'))));
  for (const { text } of answers) assert.equal(text, machineAnswers.default);
  assert.deepEqual(world.changes, ['chat loading', 'chat loaded']);
  const model = await world.models.find('chat');
  assert.equal(model.state, 'loaded');
  assert.ok((model.residentBytes ?? 0) > 50e6);
});

test('an unknown, a damaged and a wrongly named model are told apart', async () => {
  await using world = modelsWorld();
  writeFileSync(world.path('bad'), 'GGUF and nothing else in the file');
  await assert.rejects(world.ask('none', chatRequest('Hi')), (error) =>
    isFault(error, 'llm.model_not_found'),
  );
  await assert.rejects(world.ask('../bad', chatRequest('Hi')), (error) =>
    isFault(error, 'llm.model_not_found'),
  );
  await assert.rejects(world.ask('bad', chatRequest('Hi')), (error) =>
    isFault(error, 'llm.model_unreadable'),
  );
  const [bad] = await world.models.list();
  assert.equal(bad?.state, 'unreadable');
});

test('a file whose header is fine and whose tensors are not fails with a reason, and the server lives', async () => {
  await using world = modelsWorld();
  // The header promises a model that llama.cpp then finds incomplete.
  writeRandomModel(world.path('broken'), {
    seed: 1,
    shape: { heads: 2, keyValueHeads: 1, embeddingLength: 64, layers: 0 },
  });
  await assert.rejects(world.ask('broken', chatRequest('Hi')), (error) =>
    ['llm.model_unreadable', 'llm.engine_failed'].some((code) => isFault(error, code)),
  );
  writeChatMachine(world.path('chat'));
  assert.equal((await world.ask('chat', chatRequest('Hi'))).text, machineAnswers.default);
});

test('an engine that is killed with requests running fails them, and the next request gets a new one', async () => {
  await using world = modelsWorld();
  writeChatMachine(world.path('chat'));
  await world.ask('chat', chatRequest('Hi'));
  const running = Promise.allSettled([world.ask('chat', forever), world.ask('chat', forever)]);
  await eventually(async () => assert.equal((await world.models.find('chat')).activeRequests, 2));
  // The engine's processes are this process's children.
  const children = execFileSync('pgrep', ['-P', String(process.pid), '-f', 'native/worker.ts'], {
    encoding: 'utf8',
  });
  for (const child of children.trim().split('\n')) process.kill(Number(child), 'SIGKILL');
  for (const outcome of await running) {
    assert.ok(outcome.status === 'rejected' && isFault(outcome.reason, 'llm.engine_failed'));
  }
  const failed = await world.models.find('chat');
  assert.equal(failed.state, 'failed');
  assert.match(failed.problem ?? '', /SIGKILL/);
  assert.equal(failed.activeRequests, 0);
  assert.equal((await world.ask('chat', chatRequest('Hi'))).text, machineAnswers.default);
  assert.equal((await world.models.find('chat')).problem, null);
});

test('an idle model is unloaded after its time, a pinned one is not', async () => {
  await using world = modelsWorld({ config: { modelIdleMs: 3_600_000 } });
  writeChatMachine(world.path('chat'));
  writeChatMachine(world.path('pinned'));
  await world.ask('chat', chatRequest('Hi'));
  await world.models.load('pinned', { pinned: true }, never);
  world.advance(3_000_000);
  await new Promise((resolve) => setTimeout(resolve, 60));
  assert.equal((await world.models.find('chat')).state, 'loaded');
  world.advance(700_000);
  await eventually(async () => assert.equal((await world.models.find('chat')).state, 'available'));
  assert.equal((await world.models.find('pinned')).state, 'loaded');
  assert.equal((await world.ask('chat', chatRequest('Hi'))).text, machineAnswers.default);
});

test('what does not fit into memory is refused with both figures, and idle models make room first', async () => {
  const memory = { freeBytes: 2 ** 30 };
  await using world = modelsWorld({ memory });
  writeChatMachine(world.path('old'));
  writeChatMachine(world.path('new'));
  writeChatMachine(world.path('other'));
  await world.ask('old', chatRequest('Hi'));
  world.advance(1_000);
  await world.ask('new', chatRequest('Hi'));
  const { estimatedBytes } = await world.models.find('other');
  // Not enough until one more is gone; what is free then grows as it would on a machine.
  memory.freeBytes = 256 * 2 ** 20 + (estimatedBytes ?? 0);
  const loading = world.ask('other', chatRequest('Hi'));
  await loading;
  assert.equal((await world.models.find('old')).state, 'available', 'the least recently used one had to go');
  memory.freeBytes = 300 * 2 ** 20;
  await world.models.load('new', { pinned: true }, never).catch(() => {});
  memory.freeBytes = 100 * 2 ** 20;
  await assert.rejects(world.ask('old', chatRequest('Hi')), (error) => {
    assert.ok(isFault(error, 'llm.memory_exceeded'));
    assert.equal(error.data.neededBytes, estimatedBytes);
    assert.equal(error.data.availableBytes, 0);
    return true;
  });
  for (let attempt = 0; attempt < 3; attempt += 1) {
    await assert.rejects(world.ask('old', chatRequest('Hi')), (error) =>
      isFault(error, 'llm.memory_exceeded'),
    );
  }
  memory.freeBytes = 2 ** 30;
  assert.equal((await world.ask('old', chatRequest('Hi'))).text, machineAnswers.default);
});

test('unloaded while it loads: who waits is told, and the next request loads it', async () => {
  await using world = modelsWorld();
  writeChatMachine(world.path('chat'));
  const waiting = world.ask('chat', chatRequest('Hi'));
  const settled = Promise.allSettled([waiting]);
  await eventually(async () => assert.equal((await world.models.find('chat')).state, 'loading'));
  await world.models.unload('chat', { waitMs: 0 });
  const [outcome] = await settled;
  assert.ok(outcome?.status === 'rejected' && isFault(outcome.reason, 'llm.engine_failed'));
  assert.equal((await world.models.find('chat')).state, 'available');
  assert.equal((await world.ask('chat', chatRequest('Hi'))).text, machineAnswers.default);
});

test('unloading waits for running requests up to its limit, then ends them; who waits is served by a new load', async () => {
  await using world = modelsWorld({ config: { modelParallel: 1 } });
  writeChatMachine(world.path('chat'));
  await world.ask('chat', chatRequest('Hi'));
  const patient = world.ask('chat', chatRequest('go forever', { maxTokens: 50 }));
  await eventually(async () => assert.equal((await world.models.find('chat')).activeRequests, 1));
  await world.models.unload('chat', { waitMs: 30_000 });
  assert.equal((await patient).result.completionTokens, 50);
  assert.equal((await world.models.find('chat')).state, 'available');

  const generation = world.models.generate('chat', forever, { userId: 'a', signal: never });
  await generation.next();
  const waiting = world.ask('chat', chatRequest('Hi'));
  await world.models.unload('chat', { waitMs: 0 });
  await assert.rejects(
    async () => {
      for (;;) if ((await generation.next()).done === true) break;
    },
    (error) => isFault(error, 'llm.engine_failed'),
  );
  assert.equal((await waiting).text, machineAnswers.default);
});

test('other settings load a model anew, never twice at a time; equal ones leave it alone', async () => {
  await using world = modelsWorld();
  writeChatMachine(world.path('chat'));
  await world.models.load('chat', {}, never);
  await world.models.load('chat', { temperature: 0.1 }, never);
  assert.deepEqual(world.changes, ['chat loading', 'chat loaded']);
  await world.models.load('chat', { contextSize: 256, parallel: 3 }, never);
  assert.deepEqual(world.changes.slice(2), [
    'chat unloading',
    'chat available',
    'chat loading',
    'chat loaded',
  ]);
  await assert.rejects(world.ask('chat', chatRequest('x'.repeat(300))), (error) => {
    assert.ok(isFault(error, 'llm.context_length_exceeded'));
    assert.equal(error.data.contextSize, 256);
    return true;
  });
});

test('settings are kept over restarts, in the database', async () => {
  await using platform = await testWorld([ledger, llm]);
  const settings = createModelSettingsStore(platform.database);
  {
    await using world = modelsWorld({ settings });
    writeChatMachine(world.path('chat'));
    await world.models.load(
      'chat',
      { contextSize: 256, temperature: 0.1, pinned: true, tokenWeight: '1.5', outputCost: '0.000001' },
      never,
    );
  }
  await using world = modelsWorld({ settings });
  writeChatMachine(world.path('chat'));
  assert.deepEqual((await world.models.find('chat')).settings, {
    contextSize: 256,
    threads: null,
    parallel: null,
    temperature: 0.1,
    pinned: true,
    tokenWeight: '1.5',
    inputCost: null,
    outputCost: '0.000001',
  });
  await world.models.remove('chat');
  assert.equal((await settings.all()).size, 0);
});

test('a model in use is not removed; otherwise its file is gone', async () => {
  await using world = modelsWorld();
  writeChatMachine(world.path('chat'));
  const running = world.ask('chat', forever);
  await eventually(async () => assert.equal((await world.models.find('chat')).activeRequests, 1));
  await assert.rejects(world.models.remove('chat'), (error) => isFault(error, 'llm.model_busy'));
  await running;
  await world.models.remove('chat');
  assert.ok(!existsSync(world.path('chat')));
  await assert.rejects(world.models.find('chat'), (error) => isFault(error, 'llm.model_not_found'));
});

test('a client that leaves while the model loads or while it waits leaves nothing behind', async () => {
  await using world = modelsWorld({ config: { modelParallel: 1 } });
  writeChatMachine(world.path('chat'));
  const controller = new AbortController();
  const attempts = [1, 2, 3].map(() => world.ask('chat', forever, { signal: controller.signal }));
  const settled = Promise.allSettled(attempts);
  await new Promise((resolve) => setTimeout(resolve, 30));
  controller.abort(new Error('gone'));
  for (const outcome of await settled) assert.equal(outcome.status, 'rejected');
  const model = await world.models.find('chat');
  assert.deepEqual([model.activeRequests, model.queuedRequests], [0, 0]);
  assert.equal((await world.ask('chat', chatRequest('Hi'))).text, machineAnswers.default);
});

test('an embedding model embeds, and refuses to chat', async () => {
  await using world = modelsWorld();
  writeEmbeddingModel(world.path('words'));
  const { vectors } = await world.models.embed('words', ['hello', 'cat'], { userId: 'a', signal: never });
  assert.equal(vectors.length, 2);
  await assert.rejects(world.ask('words', chatRequest('Hi')), (error) =>
    isFault(error, 'llm.capability_missing'),
  );
});

test('the estimate of a model counts weights, key-value memory by its formula, buffers and the process', () => {
  const header = {
    architecture: 'llama',
    name: null,
    licence: null,
    parameterCount: 1,
    quantization: null,
    trainedContextSize: 8192,
    vocabularySize: 32_000,
    embeddingLength: 768,
    layers: 12,
    keyValueWidth: 12 * 2 * 256,
    tensorBytes: 1_000_000_000,
    capabilities: { chat: true, embeddings: false, infill: false },
  };
  const one = estimateBytes(header, { contextSize: 4096, parallel: 1, batchSize: 128 });
  const two = estimateBytes(header, { contextSize: 4096, parallel: 2, batchSize: 128 });
  assert.equal(two - one, 12 * 2 * 256 * 2 * 4096 + 32_000 * 4);
  assert.ok(one > 1_000_000_000 + 50_331_648);
});
