import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { eventually } from '#kernel/testing/eventually.ts';
import { authWorld, goodPassword } from './testing/auth-world.ts';

const server = await authWorld();
after(() => server[Symbol.asyncDispose]());
const { request, statusOf, world } = server;

async function generate(token: string, options: Record<string, unknown> = {}) {
  return request('POST /auth/api-key/generate', { token, body: { name: 'ci', ...options } });
}

test('a key has 256 random bits, is shown once, and is stored as a hash', async () => {
  const user = await server.register();
  const answer = await generate(user.accessToken);
  assert.equal(answer.status, 201);
  assert.match(answer.body.apiKey, /^cds_[A-Za-z0-9_-]{43}$/);
  assert.ok(answer.body.apiKey.startsWith(answer.body.prefix));
  const listed = await request('GET /auth/api-key', { token: user.accessToken });
  assert.deepEqual(
    listed.body.apiKeys.map((key: { id: string; name: string }) => [key.id, key.name]),
    [[answer.body.id, 'ci']],
  );
  assert.ok(!JSON.stringify(listed.body).includes(answer.body.apiKey));
  const [row] = await world.database.query<{ text: string }>({
    text: `select string_agg(api_key::text, ' ') as text from auth.api_key`,
  });
  assert.ok(!row?.text.includes(answer.body.apiKey));
});

test('a key stands for its user and notes when it was used', async () => {
  const user = await server.register();
  const { body } = await generate(user.accessToken);
  const me = await request('GET /auth/me', { token: body.apiKey });
  assert.equal(me.body.id, user.id);
  await eventually(async () => {
    const listed = await request('GET /auth/api-key', { token: user.accessToken });
    assert.notEqual(listed.body.apiKeys[0].lastUsedAt, null);
  });
});

test('a busy key writes its last use once a minute', async () => {
  const user = await server.register();
  const { body } = await generate(user.accessToken);
  const lastUse = async () => {
    const [row] = await world.database.query<{ last_used_at: Date | null; xmin: string }>({
      text: 'select last_used_at, xmin::text as xmin from auth.api_key where id = $1',
      values: [body.id],
    });
    return row;
  };
  await statusOf(body.apiKey);
  await eventually(async () => assert.ok((await lastUse())?.last_used_at));
  const first = await lastUse();
  for (let index = 0; index < 5; index += 1) {
    world.clock.advance(2_000);
    await statusOf(body.apiKey);
  }
  assert.equal((await lastUse())?.xmin, first?.xmin);
  world.clock.advance(60_000);
  await statusOf(body.apiKey);
  await eventually(async () => assert.notEqual((await lastUse())?.xmin, first?.xmin));
});

test('a revoked key is refused at once, though it was used a moment ago', async () => {
  const user = await server.register();
  const { body } = await generate(user.accessToken);
  assert.equal(await statusOf(body.apiKey), 200);
  const revoked = await request('DELETE /auth/api-key/revoke', {
    token: user.accessToken,
    body: { id: body.id },
  });
  assert.equal(revoked.status, 204);
  assert.equal(await statusOf(body.apiKey), 401);
});

test('nobody revokes the key of somebody else, or learns that there is one', async () => {
  const [owner, stranger] = [await server.register(), await server.register()];
  const { body } = await generate(owner.accessToken);
  const answer = await request('DELETE /auth/api-key/revoke', {
    token: stranger.accessToken,
    body: { id: body.id },
  });
  assert.equal(answer.status, 404);
  assert.equal(await statusOf(body.apiKey), 200);
});

test('a key ends on its date, and can’t be made with one that has passed', async () => {
  const user = await server.register();
  const at = (ms: number) => new Date(world.clock.now() + ms).toISOString();
  const { body } = await generate(user.accessToken, { expiresAt: at(60_000) });
  assert.equal(await statusOf(body.apiKey), 200);
  world.clock.advance(60_001);
  assert.equal(await statusOf(body.apiKey), 401);
  assert.equal((await generate(user.accessToken, { expiresAt: at(-1) })).body.code, 'auth.expiry_past');
});

test('a key is confined to its scopes', async () => {
  const user = await server.register();
  const { body } = await generate(user.accessToken, { scopes: ['llm', 'llm'] });
  assert.deepEqual(body.scopes, ['llm']);
  assert.equal((await request('GET /auth/me', { token: body.apiKey })).status, 403);
  const { body: own } = await generate(user.accessToken, { scopes: ['auth'] });
  assert.equal((await request('GET /auth/me', { token: own.apiKey })).status, 200);
});

test('a leaked key can’t make more access: no keys, no password, no sessions', async () => {
  const user = await server.register();
  const { body } = await generate(user.accessToken);
  const token = body.apiKey;
  const sessions = await request('GET /auth/sessions', { token: user.accessToken });
  const attempts = [
    await generate(token),
    await request('POST /auth/password', {
      token,
      body: { currentPassword: goodPassword, newPassword: 'nine loud herons' },
    }),
    await request('DELETE /auth/api-key/revoke', { token, body: { id: body.id } }),
    await request(`DELETE /auth/sessions/${sessions.body.sessions[0].id}`, { token }),
    await request('POST /auth/logout', { token }),
  ];
  for (const answer of attempts) {
    assert.equal(answer.status, 403);
    assert.equal(answer.body.code, 'auth.session_required');
  }
  assert.equal(await statusOf(user.accessToken), 200);
});

test('a key loses with its user’s role what the role allowed', async () => {
  const admin = await server.user('admin');
  const { body } = await generate(admin.accessToken);
  assert.equal((await request('GET /admin/users', { token: body.apiKey })).status, 200);
  const other = await server.admin();
  const line = `PUT /admin/users/${admin.id}/role`;
  await request(line, { token: other.accessToken, body: { role: 'viewer' } });
  assert.equal((await request('GET /admin/users', { token: body.apiKey })).status, 403);
});

test('a user has at most 100 keys, also when two are asked for at once', async () => {
  const user = await server.register();
  await world.database.execute({
    text: `insert into auth.api_key (id, user_id, name, prefix, hash, created_at)
           select gen_random_uuid(), $1, 'many', 'cds_', sha256(number::text::bytea), now()
             from generate_series(1, 99) as number`,
    values: [user.id],
  });
  const answers = await Promise.all(Array.from({ length: 4 }, () => generate(user.accessToken)));
  assert.equal(answers.filter((answer) => answer.status === 201).length, 1);
  assert.equal(answers.find((answer) => answer.status !== 201)?.body.code, 'auth.too_many_api_keys');
});

test('names and scopes of keys are checked', async () => {
  const user = await server.register();
  for (const options of [
    { name: '' },
    { name: 'x'.repeat(101) },
    { name: 'a\u0000b' },
    { scopes: [] },
    { scopes: ['Not A Namespace'] },
    { scopes: Array.from({ length: 51 }, (_, index) => `s${'x'.repeat(index % 30)}`) },
    { expiresAt: 'tomorrow' },
  ]) {
    assert.equal((await generate(user.accessToken, options)).status, 400, JSON.stringify(options));
  }
});
