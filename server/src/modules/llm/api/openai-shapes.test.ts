import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';
import OpenAI from 'openai';
import { machineAnswers, writeChatMachine } from '../testing/chat-machine.ts';
import { type LlmWorld, llmWorld } from '../testing/llm-world.ts';

let it: LlmWorld;
let openai: OpenAI;

before(async () => {
  it = await llmWorld();
  writeChatMachine(path.join(it.modelsDir, 'machine.gguf'));
  openai = new OpenAI({ baseURL: `${it.world.url}/v1`, apiKey: it.admin.token, maxRetries: 0 });
});
after(() => it[Symbol.asyncDispose]());

const plain = { model: 'machine', temperature: 0, messages: [{ role: 'user' as const, content: 'hi' }] };

test('a developer’s message is a system’s, and content may come in parts', async () => {
  const answer = await openai.chat.completions.create({
    ...plain,
    messages: [
      { role: 'developer', content: [{ type: 'text', text: 'Be brief.' }] },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'answer as' },
          { type: 'text', text: ' json' },
        ],
      },
    ],
  });
  assert.equal(answer.choices[0]?.message.content, machineAnswers.json);
});

test('max_completion_tokens limits the answer, and goes before max_tokens', async () => {
  const answer = await openai.chat.completions.create({
    ...plain,
    max_completion_tokens: 3,
    max_tokens: 50,
  });
  assert.equal(answer.usage?.completion_tokens, 3);
  assert.equal(answer.choices[0]?.finish_reason, 'length');
});

test('what says nothing about the answer is let be: user, metadata, store, service_tier', async () => {
  const answer = await openai.chat.completions.create({
    ...plain,
    user: 'someone',
    metadata: { purpose: 'test' },
    store: true,
    service_tier: 'auto',
    modalities: ['text'],
  });
  assert.equal(answer.choices[0]?.message.content, machineAnswers.default);
  assert.equal(answer.choices[0]?.message.refusal, null);
  assert.equal(answer.choices[0]?.logprobs, null);
});

test('with include_usage the chunks say that they have none, and a last one without choices has it', async () => {
  const stream = await openai.chat.completions.create({
    ...plain,
    stream: true,
    stream_options: { include_usage: true },
  });
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  const last = chunks.pop();
  assert.deepEqual(last?.choices, []);
  assert.ok((last?.usage?.completion_tokens ?? 0) > 5);
  assert.ok(chunks.every(({ usage }) => usage === null));
  const without = await openai.chat.completions.create({ ...plain, stream: true });
  for await (const chunk of without) {
    assert.ok(!('usage' in chunk));
    assert.equal(chunk.choices.length, 1);
  }
});

test('a logit_bias beyond ±100 is refused with its place', async () => {
  const refused = await it.request('POST /v1/chat/completions', {
    body: { ...plain, logit_bias: { 5: 101 } },
  });
  assert.equal(refused.status, 400);
  assert.equal(refused.body.error.param, 'logit_bias.5');
});

test('what a local model can’t do is refused with the field’s name, never ignored', async () => {
  const refused: [object, string][] = [
    [{ functions: [{ name: 'f' }] }, 'functions'],
    [{ function_call: 'auto' }, 'function_call'],
    [{ modalities: ['text', 'audio'] }, 'modalities'],
    [{ audio: { voice: 'alloy', format: 'wav' } }, 'audio'],
    [{ web_search_options: {} }, 'web_search_options'],
  ];
  for (const [part, param] of refused) {
    const { status, body } = await it.request('POST /v1/chat/completions', { body: { ...plain, ...part } });
    assert.equal(status, 400, JSON.stringify(body));
    assert.equal(body.error.param, param);
    assert.equal(body.error.type, 'invalid_request_error');
  }
  const best = await it.request('POST /v1/completions', {
    body: { model: 'machine', prompt: 'Once', best_of: 3 },
  });
  assert.equal(best.body.error.param, 'best_of');
});

test('the SDK’s errors carry status, code, param and a request id, also before anything runs', async () => {
  const unknownKey = openai.withOptions({ apiKey: 'cds_none' });
  const { completions } = openai.chat;
  // One after the other: a promise that fails before somebody waits for it would end the process.
  const fails: [() => Promise<unknown>, number, string, string | null][] = [
    [() => completions.create({ ...plain, model: 'nobody' }), 404, 'model_not_found', 'model'],
    [() => completions.create({ ...plain, messages: [] }), 400, 'llm.request_invalid', 'messages'],
    [() => openai.models.retrieve('nobody'), 404, 'model_not_found', 'model'],
    [() => unknownKey.chat.completions.create(plain), 401, 'invalid_api_key', null],
  ];
  for (const [call, status, code, param] of fails) {
    await assert.rejects(call(), (error) => {
      assert.ok(error instanceof OpenAI.APIError);
      assert.deepEqual([error.status, error.code, error.param], [status, code, param]);
      assert.match(error.requestID ?? '', /^[\w-]{16,}$/);
      return true;
    });
  }
});
