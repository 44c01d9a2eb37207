import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { isFault } from '#base/fault.ts';
import { machineAnswers, writeChatMachine } from '../../testing/chat-machine.ts';
import { chatRequest, collect, textRequest } from '../../testing/engine-world.ts';
import { writeEmbeddingModel, writeRandomModel } from '../../testing/models.ts';
import type { Engine, GenerateRequest, GenerateUsage } from '../engine.ts';
import { startLlamaServer } from './llama-server-engine.ts';

const never = new AbortController().signal;
const binary = process.env.LLAMA_SERVER_BIN;
const skip = binary === undefined ? 'LLAMA_SERVER_BIN names no llama-server' : false;
const weather = {
  name: 'get_weather',
  parameters: { type: 'object', properties: { city: { type: 'string', maxLength: 20 } }, required: ['city'] },
};

describe('a supervised llama-server', { skip }, () => {
  let folder: string;
  let engine: Engine;

  async function start(
    write: (file: string) => void,
    capabilities: Partial<Engine['capabilities']>,
  ): Promise<Engine> {
    const modelFile = path.join(folder, `${Math.random()}.gguf`);
    write(modelFile);
    return startLlamaServer({
      modelId: 'model',
      modelFile,
      contextSize: 512,
      parallel: 2,
      threads: 1,
      batchSize: 64,
      binary: binary ?? '',
      embeddings: capabilities.embeddings === true,
      capabilities: { chat: false, embeddings: false, infill: false, ...capabilities },
      signal: never,
      log: () => {},
    });
  }

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'cds-llama-server-test-'));
    engine = await start(writeChatMachine, { chat: true, infill: true });
  });
  after(async () => {
    await engine[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  const ask = (request: GenerateRequest, onUsage?: (usage: GenerateUsage) => void) =>
    collect(engine.generate(request, { signal: never, ...(onUsage === undefined ? {} : { onUsage }) }));

  test('answers as the built-in engine does: text, usage, limits, stop texts', async () => {
    const { text, result } = await ask(chatRequest('Hi'));
    assert.equal(text, machineAnswers.default);
    assert.equal(result.finish, 'stop');
    assert.equal(result.completionTokens, 13);
    assert.equal(result.promptTokens, await engine.countTokens(chatRequest('Hi'), never));
    const cut = await ask(chatRequest('go forever', { maxTokens: 10 }));
    assert.deepEqual([cut.result.finish, cut.result.completionTokens], ['length', 10]);
    assert.equal((await ask(chatRequest('Hi', { stop: ['all mach'] }))).text, 'Hello! I am a sm');
    assert.equal((await ask(textRequest('Once'))).text, `${machineAnswers.completion}\n`);
  });

  test('tool calls are told apart and enforced, schemas enforced or refused', async () => {
    const first = await ask(chatRequest('Weather?', { tools: [weather] }));
    assert.deepEqual(
      first.calls.map(({ name }) => name),
      ['get_weather'],
    );
    assert.equal(first.result.finish, 'tool-calls');
    const other = {
      name: 'get_time',
      parameters: { type: 'object', properties: {}, additionalProperties: false },
    };
    const forced = await ask(chatRequest('Hi', { tools: [other], toolChoice: { kind: 'required' } }));
    assert.deepEqual(
      forced.calls.map(({ name }) => name),
      ['get_time'],
    );
    const schema = { type: 'object', properties: { answer: { const: 42 } }, required: ['answer'] };
    const { text } = await ask(chatRequest('Hi', { format: { kind: 'schema', schema } }));
    assert.deepEqual(JSON.parse(text), { answer: 42 });
    const unsupported = { kind: 'schema' as const, schema: { type: 'array', uniqueItems: true } };
    await assert.rejects(ask(chatRequest('Hi', { format: unsupported })), (error) =>
      isFault(error, 'llm.schema_unsupported'),
    );
  });

  test('a prompt that is too long is refused, an abort frees the slot', async () => {
    await assert.rejects(ask(chatRequest('x'.repeat(600))), (error) =>
      isFault(error, 'llm.context_length_exceeded'),
    );
    const controller = new AbortController();
    const usages: GenerateUsage[] = [];
    const running = collect(
      engine.generate(chatRequest('go forever'), {
        signal: controller.signal,
        onUsage: (usage) => {
          usages.push(usage);
          if (usages.length === 5) controller.abort(new Error('gone'));
        },
      }),
    );
    await assert.rejects(running, /gone/);
    assert.ok((usages.at(-1)?.completionTokens ?? 0) >= 5);
    assert.equal(engine.status().activeSequences, 0);
    assert.equal((await ask(chatRequest('Hi'))).text, machineAnswers.default);
  });

  test('log-probabilities come with bytes and alternatives', async () => {
    const random = await start((file) => writeRandomModel(file, { seed: 1 }), { chat: true });
    try {
      const request = textRequest('x', { maxTokens: 6, topLogprobs: 3 });
      const { logprobs } = await collect(random.generate(request, { signal: never }));
      assert.ok(logprobs.length > 0 && logprobs.every((entry) => entry.alternatives.length === 3));
    } finally {
      await random[Symbol.asyncDispose]();
    }
  });

  test('embeds at unit length', async () => {
    const words = await start(writeEmbeddingModel, { embeddings: true });
    try {
      const { vectors } = await words.embed(['hello', 'cat'], never);
      for (const vector of vectors) {
        assert.ok(Math.abs([...vector].reduce((sum, value) => sum + value * value, 0) - 1) < 1e-5);
      }
    } finally {
      await words[Symbol.asyncDispose]();
    }
  });

  test('a file that it can’t load is told with its own words, and a stopped one has ended as wanted', async () => {
    await assert.rejects(
      start(() => {}, { chat: true }),
      (error) => isFault(error, 'llm.engine_failed'),
    );
    const other = await start(writeChatMachine, { chat: true });
    await other[Symbol.asyncDispose]();
    assert.equal((await other.ended).wanted, true);
  });
});

test('a program that is none is told', async () => {
  await assert.rejects(
    startLlamaServer({
      modelId: 'model',
      modelFile: '/nowhere.gguf',
      contextSize: 512,
      parallel: 1,
      threads: 1,
      batchSize: 64,
      binary: '/nowhere/llama-server',
      embeddings: false,
      capabilities: { chat: true, embeddings: false, infill: false },
      signal: never,
      log: () => {},
    }),
    (error) => isFault(error, 'llm.engine_failed') && /ENOENT/.test(String(error.data.reason)),
  );
});
