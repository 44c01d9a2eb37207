import assert from 'node:assert/strict';
import test from 'node:test';
import { providerWorld } from '../testing/provider-world.ts';
import { answerEvents, sending } from '../testing/upstream.ts';

test('a key that is revoked ends the stream that runs on it, and what came is charged', async () => {
  await using it = await providerWorld();
  const user = await it.user();
  const token = await it.apiKey(user);
  const other = await it.apiKey(user);
  const [piece = ''] = answerEvents([' word']);
  it.upstream.on(
    'a',
    sending(
      Array.from({ length: 5_000 }, () => piece),
      'hang',
      5,
    ),
  );
  const open = (bearer: string) =>
    fetch(`${it.world.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'up/a', stream: true, messages: [{ role: 'user', content: 'x' }] }),
    });
  const answer = await open(token);
  const reader = answer.body?.getReader();
  assert.ok(reader);
  await reader.read();
  const kept = await open(other);
  const { body } = await it.request('GET /auth/api-key', { token: user.token });
  const mine = body.apiKeys.find((key: { prefix: string }) => token.startsWith(key.prefix));
  const revoked = await it.request('DELETE /auth/api-key/revoke', {
    token: user.token,
    body: { id: mine.id },
  });
  assert.equal(revoked.status, 204);
  let text = '';
  for (let step = await reader.read(); !step.done; step = await reader.read()) {
    text += Buffer.from(step.value).toString();
  }
  assert.match(text, /event: error\ndata: \{"error":\{/);
  assert.doesNotMatch(text, /\[DONE\]/);
  await it.upstream.calls[0]?.closed;
  // The other key's stream goes on.
  const otherReader = kept.body?.getReader();
  assert.equal((await otherReader?.read())?.done, false);
  await otherReader?.cancel();
  const usage = await it.usage(user);
  assert.equal(usage.requests, 2);
  assert.ok(usage.completionTokens > 0);
});
