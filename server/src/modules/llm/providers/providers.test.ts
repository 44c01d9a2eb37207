import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { eventually } from '#kernel/testing/eventually.ts';
import { type ProviderWorld, providerKey, providerWorld } from '../testing/provider-world.ts';
import { answerEvents, refusing, sending, wellBehaved } from '../testing/upstream.ts';

let it: ProviderWorld;

before(async () => {
  it = await providerWorld({ CDS_LOG_LEVEL: 'debug', CDS_LOG_FILE: 'true' });
});
after(() => it[Symbol.asyncDispose]());

test('a whole answer passes, and cached tokens are priced apart, each token once', async () => {
  it.upstream.on('a', wellBehaved);
  const user = await it.user();
  const answer = await it.chat('up/a', { user });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  assert.equal(answer.body.choices[0].message.content, 'one two three');
  // 12 × 0.000002 + 8 × 0.000001 + 3 × 0.00001
  assert.equal(answer.headers.get('x-cds-cost'), '0.000062');
  const usage = await it.usage(user);
  assert.equal(usage.cost, '0.000062');
  assert.deepEqual([usage.promptTokens, usage.cachedPromptTokens, usage.completionTokens], [20, 8, 3]);
  assert.equal(it.upstream.calls.at(-1)?.authorization, `Bearer ${providerKey}`);
});

test('a stream passes byte for byte; usage is asked for upstream and left out for a client that did not ask', async () => {
  it.upstream.on('a', wellBehaved);
  const user = await it.user();
  const plain = await it.stream('up/a', { user });
  const events = answerEvents();
  assert.equal(plain.text, [...events.slice(0, 4), events[5]].join(''));
  assert.deepEqual(it.upstream.calls.at(-1)?.body.stream_options, { include_usage: true });
  const asked = await it.stream('up/a', { user, body: { stream_options: { include_usage: true } } });
  assert.equal(asked.text, events.join(''));
  const usage = await it.usage(user);
  assert.deepEqual([usage.requests, usage.promptTokens, usage.completionTokens], [2, 40, 6]);
});

test('usage that is split at every byte offset is counted exactly', async () => {
  const user = await it.user();
  const all = Buffer.from(answerEvents(['é', '😀']).join(''));
  const usageAt = all.indexOf('"usage"');
  const end = all.length;
  let runs = 0;
  for (let cut = usageAt - 40; cut < end; cut += 1) {
    it.upstream.on('b', sending([all.subarray(0, cut), all.subarray(cut)], 'end', 0));
    assert.equal((await it.stream('up/b', { user })).content, 'é😀');
    runs += 1;
  }
  const usage = await it.usage(user);
  assert.deepEqual([usage.requests, usage.promptTokens, usage.completionTokens], [runs, 20 * runs, 3 * runs]);
});

test('events that are cut anywhere, one byte a packet, arrive whole; CRLF too', async () => {
  const all = answerEvents(['é', '😀']).join('');
  it.upstream.on(
    'b',
    sending(
      [...Buffer.from(all)].map((byte) => Buffer.from([byte])),
      'end',
      0,
    ),
  );
  assert.equal((await it.stream('up/b')).content, 'é😀');
  it.upstream.on('b', sending([all.replaceAll('\n', '\r\n')]));
  assert.equal((await it.stream('up/b')).content, 'é😀');
});

test('an event of 1 MiB passes', async () => {
  const long = 'x'.repeat(1024 * 1024);
  it.upstream.on('b', sending(answerEvents([long])));
  assert.equal((await it.stream('up/b')).content.length, long.length);
});

