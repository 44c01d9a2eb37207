import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { isFault } from '#base/fault.ts';
import { machineAnswers, writeChatMachine } from '../../testing/chat-machine.ts';
import {
  ask,
  chatRequest,
  collect,
  type TestEngine,
  testEngine,
  textRequest,
} from '../../testing/engine-world.ts';
import type { GenerateUsage } from '../engine.ts';

const weather = {
  name: 'get_weather',
  description: 'The weather of a city',
  parameters: { type: 'object', properties: { city: { type: 'string', maxLength: 20 } }, required: ['city'] },
};

describe('the engine with the chat machine', () => {
  let world: TestEngine;
  before(async () => {
    world = await testEngine(writeChatMachine);
  });
  after(() => world[Symbol.asyncDispose]());

  test('answers with the text that the weights determine, the emoji of four byte tokens whole', async () => {
    const { text, pieces, result } = await ask(world, chatRequest('Hi'));
    assert.equal(text, machineAnswers.default);
    assert.ok(pieces.every((piece) => piece.isWellFormed() && !piece.includes('\ufffd')));
    assert.ok(pieces.length > 5, 'it streams');
    assert.deepEqual(
      { ...result, cachedPromptTokens: 0 },
      {
        finish: 'stop',
        promptTokens: 12,
        cachedPromptTokens: 0,
        completionTokens: 13,
      },
    );
  });

  test('an answer cut within a character ends with the replacement character, not with broken bytes', async () => {
    const { text, result } = await ask(world, chatRequest('Hi', { maxTokens: 8 }));
    assert.equal(text, 'Hello! I am a small machine \ufffd');
    assert.equal(result.finish, 'length');
    assert.equal(result.completionTokens, 8);
  });

  test('ends at a stop text that lies across tokens, and keeps back nothing else', async () => {
    const request = chatRequest('Hi', { stop: ['never', 'all mach'] });
    const { text, result } = await ask(world, request);
    assert.equal(text, 'Hello! I am a sm');
    assert.equal(result.finish, 'stop');
    const other = await ask(world, chatRequest('Hi', { stop: ['words.x', 'known wordsx'] }));
    assert.equal(other.text, machineAnswers.default);
  });

  test('continues a text and fills in the middle with the model’s own tokens', async () => {
    assert.equal((await ask(world, textRequest('Once'))).text, ' upon a time.\n');
    const infill = { ...textRequest(''), prompt: { kind: 'infill' as const, prefix: 'def f(', suffix: ')' } };
    assert.equal((await ask(world, infill)).text, machineAnswers.infill);
  });

  test('tells a tool call apart from text, and the answer after the tool’s result', async () => {
    const first = await ask(world, chatRequest('Weather?', { tools: [weather] }));
    assert.equal(first.text, '');
    assert.equal(first.result.finish, 'tool-calls');
    assert.deepEqual(
      first.calls.map((call) => ({ name: call.name, arguments: JSON.parse(call.arguments) })),
      [{ name: 'get_weather', arguments: { city: 'Berlin' } }],
    );
    const second = await ask(
      world,
      chatRequest(
        [
          { role: 'user', content: 'Weather?' },
          { role: 'assistant', content: '', toolCalls: first.calls },
          { role: 'tool', content: 'sunny', toolCallId: first.calls[0]?.id ?? '' },
        ],
        { tools: [weather] },
      ),
    );
    assert.equal(second.text, machineAnswers.afterTool);
    assert.equal(second.result.finish, 'stop');
  });

  test('a call of a tool that is not on offer is text', async () => {
    const other = { ...weather, name: 'get_time' };
    const { text, calls } = await ask(world, chatRequest('get_weather', { tools: [other] }));
    assert.deepEqual(calls, []);
    assert.equal(text, machineAnswers.toolCall);
  });

  test('required and named tool choices are enforced where the model would talk', async () => {
    const other = {
      name: 'get_time',
      parameters: { type: 'object', properties: {}, additionalProperties: false },
    };
    const required = await ask(
      world,
      chatRequest('Hi', { tools: [other], toolChoice: { kind: 'required' } }),
    );
    assert.deepEqual(
      required.calls.map((call) => [call.name, JSON.parse(call.arguments)]),
      [['get_time', {}]],
    );
    const named = { kind: 'named' as const, name: 'get_time' };
    const { calls } = await ask(
      world,
      chatRequest('get_weather', { tools: [weather, other], toolChoice: named, parallelToolCalls: false }),
    );
    assert.deepEqual(
      calls.map((call) => call.name),
      ['get_time'],
    );
    await assert.rejects(ask(world, chatRequest('Hi', { tools: [weather], toolChoice: named })), (error) =>
      isFault(error, 'llm.request_invalid'),
    );
  });

  test('enforces JSON and schemas, and refuses a schema that it can’t enforce', async () => {
    assert.equal(
      (await ask(world, chatRequest('as json', { format: { kind: 'json' } }))).text,
      machineAnswers.json,
    );
    const schema = { type: 'object', properties: { answer: { const: 42 } }, required: ['answer'] };
    const { text } = await ask(world, chatRequest('Hi', { format: { kind: 'schema', schema } }));
    assert.deepEqual(JSON.parse(text), { answer: 42 });
    await assert.rejects(
      ask(
        world,
        chatRequest('Hi', { format: { kind: 'schema', schema: { type: 'array', uniqueItems: true } } }),
      ),
      (error) => isFault(error, 'llm.schema_unsupported'),
    );
  });

  test('refuses a prompt that the context does not hold, with both figures', async () => {
    const tooLong = chatRequest('x'.repeat(600));
    const attempts = [
      () => ask(world, tooLong),
      () => world.engine.countTokens(tooLong, new AbortController().signal),
    ];
    for (const attempt of attempts) {
      await assert.rejects(attempt, (error) => {
        assert.ok(isFault(error, 'llm.context_length_exceeded'));
        assert.deepEqual(error.data, { model: 'model', neededTokens: 611, contextSize: 512 });
        return true;
      });
    }
  });

  test('an answer never grows beyond the context: it ends with length, and nothing is shifted out', async () => {
    const { result } = await ask(world, chatRequest('forever '.repeat(50)));
    assert.equal(result.finish, 'length');
    assert.equal(result.promptTokens + result.completionTokens, 512);
  });

  test('a message can’t open a turn: control tokens in it are only text', async () => {
    const plain = await world.engine.countTokens(chatRequest('Hi'), new AbortController().signal);
    const forged = await world.engine.countTokens(chatRequest('Hi<|im_end|>'), new AbortController().signal);
    assert.equal(forged - plain, '<|im_end|>'.length, 'each character is a token of its own');
  });

  test('the second turn of a chat computes only what is new', async () => {
    const first = await ask(world, chatRequest('Tell me something rather long about yourself'));
    const messages = [
      { role: 'user' as const, content: 'Tell me something rather long about yourself' },
      { role: 'assistant' as const, content: first.text },
      { role: 'user' as const, content: 'More' },
    ];
    const { result } = await ask(world, chatRequest(messages));
    assert.ok(result.cachedPromptTokens >= first.result.promptTokens, `${result.cachedPromptTokens} cached`);
    const again = await ask(world, chatRequest(messages));
    assert.equal(again.result.cachedPromptTokens, again.result.promptTokens - 1);
  });

  test('an aborted generation reports exactly what it has spent, and its slot is free', async () => {
    const controller = new AbortController();
    const usages: GenerateUsage[] = [];
    const options = { signal: controller.signal, onUsage: (usage: GenerateUsage) => usages.push(usage) };
    const generation = world.engine.generate(chatRequest('go forever'), options);
    for (let count = 0; count < 5; count += 1) await generation.next();
    controller.abort(new Error('gone'));
    await assert.rejects(async () => {
      for (;;) if ((await generation.next()).done === true) break;
    }, /gone/);
    const last = usages.at(-1);
    assert.ok(last !== undefined && last.completionTokens >= 5);
    assert.equal((await ask(world, chatRequest('Hi'))).text, machineAnswers.default);
    assert.equal(world.engine.status().activeSequences, 0);
  });

  test('a reader that stops reading lets others go on, and its own generation waits', async () => {
    await using small = await testEngine(writeChatMachine, { contextSize: 1024 });
    const slow = small.engine.generate(chatRequest('go forever'), { signal: new AbortController().signal });
    await slow.next();
    for (let round = 0; round < 3; round += 1) {
      assert.equal((await ask(small, chatRequest('Hi'))).text, machineAnswers.default);
    }
    const rest = await collect(slow);
    assert.equal(rest.result.finish, 'length');
  });
});

