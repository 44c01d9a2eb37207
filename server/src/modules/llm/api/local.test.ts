import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';
import OpenAI from 'openai';
import { WebSocket } from 'ws';
import { llmContract } from '../contract.ts';
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

const hello = [{ role: 'user' as const, content: 'hi' }];
const forever = [{ role: 'user' as const, content: 'go on forever' }];
const weather = {
  type: 'function' as const,
  function: {
    name: 'get_weather',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
};

test('the openai SDK gets a whole answer, its usage and its cost', async () => {
  const user = await it.user();
  const { data, response } = await openai
    .withOptions({ apiKey: user.token })
    .chat.completions.create({ model: 'machine', messages: hello, temperature: 0 })
    .withResponse();
  assert.equal(data.choices[0]?.message.content, machineAnswers.default);
  assert.equal(data.choices[0]?.finish_reason, 'stop');
  const usage = await it.usage(user);
  assert.equal(usage.promptTokens, data.usage?.prompt_tokens);
  assert.equal(usage.completionTokens, data.usage?.completion_tokens);
  assert.equal(response.headers.get('x-cds-completion-tokens'), String(usage.completionTokens));
  assert.equal(response.headers.get('x-cds-charged-tokens'), String(usage.chargedTokens));
  assert.equal(response.headers.get('x-cds-cost'), '0');
  assert.match(response.headers.get('x-request-id') ?? '', /^[\w-]+$/);
});

test('the openai SDK streams the same text, with usage where it is asked for', async () => {
  const stream = await openai.chat.completions.create({
    model: 'machine',
    messages: hello,
    temperature: 0,
    stream: true,
    stream_options: { include_usage: true },
  });
  let text = '';
  let usage: OpenAI.CompletionUsage | null | undefined;
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta.content ?? '';
    usage = chunk.usage ?? usage;
  }
  assert.equal(text, machineAnswers.default);
  assert.ok(usage !== undefined && usage !== null && usage.completion_tokens > 5);
});

test('a model of this server is charged with the weight and the price that it was given', async () => {
  const user = await it.user();
  const price = { tokenWeight: '2.5', inputCost: '0.000001', outputCost: '0.000002' };
  assert.equal(
    (await it.request('POST /admin/load', { body: { modelId: 'machine', ...price } })).status,
    200,
  );
  const { data, response } = await openai
    .withOptions({ apiKey: user.token })
    .chat.completions.create({ model: 'machine', messages: hello, temperature: 0 })
    .withResponse();
  const { prompt_tokens: prompt = 0, completion_tokens: completion = 0 } = data.usage ?? {};
  const charged = Math.ceil((prompt + completion) * 2.5);
  assert.equal(response.headers.get('x-cds-charged-tokens'), String(charged));
  assert.equal(Number(response.headers.get('x-cds-cost')), (prompt + 2 * completion) / 1e6);
  assert.equal((await it.usage(user)).chargedTokens, charged);
  const listed = (await it.request('GET /admin/models')).body.models[0];
  assert.equal(listed.prices.tokenWeight, '2.5');
  const none = { tokenWeight: null, inputCost: null, outputCost: null };
  await it.request('POST /admin/load', { body: { modelId: 'machine', ...none } });
  const wrong = await it.request('POST /admin/load', { body: { modelId: 'machine', tokenWeight: '-1' } });
  assert.equal(wrong.status, 400);
});

test('administration sees who asked what, how it ended, and the tokens of each minute', async () => {
  const user = await it.user();
  await it.request('POST /v1/chat/completions', {
    body: { model: 'machine', messages: hello, temperature: 0 },
    token: user.token,
  });
  const { body, status } = await it.request('GET /admin/models-activity');
  assert.equal(status, 200, JSON.stringify(body));
  const [last] = body.requests;
  assert.match(last.username, /^u-/);
  assert.deepEqual([last.model, last.outcome], ['machine', 'ok']);
  assert.ok(last.completionTokens > 5 && last.durationMs >= 0);
  assert.equal(body.minutes.length, 60);
  assert.ok(
    body.minutes.some(({ models }: { models: { model: string }[] }) => models[0]?.model === 'machine'),
  );
  assert.equal((await it.request('GET /admin/models-activity', { token: user.token })).status, 403);
});

test('n answers count the prompt once and every answer’s tokens', async () => {
  const one = await openai.chat.completions.create({ model: 'machine', messages: hello, temperature: 0 });
  const three = await openai.chat.completions.create({
    model: 'machine',
    messages: hello,
    temperature: 0,
    n: 3,
  });
  assert.equal(three.choices.length, 3);
  assert.equal(three.usage?.prompt_tokens, one.usage?.prompt_tokens);
  assert.equal(three.usage?.completion_tokens, 3 * (one.usage?.completion_tokens ?? 0));
});

test('a tool call and its answer go through the SDK', async () => {
  const asked = await openai.chat.completions.create({
    model: 'machine',
    messages: [{ role: 'user', content: 'weather?' }],
    tools: [weather],
    temperature: 0,
  });
  const call = asked.choices[0]?.message.tool_calls?.[0];
  assert.ok(call?.type === 'function');
  assert.equal(call.function.name, 'get_weather');
  assert.deepEqual(JSON.parse(call.function.arguments), { city: 'Berlin' });
  assert.equal(asked.choices[0]?.finish_reason, 'tool_calls');
  const told = await openai.chat.completions.create({
    model: 'machine',
    messages: [
      { role: 'user', content: 'weather?' },
      { role: 'assistant', content: null, tool_calls: [call] },
      { role: 'tool', tool_call_id: call.id, content: 'sunny' },
    ],
    tools: [weather],
    temperature: 0,
  });
  assert.equal(told.choices[0]?.message.content, machineAnswers.afterTool);
});

