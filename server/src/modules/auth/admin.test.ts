import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import test, { after } from 'node:test';
import { ledgerContract } from '#modules/ledger/contract.ts';
import { authWorld, goodPassword } from './testing/auth-world.ts';

const server = await authWorld({ CDS_AUTH_SIGN_INS_PER_ADDRESS: '100000' });
after(() => server[Symbol.asyncDispose]());
const { request, statusOf, world } = server;
const { accessToken: token, id: adminId } = await server.admin();

test('developers and viewers reach nothing of what is for administrators', async () => {
  const victim = await server.register();
  const lines: [string, unknown?][] = [
    ['GET /admin/users'],
    ['POST /admin/users', { username: 'made', password: goodPassword }],
    [`PUT /admin/users/${victim.id}/balance`, { balance: 1 }],
    [`PUT /admin/users/${victim.id}/role`, { role: 'admin' }],
    [`PUT /admin/users/${victim.id}/password`, { password: goodPassword }],
    [`DELETE /admin/users/${victim.id}`],
    [`GET /admin/users/${victim.id}/usage`],
    [`GET /admin/users/${victim.id}/history`],
    [`GET /admin/users/${victim.id}/budgets`],
    [`PUT /admin/users/${victim.id}/budgets`, { period: 'day', limitTokens: 1 }],
    ['GET /admin/invites'],
    ['POST /admin/invites', {}],
    [`DELETE /admin/invites/${randomUUID()}`],
  ];
  for (const role of ['viewer', 'developer'] as const) {
    const user = await server.user(role);
    for (const [line, body] of lines) {
      assert.equal((await request(line, { token: user.accessToken, body })).status, 403, `${role} ${line}`);
      assert.equal((await request(line, { body })).status, 401, line);
    }
  }
});

test('users are listed newest first, page by page, and found by a part of their name', async () => {
  const names = ['listed-a', 'listed-b', 'LISTED-c'];
  for (const name of names) await server.register(name);
  const first = await request('GET /admin/users?query=Listed&limit=2', { token });
  assert.deepEqual(
    first.body.users.map((user: { username: string }) => user.username),
    ['LISTED-c', 'listed-b'],
  );
  const second = await request(`GET /admin/users?query=listed&limit=2&cursor=${first.body.nextCursor}`, {
    token,
  });
  assert.deepEqual(
    second.body.users.map((user: { username: string }) => user.username),
    ['listed-a'],
  );
  assert.equal(second.body.nextCursor, null);
  assert.equal((await request('GET /admin/users?query=%25', { token })).body.users.length, 0);
  assert.equal((await request('GET /admin/users?query=%00', { token })).body.users.length, 0);
  assert.equal((await request('GET /admin/users?limit=100000', { token })).status, 400);
});

test('no list and no answer tells a password hash', async () => {
  const { body } = await request('GET /admin/users', { token });
  assert.ok(!JSON.stringify(body).includes('argon2'));
});

test('a balance is set or changed, and every change is a row of the ledger', async () => {
  const user = await server.register();
  const put = (body: unknown) => request(`PUT /admin/users/${user.id}/balance`, { token, body });
  assert.deepEqual((await put({ balance: 500 })).body, { id: user.id, tokenBalance: 500 });
  assert.equal((await put({ delta: -200, reason: 'used elsewhere' })).body.tokenBalance, 300);
  assert.equal((await put({ delta: -301 })).status, 402);
  const { body } = await request(`GET /admin/users/${user.id}/history`, { token });
  assert.deepEqual(
    body.entries.map((entry: Record<string, unknown>) => [entry.tokens, entry.reason, entry.actorId]),
    [
      [-200, 'used elsewhere', adminId],
      [-999_500, '', adminId],
      [1_000_000, 'opening', null],
    ],
  );
  assert.equal((await request('GET /auth/me', { token: user.accessToken })).body.tokenBalance, 300);
});

test('a change of balance that is sent twice with one key counts once', async () => {
  const user = await server.register();
  const body = { delta: 10, idempotencyKey: 'bonus-1' };
  for (let index = 0; index < 3; index += 1) {
    const answer = await request(`PUT /admin/users/${user.id}/balance`, { token, body });
    assert.equal(answer.body.tokenBalance, 1_000_010);
  }
});

test('a balance is one whole number or one change, never both, neither, or half', async () => {
  const user = await server.register();
  for (const body of [
    {},
    { balance: 1, delta: 1 },
    { balance: -1 },
    { balance: 0.5 },
    { delta: '5' },
    { balance: 1e300 },
  ]) {
    const answer = await request(`PUT /admin/users/${user.id}/balance`, { token, body });
    assert.equal(answer.status, 400, JSON.stringify(body));
  }
});