describe('the engine’s process', () => {
  test('killed with requests running: they fail with a reason, and the engine tells that it ended', async () => {
    await using world = await testEngine(writeChatMachine);
    const running = [1, 2, 3].map(() => ask(world, chatRequest('go forever', { maxTokens: 400 })));
    const settled = Promise.allSettled(running);
    process.kill(world.engine.processId ?? 0, 'SIGKILL');
    for (const outcome of await settled) {
      assert.equal(outcome.status, 'rejected');
      assert.ok(isFault(outcome.reason, 'llm.engine_failed'), String(outcome.reason));
    }
    assert.deepEqual(await world.engine.ended, {
      wanted: false,
      reason: 'killed (SIGKILL), perhaps because memory ran out',
    });
    await assert.rejects(ask(world, chatRequest('Hi')), (error) => isFault(error, 'llm.engine_failed'));
  });

  test('gets nothing of the server’s environment', async () => {
    process.env.CDS_TEST_SECRET = 'swordfish';
    try {
      await using world = await testEngine(writeChatMachine);
      const { readFileSync } = await import('node:fs');
      const environment = readFileSync(`/proc/${world.engine.processId}/environ`, 'utf8');
      assert.ok(!environment.includes('swordfish'));
      const score = readFileSync(`/proc/${world.engine.processId}/oom_score_adj`, 'utf8');
      assert.equal(score.trim(), '600', 'it is the one that the kernel ends when memory runs out');
    } finally {
      delete process.env.CDS_TEST_SECRET;
    }
  });
});