test('completions continue a text and fill in before a suffix', async () => {
  const continued = await openai.completions.create({ model: 'machine', prompt: 'Once', temperature: 0 });
  assert.match(continued.choices[0]?.text ?? '', /^ upon a time/);
  const filled = await openai.completions.create({
    model: 'machine',
    prompt: 'function add(a, b) { ',
    suffix: ' }',
    temperature: 0,
    max_tokens: 8,
  });
  assert.match(filled.choices[0]?.text ?? '', /^return a \+ b;/);
});

test('without a model’s name the task chooses one', async () => {
  const answer = await it.request('POST /v1/chat/completions', { body: { model: 'auto', messages: hello } });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  assert.equal(answer.body.model, 'machine');
});

test('models are listed with what they can, one of them by its name', async () => {
  const { data } = await openai.models.list();
  assert.deepEqual(
    data.map(({ id }) => id),
    ['machine'],
  );
  assert.equal((await openai.models.retrieve('machine')).id, 'machine');
});

test('a client that leaves in the middle pays for what was generated, and its slot is free', async () => {
  const user = await it.user();
  const stream = await openai.withOptions({ apiKey: user.token }).chat.completions.create({
    model: 'machine',
    messages: forever,
    temperature: 0,
    max_tokens: 4_000,
    stream: true,
  });
  let chunks = 0;
  for await (const _ of stream) {
    chunks += 1;
    if (chunks === 6) break;
  }
  await it.settled(user);
  const usage = await it.usage(user);
  assert.equal(usage.requests, 1);
  assert.ok(usage.completionTokens >= 4 && usage.completionTokens < 4_000, String(usage.completionTokens));
  const status = await it.request('GET /admin/status');
  assert.equal(status.body.activeSessions, 0);
});

test('a client that leaves before the first token pays nothing or what was generated, and holds nothing', async () => {
  const user = await it.user();
  const controller = new AbortController();
  const pending = fetch(`${it.world.url}/v1/chat/completions`, {
    method: 'POST',
    signal: controller.signal,
    headers: { authorization: `Bearer ${user.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'machine', messages: forever, max_tokens: 4_000 }),
  });
  setTimeout(() => controller.abort(), 30);
  await assert.rejects(pending, { name: 'AbortError' });
  await it.settled(user);
  assert.ok((await it.usage(user)).requests <= 1);
});

test('JSON-RPC gives the same answers, whole and in chunks, billed alike', async () => {
  const user = await it.user();
  const client = it.world.client(llmContract);
  const call = it.world.call({ userId: user.id });
  const body = { model: 'machine', messages: [{ role: 'user' as const, content: 'hi' }], temperature: 0 };
  // biome-ignore lint/suspicious/noExplicitAny: OpenAI's object, looked into freely
  const whole: any = await client.call('llm.chat', body, call);
  assert.equal(whole.choices[0].message.content, machineAnswers.default);
  const stream = client.stream('llm.chat.stream', body, call);
  let text = '';
  for (;;) {
    const step = await stream.next();
    if (step.done === true) {
      assert.ok(step.value.completionTokens > 0);
      break;
    }
    // biome-ignore lint/suspicious/noExplicitAny: OpenAI's object, looked into freely
    text += (step.value as any).choices[0]?.delta.content ?? '';
  }
  assert.equal(text, machineAnswers.default);
  assert.equal((await it.usage(user)).requests, 2);
});

test('WS /v1/stream runs several requests, cancels one and tells errors as OpenAI does', async () => {
  const socket = new WebSocket(`${it.world.url.replace('http', 'ws')}/v1/stream`, {
    headers: { authorization: `Bearer ${it.admin.token}` },
  });
  const messages: { id: string; data?: unknown; done?: boolean; error?: { code: string } }[] = [];
  const until = (matches: (message: (typeof messages)[number]) => boolean) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (messages.some(matches)) resolve();
        else setTimeout(look, 10);
      };
      look();
    });
  socket.on('message', (data) => messages.push(JSON.parse(String(data))));
  await new Promise((resolve) => socket.once('open', resolve));
  const send = (message: object) => socket.send(JSON.stringify(message));
  send({ id: 'a', endpoint: 'chat', body: { model: 'machine', messages: hello, temperature: 0 } });
  send({ id: 'b', endpoint: 'chat', body: { model: 'machine', messages: forever, max_tokens: 6_000 } });
  send({ id: 'c', endpoint: 'chat', body: { model: 'nobody', messages: hello } });
  await until(({ id, done }) => id === 'a' && done === true);
  await until(({ id, data }) => id === 'b' && data !== undefined);
  send({ id: 'b', cancel: true });
  await until(({ id, error }) => id === 'b' && error !== undefined);
  await until(({ id, error }) => id === 'c' && error?.code === 'model_not_found');
  socket.close();
});
