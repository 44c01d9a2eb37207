import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { eventually } from '#kernel/testing/eventually.ts';
import { writeChatMachine } from '../testing/chat-machine.ts';
import type { TestUser } from '../testing/llm-world.ts';
import { type ProviderWorld, providerWorld } from '../testing/provider-world.ts';
import { refusing, wellBehaved } from '../testing/upstream.ts';

let it: ProviderWorld;

before(async () => {
  it = await providerWorld();
  writeChatMachine(path.join(it.modelsDir, 'machine.gguf'));
});
after(() => it[Symbol.asyncDispose]());

const callsOf = (model: string) => it.upstream.calls.filter(({ body }) => body.model === model);

/** A model that answers when it is let. */
function waiting(model: string, then = wellBehaved) {
  const gate = Promise.withResolvers<void>();
  it.upstream.on(model, async (call, response) => {
    await gate.promise;
    return then(call, response);
  });
  return gate;
}

/** Asks and leaves as soon as `until` holds. */
async function leave(
  user: TestUser,
  asked: { model: string; stream?: boolean; headers?: Record<string, string> },
  until: () => Promise<void>,
): Promise<void> {
  const { model, stream = false, headers = {} } = asked;
  const controller = new AbortController();
  const pending = fetch(`${it.world.url}/v1/chat/completions`, {
    method: 'POST',
    signal: controller.signal,
    headers: { authorization: `Bearer ${user.token}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ model, stream, messages: [{ role: 'user', content: 'a question' }] }),
  });
  pending.catch(() => undefined);
  await until();
  controller.abort();
  await pending.catch(() => undefined);
  // The end of a connection reaches the server before what is asked on a later one.
  await it.request('GET /v1/models');
}

const reached = (...models: string[]) => {
  const before = models.map((model) => callsOf(model).length);
  return () =>
    eventually(() => {
      for (const [index, model] of models.entries()) assert.ok(callsOf(model).length > (before[index] ?? 0));
    });
};

test('an unstreamed request whose client leaves is billed what its provider then tells, once', async () => {
  const user = await it.user();
  const gate = waiting('a');
  await leave(user, { model: 'up/a', headers: { 'idempotency-key': 'left' } }, reached('a'));
  gate.resolve();
  const usage = await it.usage(user);
  assert.deepEqual([usage.requests, usage.promptTokens, usage.completionTokens], [1, 20, 3]);
  assert.equal(usage.cost, '0.000062');
  const again = await it.request('POST /v1/chat/completions', {
    token: user.token,
    headers: { 'idempotency-key': 'left' },
    body: { model: 'up/a', messages: [{ role: 'user', content: 'a question' }] },
  });
  assert.equal(again.status, 409);
  assert.equal((await it.usage(user)).requests, 1);
});

test('an unstreamed request whose client has left costs nothing when its provider fails, and no other is asked', async () => {
  await it.routing({ fallbacks: { 'up/a': ['up/b'] } });
  const user = await it.user();
  const gate = waiting('a', refusing(500));
  it.upstream.on('b', wellBehaved);
  const others = callsOf('b').length;
  await leave(user, { model: 'up/a' }, reached('a'));
  gate.resolve();
  assert.equal((await it.usage(user)).requests, 0);
  assert.equal(callsOf('b').length, others);
  await it.routing({ fallbacks: {} });
});

test('a stream that a provider has accepted costs its prompt when the client leaves before the first token', async () => {
  const user = await it.user();
  it.upstream.on('a', (_, response) => void response.writeHead(200).write(': working\n\n'));
  await leave(user, { model: 'up/a', stream: true }, reached('a'));
  await callsOf('a').at(-1)?.closed;
  const usage = await it.usage(user);
  assert.deepEqual([usage.requests, usage.completionTokens], [1, 0]);
  assert.ok(usage.promptTokens > 0);
});

test('a client that leaves two providers that race for it is billed once', async () => {
  await it.routing({ fallbacks: { 'up/a': ['up/b'] }, hedgeAfterMs: 50 });
  const user = await it.user();
  const [first, second] = [waiting('a'), waiting('b')];
  await leave(user, { model: 'up/a' }, reached('a', 'b'));
  first.resolve();
  second.resolve();
  await it.settled(user);
  assert.equal((await it.usage(user)).requests, 1);
  await it.routing({ fallbacks: {}, hedgeAfterMs: null });
});

test('a local model that loses a race in the middle of its answer is not billed beside the winner', async () => {
  await it.routing({ fallbacks: { 'up/a': ['machine'] }, hedgeAfterMs: 50 });
  const user = await it.user();
  it.upstream.on('a', async (call, response) => {
    await eventually(async () => {
      const { body } = await it.request('GET /admin/status');
      assert.ok(body.models[0]?.completionTokensPerSecond > 0, 'the local one is generating');
    });
    await wellBehaved(call, response);
  });
  const answer = await it.chat('up/a', {
    user,
    body: { messages: [{ role: 'user', content: 'go forever' }], max_tokens: 2_000 },
  });
  assert.equal(answer.body.choices[0].message.content, 'one two three');
  const usage = await it.usage(user);
  assert.deepEqual([usage.requests, usage.completionTokens], [1, 3]);
  await it.routing({ fallbacks: {}, hedgeAfterMs: null });
});

test('a request that its client has named is not raced: its repetition is told, whoever has answered', async () => {
  await it.routing({ fallbacks: { 'up/a': ['up/b'] }, hedgeAfterMs: 50 });
  const user = await it.user();
  it.upstream.on('a', async (call, response) => {
    await new Promise((resolve) => setTimeout(resolve, 300));
    await wellBehaved(call, response);
  });
  it.upstream.on('b', wellBehaved);
  const others = callsOf('b').length;
  const ask = () =>
    it.request('POST /v1/chat/completions', {
      token: user.token,
      headers: { 'idempotency-key': 'raced' },
      body: { model: 'up/a', messages: [{ role: 'user', content: 'a question' }] },
    });
  assert.equal((await ask()).status, 200);
  assert.equal(callsOf('b').length, others);
  assert.equal((await ask()).status, 409);
  assert.equal((await it.usage(user)).requests, 1);
  await it.routing({ fallbacks: {}, hedgeAfterMs: null });
});
