import assert from 'node:assert/strict';
import { request } from 'node:http';
import { test } from 'node:test';
import { providerWorld } from '../testing/provider-world.ts';

test('a client that opens a stream and reads nothing of it is let go, and the provider with it', async () => {
  await using it = await providerWorld({ CDS_LLM_READER_STALL_MS: '500' });
  const ended = Promise.withResolvers<void>();
  it.upstream.on('a', async (call, response) => {
    void call.closed.then(() => ended.resolve());
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const chunk = { id: 'x', object: 'chat.completion.chunk', created: 1, model: 'a' };
    const delta = { content: 'x'.repeat(64_000) };
    const event = `data: ${JSON.stringify({ ...chunk, choices: [{ index: 0, delta }] })}\n\n`;
    // Far more than the buffers of two sockets hold.
    for (let count = 0; count < 1_000 && !response.destroyed; count += 1) {
      if (!response.write(event)) {
        await Promise.race([new Promise((resolve) => response.once('drain', resolve)), call.closed]);
      }
    }
  });
  const user = await it.user();
  const client = request(`${it.world.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${user.token}` },
  });
  client.on('error', () => undefined);
  client.end(JSON.stringify({ model: 'up/a', stream: true, messages: [{ role: 'user', content: 'a lot' }] }));
  const response = await new Promise<import('node:http').IncomingMessage>((resolve) =>
    client.once('response', resolve),
  );
  response.pause();
  response.on('error', () => undefined);
  await ended.promise;
  await it.settled(user);
  assert.ok((await it.usage(user)).completionTokens > 0, 'what was written until then is paid');
  client.destroy();
});
