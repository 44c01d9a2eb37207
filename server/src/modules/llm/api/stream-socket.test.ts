import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { after, before, test } from 'node:test';
import { WebSocket } from 'ws';
import { authContract } from '#modules/auth/contract.ts';
import { type ProviderWorld, providerWorld } from '../testing/provider-world.ts';
import { wellBehaved } from '../testing/upstream.ts';

let it: ProviderWorld;

before(async () => {
  it = await providerWorld();
});
after(() => it[Symbol.asyncDispose]());

async function connected(token: string): Promise<WebSocket> {
  const socket = new WebSocket(`${it.world.url.replace('http', 'ws')}/v1/stream`, {
    headers: { authorization: `Bearer ${token}` },
  });
  await once(socket, 'open');
  return socket;
}

const body = { model: 'up/a', messages: [{ role: 'user', content: 'count' }] };

test('a connection serves no longer than the key that opened it', async () => {
  it.upstream.on('a', wellBehaved);
  const user = await it.user();
  const client = it.world.client(authContract);
  const owner = it.world.call({ userId: user.id });
  const { id, apiKey } = await client.call('auth.apiKey.generate', { name: 'leaked' }, owner);
  const socket = await connected(apiKey);
  const ends = new EventEmitter<Record<string, [{ done?: boolean; error?: { code: string } }]>>();
  socket.on('message', (data) => {
    const message = JSON.parse(String(data));
    if (message.done === true || message.error !== undefined) ends.emit(message.id, message);
  });
  const before = once(ends, 'before');
  socket.send(JSON.stringify({ id: 'before', endpoint: 'chat', body }));
  assert.equal((await before)[0].done, true);
  const asked = it.upstream.calls.length;

  await client.call('auth.apiKey.revoke', { id }, owner);
  const closed = once(socket, 'close');
  const refused = once(ends, 'after');
  socket.send(JSON.stringify({ id: 'after', endpoint: 'chat', body }));
  assert.equal((await refused)[0].error?.code, 'invalid_api_key');
  assert.equal((await closed)[0], 4401);
  assert.equal(it.upstream.calls.length, asked);
});

test('a client that reads no answers is not read for ever', async () => {
  const socket = await connected(it.admin.token);
  socket.pause();
  // Far more than the buffers of two sockets hold, in questions as in answers.
  const noise = 'x'.repeat(1_000);
  for (let count = 0; count < 60_000; count += 1) socket.send(noise);
  let before = Number.POSITIVE_INFINITY;
  while (socket.bufferedAmount > 0 && socket.bufferedAmount < before) {
    before = socket.bufferedAmount;
    await new Promise((resolve) => setTimeout(resolve, 1_500));
  }
  assert.ok(socket.bufferedAmount > 0, 'all that was sent was read, and all the answers wait in memory');
  socket.terminate();
});
