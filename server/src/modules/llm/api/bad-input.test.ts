import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { ledgerContract } from '#modules/ledger/contract.ts';
import { writeChatMachine } from '../testing/chat-machine.ts';
import { type LlmWorld, llmWorld } from '../testing/llm-world.ts';

let it: LlmWorld;

before(async () => {
  it = await llmWorld();
  writeChatMachine(path.join(it.modelsDir, 'machine.gguf'));
});
after(() => it[Symbol.asyncDispose]());

const hello = [{ role: 'user', content: 'hi' }];
const chat = (body: unknown, options: { token?: string | null; headers?: Record<string, string> } = {}) =>
  it.request('POST /v1/chat/completions', { body, ...options });

function assertError(
  answer: Awaited<ReturnType<typeof chat>>,
  wanted: { status: number; code: string; type: string },
) {
  assert.equal(answer.status, wanted.status, JSON.stringify(answer.body));
  assert.equal(answer.body.error.code, wanted.code);
  assert.equal(answer.body.error.type, wanted.type);
  assert.ok(answer.body.error.message.length > 10);
  assert.ok('param' in answer.body.error);
}

test('an unknown model is 404 model_not_found and says which command brings one', async () => {
  const answer = await chat({ model: 'gpt-9', messages: hello });
  assertError(answer, { status: 404, code: 'model_not_found', type: 'invalid_request_error' });
  assert.match(answer.body.error.message, /cds models pull/);
});

test('no embedding model says which command brings one', async () => {
  const answer = await it.request('POST /v1/embeddings', { body: { model: 'auto', input: 'text' } });
  assertError(answer, { status: 404, code: 'model_not_found', type: 'invalid_request_error' });
  assert.match(answer.body.error.message, /cds models pull/);
});

test('an empty list of messages is 400', async () => {
  assertError(await chat({ model: 'machine', messages: [] }), {
    status: 400,
    code: 'llm.request_invalid',
    type: 'invalid_request_error',
  });
});

test('wrong types are 400 and name the field', async () => {
  const wrong: [object, string][] = [
    [{ temperature: 'hot' }, 'temperature'],
    [{ temperature: 3 }, 'temperature'],
    [{ max_tokens: -1 }, 'max_tokens'],
    [{ n: 0 }, 'n'],
    [{ messages: 'hi' }, 'messages'],
    [{ messages: [{ role: 'wizard', content: 'x' }] }, 'messages.0.role'],
    [{ stop: Array(20).fill('x') }, 'stop'],
    [{ logit_bias: { abc: 1 } }, 'logit_bias.abc'],
    [{ tool_choice: 'required' }, 'tool_choice'],
    [{ top_logprobs: 3 }, 'top_logprobs'],
    [{ messages: [{ role: 'user', content: [{ type: 'image_url' }] }] }, 'messages.0.content.0'],
  ];
  for (const [part, field] of wrong) {
    const answer = await chat({ model: 'machine', messages: hello, ...part });
    assert.equal(answer.status, 400, `${field}: ${JSON.stringify(answer.body)}`);
    assert.equal(answer.body.error.param, field);
  }
});

test('what is not JSON, not authenticated, out of scope, unknown or too large is an OpenAI error object', async () => {
  assertError(await chat('{"model":'), {
    status: 400,
    code: 'common.parse_error',
    type: 'invalid_request_error',
  });
  assertError(await chat({ model: 'machine', messages: hello }, { token: null }), {
    status: 401,
    code: 'invalid_api_key',
    type: 'authentication_error',
  });
  assertError(await chat({ model: 'machine', messages: hello }, { token: 'cds_nonsense' }), {
    status: 401,
    code: 'invalid_api_key',
    type: 'authentication_error',
  });
  const key = await it.apiKey(await it.user(), ['project']);
  assertError(await chat({ model: 'machine', messages: hello }, { token: key }), {
    status: 403,
    code: 'common.forbidden',
    type: 'permission_error',
  });
  assertError(await it.request('GET /v1/nowhere'), {
    status: 404,
    code: 'common.method_not_found',
    type: 'invalid_request_error',
  });
  const huge = 'x'.repeat(33 * 1024 * 1024);
  assertError(await chat({ model: 'machine', messages: [{ role: 'user', content: huge }] }), {
    status: 413,
    code: 'common.too_large',
    type: 'invalid_request_error',
  });
});