test('an upstream that cuts in the middle ends in an error event without [DONE], and what came is charged', async () => {
  const user = await it.user();
  it.upstream.on('b', sending(answerEvents().slice(0, 2), 'cut', 10));
  const answer = await it.stream('up/b', { user });
  assert.equal(answer.status, 200);
  assert.equal(answer.content, 'one two');
  assert.match(answer.text, /event: error\ndata: \{"error":\{"message":"[^"]+","type":"server_error"/);
  assert.doesNotMatch(answer.text, /\[DONE\]/);
  const usage = await it.usage(user);
  assert.equal(usage.completionTokens, 2);
});

test('an upstream that ends cleanly before its answer does is told as broken', async () => {
  it.upstream.on('b', sending(answerEvents().slice(0, 2)));
  const answer = await it.stream('up/b');
  assert.match(answer.text, /event: error/);
  assert.doesNotMatch(answer.text, /\[DONE\]/);
});

test('invalid JSON or a 429 after the first token is told as an error event', async () => {
  it.upstream.on(
    'b',
    sending([answerEvents()[0] ?? '', 'data: {"choices": oops}\n\n', ...answerEvents().slice(1)]),
  );
  const invalid = await it.stream('up/b');
  assert.match(invalid.text, /not JSON/);
  assert.doesNotMatch(invalid.text, /oops|\[DONE\]/);
  it.upstream.on(
    'b',
    sending([answerEvents()[0] ?? '', 'data: {"error":{"code":429,"message":"slow down"}}\n\n']),
  );
  const limited = await it.stream('up/b');
  assert.match(limited.text, /slow down/);
  assert.doesNotMatch(limited.text, /\[DONE\]/);
});

test('a fallback answers when the first fails before its first byte, and the request is billed once', async () => {
  await it.routing({ fallbacks: { 'up/c': ['up/a'] } });
  it.upstream.on('a', wellBehaved);
  for (const status of [500, 503, 408]) {
    const user = await it.user();
    it.upstream.on('c', refusing(status, { 'retry-after': '0' }));
    assert.equal((await it.stream('up/c', { user })).content, 'one two three', String(status));
    await it.settled(user);
    assert.equal((await it.usage(user)).requests, 1);
  }
  it.upstream.on('c', (_, response) => void response.destroy());
  assert.equal((await it.stream('up/c')).content, 'one two three');
  it.upstream.on('c', sending([]));
  assert.equal((await it.stream('up/c')).content, 'one two three');
});

test('after the first byte no fallback is tried', async () => {
  await it.routing({ fallbacks: { 'up/b': ['up/a'] } });
  it.upstream.on('b', sending(answerEvents().slice(0, 1), 'cut', 10));
  const answer = await it.stream('up/b');
  assert.equal(answer.content, 'one');
  assert.match(answer.text, /event: error/);
  await it.routing({ fallbacks: {} });
});

test('a 429 cools the model down for its Retry-After, and the client is told', async () => {
  it.upstream.on('d', refusing(429, { 'retry-after': '7' }));
  const first = await it.chat('up/d');
  assert.equal(first.status, 429);
  assert.equal(first.body.error.code, 'rate_limit_exceeded');
  assert.equal(first.headers.get('retry-after'), '7');
  const calls = it.upstream.calls.length;
  assert.equal((await it.chat('up/d')).status, 429);
  assert.equal(it.upstream.calls.length, calls, 'it is not asked while it cools down');
  it.upstream.on('d', wellBehaved);
  it.world.clock.advance(8_000);
  assert.equal((await it.chat('up/d')).status, 200);
});

test('what the request itself got wrong is passed on, without cooling down', async () => {
  it.upstream.on(
    'a',
    refusing(422, {}, JSON.stringify({ error: { message: `bad seed, key ${providerKey}` } })),
  );
  const answer = await it.chat('up/a');
  assert.equal(answer.status, 400);
  assert.match(answer.body.error.message, /bad seed, key \*\*\*/);
  it.upstream.on('a', wellBehaved);
  assert.equal((await it.chat('up/a')).status, 200);
});

test('a client that leaves in the middle ends the call upstream and pays for what came', async () => {
  const user = await it.user();
  const pieces = Array.from({ length: 500 }, (_, index) => answerEvents([` ${index}`])[0] ?? '');
  it.upstream.on('a', sending(pieces, 'hang', 5));
  const controller = new AbortController();
  const answer = await fetch(`${it.world.url}/v1/chat/completions`, {
    method: 'POST',
    signal: controller.signal,
    headers: { authorization: `Bearer ${user.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'up/a', messages: [{ role: 'user', content: 'x' }], stream: true }),
  });
  const reader = answer.body?.getReader();
  await reader?.read();
  await reader?.read();
  controller.abort();
  await it.upstream.calls.at(-1)?.closed;
  await it.settled(user);
  const usage = await it.usage(user);
  assert.equal(usage.requests, 1);
  assert.ok(usage.completionTokens >= 1 && usage.completionTokens < 500, String(usage.completionTokens));
});

test('a client that leaves before the first token ends the call upstream and pays nothing', async () => {
  const user = await it.user();
  it.upstream.on('a', () => undefined);
  const before = it.upstream.calls.length;
  const controller = new AbortController();
  const pending = fetch(`${it.world.url}/v1/chat/completions`, {
    method: 'POST',
    signal: controller.signal,
    headers: { authorization: `Bearer ${user.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'up/a', messages: [{ role: 'user', content: 'x' }], stream: true }),
  });
  pending.catch(() => undefined);
  await eventually(() => assert.ok(it.upstream.calls.length > before));
  controller.abort();
  await it.upstream.calls.at(-1)?.closed;
  await it.settled(user);
  assert.equal((await it.usage(user)).requests, 0);
});

test('hedging: the faster of two answers, the slower is ended, one is billed', async () => {
  await it.routing({ fallbacks: { 'up/b': ['up/a'] }, hedgeAfterMs: 50 });
  it.upstream.on('b', () => undefined);
  it.upstream.on('a', wellBehaved);
  const user = await it.user();
  const answer = await it.stream('up/b', { user });
  assert.equal(answer.content, 'one two three');
  await it.upstream.calls.filter(({ body }) => body.model === 'b').at(-1)?.closed;
  await it.settled(user);
  assert.equal((await it.usage(user)).requests, 1);
  await it.routing({ fallbacks: {}, hedgeAfterMs: null });
});

test('five failures in a row open the circuit: the provider is not asked for a moment', async () => {
  await using own = await providerWorld();
  own.upstream.on('a', refusing(500));
  for (let turn = 0; turn < 5; turn += 1) assert.equal((await own.chat('up/a')).status, 502);
  const calls = own.upstream.calls.length;
  assert.equal((await own.chat('up/a')).status, 502);
  assert.equal(own.upstream.calls.length, calls);
  const { body } = await own.request('GET /admin/providers');
  assert.equal(body.providers[0].state, 'open');
});

test('a refused key cools the whole provider down until it is changed', async () => {
  await using own = await providerWorld();
  own.upstream.on(
    'a',
    refusing(401, {}, JSON.stringify({ error: { message: `Incorrect key: ${providerKey}` } })),
  );
  const answer = await own.chat('up/a');
  assert.equal(answer.status, 502);
  assert.doesNotMatch(JSON.stringify(answer.body), /sk-/);
  own.upstream.on('b', wellBehaved);
  assert.equal((await own.chat('up/b')).status, 502);
  const [provider] = (await own.request('GET /admin/providers')).body.providers;
  assert.equal(provider.coolingReason, 'key');
  const { name, kind, baseUrl, models } = provider;
  await own.request(`PUT /admin/providers/${name}`, {
    body: { kind, baseUrl, models, apiKey: 'sk-another-key-123' },
  });
  assert.equal((await own.chat('up/b')).status, 200);
});

test('keys are in no log, error, answer or table in the clear', async () => {
  const { body } = await it.request('GET /admin/providers');
  assert.equal(body.providers[0].hasApiKey, true);
  assert.doesNotMatch(JSON.stringify(body), /very-secret/);
  const rows = await it.world.database.query<{ sealed: Buffer }>({
    text: 'select sealed from llm.credential',
  });
  assert.ok(rows.every(({ sealed }) => !sealed.includes('very-secret')));
  const logs = path.join(it.world.dataDir, 'logs');
  const lines = readdirSync(logs)
    .map((file) => readFileSync(path.join(logs, file), 'utf8'))
    .join('');
  assert.ok(lines.length > 0);
  assert.doesNotMatch(lines, /very-secret/);
  const events = await it.world.database.query<{ payload: object }>({
    text: 'select payload from kernel.event',
  });
  assert.doesNotMatch(JSON.stringify(events.map(({ payload }) => payload)), /very-secret/);
});