test('what is for nobody is 404, what is no id is 400', async () => {
  const nobody = randomUUID();
  for (const [line, body] of [
    [`PUT /admin/users/${nobody}/balance`, { balance: 1 }],
    [`PUT /admin/users/${nobody}/role`, { role: 'viewer' }],
    [`PUT /admin/users/${nobody}/password`, { password: goodPassword }],
    [`DELETE /admin/users/${nobody}`, undefined],
  ] as const) {
    assert.equal((await request(line, { token, body })).body.code, 'auth.user_unknown', line);
  }
  assert.equal((await request('DELETE /admin/users/none', { token })).status, 400);
  assert.equal((await request('GET /admin/users/%00/usage', { token })).status, 400);
});

test('a new role holds with the next request, for tokens that are out already', async () => {
  const user = await server.register();
  assert.equal((await request('GET /admin/users', { token: user.accessToken })).status, 403);
  const answer = await request(`PUT /admin/users/${user.id}/role`, { token, body: { role: 'admin' } });
  assert.equal(answer.body.role, 'admin');
  assert.equal((await request('GET /admin/users', { token: user.accessToken })).status, 200);
  await request(`PUT /admin/users/${user.id}/role`, { token, body: { role: 'viewer' } });
  assert.equal((await request('GET /admin/users', { token: user.accessToken })).status, 403);
  assert.equal(
    (await request(`PUT /admin/users/${user.id}/role`, { token, body: { role: 'root' } })).status,
    400,
  );
});

test('deleting a user ends tokens, keys and refresh at once; usage stays, without the name', async () => {
  const user = await server.register('soon-forgotten');
  const key = await request('POST /auth/api-key/generate', {
    token: user.accessToken,
    body: { name: 'key' },
  });
  const client = world.client(ledgerContract);
  const service = world.call(null);
  const { reservationId } = await client.call(
    'ledger.reserve',
    {
      requestId: 'last',
      userId: user.id,
      model: 'coder',
      endpoint: '/v1/chat/completions',
      promptTokens: 10,
      maxCompletionTokens: 10,
    },
    service,
  );
  assert.equal(await statusOf(key.body.apiKey), 200);

  assert.equal((await request(`DELETE /admin/users/${user.id}`, { token })).status, 204);

  assert.equal(await statusOf(user.accessToken), 401);
  assert.equal(await statusOf(key.body.apiKey), 401);
  const body = { refreshToken: user.refreshToken };
  assert.equal((await request('POST /auth/refresh', { body })).status, 401);
  assert.equal((await server.login('soon-forgotten')).status, 401);
  await client.call('ledger.settle', { reservationId, promptTokens: 10, completionTokens: 5 }, service);
  const usage = await request(`GET /admin/users/${user.id}/usage?groupBy=model`, { token });
  assert.equal(usage.body.total.chargedTokens, 15);
  assert.ok(!JSON.stringify(usage.body).includes('soon-forgotten'));
  const [left] = await world.database.query<{ text: string | null }>({
    text: `select string_agg(event::text, ' ') as text from kernel.event as event`,
  });
  assert.ok(!left?.text?.includes('soon-forgotten'));
  assert.equal(
    (await request('POST /auth/register', { body: { username: 'soon-forgotten', password: goodPassword } }))
      .status,
    201,
  );
});

test('an administrator gives a forgotten password anew, which ends all sessions', async () => {
  const user = await server.register();
  const line = `PUT /admin/users/${user.id}/password`;
  assert.equal((await request(line, { token, body: { password: 'too short' } })).status, 400);
  assert.equal((await request(line, { token, body: { password: 'nine loud herons' } })).status, 204);
  assert.equal(await statusOf(user.accessToken), 401);
  assert.equal((await server.login(user.username, 'nine loud herons')).status, 200);
});

test('the last administrator is neither demoted nor deleted', async () => {
  const line = `/admin/users/${adminId}`;
  const demoted = await request(`PUT ${line}/role`, { token, body: { role: 'developer' } });
  assert.equal(demoted.status, 409);
  assert.equal(demoted.body.code, 'auth.last_admin');
  assert.equal((await request(`DELETE ${line}`, { token })).body.code, 'auth.last_admin');
  assert.equal((await request(`PUT ${line}/role`, { token, body: { role: 'admin' } })).status, 200);
});

test('administrators who demote or delete one another at once leave one in office', async () => {
  await using race = await authWorld();
  const first = await race.admin();
  const others = [await race.user('admin'), await race.user('admin'), await race.user('admin')];
  const all = [first, ...others];
  const answers = await Promise.all(
    all.map((target, index) => {
      const by = all[(index + 1) % all.length]?.accessToken ?? '';
      return index % 2 === 0
        ? race.request(`DELETE /admin/users/${target.id}`, { token: by })
        : race.request(`PUT /admin/users/${target.id}/role`, { token: by, body: { role: 'viewer' } });
    }),
  );
  const [row] = await race.world.database.query<{ count: bigint }>({
    text: `select count(*) from auth.users where role = 'admin'`,
  });
  assert.ok((row?.count ?? 0n) >= 1n, JSON.stringify(answers.map((answer) => answer.status)));
});