test('an API key with the scope llm may ask', async () => {
  const key = await it.apiKey(await it.user(), ['llm']);
  assert.equal((await chat({ model: 'machine', messages: hello }, { token: key })).status, 200);
});

test('a prompt of 10 MB is refused with context_length_exceeded, and the server answers others', async () => {
  const answer = await chat({
    model: 'machine',
    messages: [{ role: 'user', content: 'word '.repeat(2 * 1024 * 1024) }],
  });
  assertError(answer, { status: 400, code: 'context_length_exceeded', type: 'invalid_request_error' });
  assert.equal((await chat({ model: 'machine', messages: hello })).status, 200);
});

test('a schema that can’t be enforced is refused, never ignored', async () => {
  const answer = await chat({
    model: 'machine',
    messages: hello,
    response_format: {
      type: 'json_schema',
      json_schema: { name: 'x', schema: { type: 'object', not: { required: ['a'] } } },
    },
  });
  assertError(answer, { status: 400, code: 'llm.schema_unsupported', type: 'invalid_request_error' });
});

test('without balance a request is 402 insufficient_quota and nothing runs', async () => {
  const user = await it.user();
  await it.world
    .client(ledgerContract)
    .call(
      'ledger.adjust',
      { userId: user.id, change: { kind: 'to', tokens: 3 }, key: 'poor', reason: 'test' },
      it.world.call(null),
    );
  const answer = await chat({ model: 'machine', messages: hello }, { token: user.token });
  assertError(answer, { status: 402, code: 'insufficient_quota', type: 'insufficient_quota' });
  assert.equal((await it.usage(user)).requests, 0);
});

test('a repeated idempotency key is told, not run and billed again', async () => {
  const user = await it.user();
  const headers = { 'idempotency-key': 'once' };
  const options = { token: user.token, headers };
  assert.equal((await chat({ model: 'machine', messages: hello }, options)).status, 200);
  assertError(await chat({ model: 'machine', messages: hello }, options), {
    status: 409,
    code: 'llm.request_repeated',
    type: 'invalid_request_error',
  });
  assert.equal((await it.usage(user)).requests, 1);
});

test('the id of a request that was billed buys no second one', async () => {
  const user = await it.user();
  const first = await chat({ model: 'machine', messages: hello }, { token: user.token });
  const requestId = first.headers.get('x-request-id') ?? '';
  const headers = { 'idempotency-key': requestId };
  assertError(await chat({ model: 'machine', messages: hello }, { token: user.token, headers }), {
    status: 400,
    code: 'llm.request_invalid',
    type: 'invalid_request_error',
  });
  assert.equal((await it.usage(user)).requests, 1);
});

test('a budget for three requests that ten at once want is never overspent', async () => {
  const user = await it.user();
  const one = await chat({ model: 'machine', messages: hello, max_tokens: 20 }, { token: user.token });
  const each = one.body.usage.prompt_tokens + 20;
  const used = (await it.usage(user)).chargedTokens;
  const ledger = it.world.client(ledgerContract);
  await ledger.call(
    'admin.users.setBudget',
    { id: user.id, apiKeyId: null, period: 'day', limitTokens: used + 3 * each },
    it.world.call({ role: 'admin' }),
  );
  const answers = await Promise.all(
    Array.from({ length: 10 }, () =>
      chat(
        { model: 'machine', messages: [{ role: 'user', content: 'go on forever' }], max_tokens: 20 },
        { token: user.token },
      ),
    ),
  );
  const served = answers.filter(({ status }) => status === 200).length;
  const refused = answers.filter(({ status }) => status === 402).length;
  assert.equal(served + refused, 10, JSON.stringify(answers.map(({ status }) => status)));
  assert.ok(served >= 2 && served <= 3, String(served));
  await it.settled(user);
  assert.ok((await it.usage(user)).chargedTokens <= used + 3 * each);
});

test('the rate limit of inference answers 429 with Retry-After', async () => {
  await using slow = await llmWorld({ CDS_RATE_INFERENCE_PER_SECOND: '0.1', CDS_RATE_INFERENCE_BURST: '1' });
  const body = { model: 'nobody', messages: hello };
  await slow.request('POST /v1/chat/completions', { body });
  const answer = await slow.request('POST /v1/chat/completions', { body });
  assertError(answer, { status: 429, code: 'rate_limit_exceeded', type: 'rate_limit_error' });
  assert.ok(Number(answer.headers.get('retry-after')) >= 1);
});
