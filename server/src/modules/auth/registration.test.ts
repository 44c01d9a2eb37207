import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { authWorld, goodPassword } from './testing/auth-world.ts';

const server = await authWorld({ CDS_REGISTRATION: 'invite' });
after(() => server[Symbol.asyncDispose]());
const { request } = server;

const admin = await server.admin();
let count = 0;

function register(inviteCode?: string) {
  count += 1;
  const body = { username: `guest-${count}`, password: goodPassword, inviteCode };
  return request('POST /auth/register', { body });
}

async function invite(options: Record<string, unknown> = {}) {
  const answer = await request('POST /admin/invites', { token: admin.accessToken, body: options });
  assert.equal(answer.status, 201);
  return answer.body;
}

test('where an invitation is needed, registration without one is refused', async () => {
  const answer = await register();
  assert.equal(answer.status, 403);
  assert.equal(answer.body.code, 'auth.invite_needed');
});

test('an invitation works as often as it says, and gives its role', async () => {
  const { inviteCode, prefix } = await invite({ role: 'viewer', uses: 2 });
  assert.ok(inviteCode.startsWith(prefix));
  const first = await register(inviteCode);
  assert.equal(first.status, 201);
  assert.equal(first.body.user.role, 'viewer');
  assert.equal((await register(inviteCode)).status, 201);
  assert.equal((await register(inviteCode)).body.code, 'auth.invite_invalid');
});

test('of five who use a single invitation at once, one gets in', async () => {
  const { inviteCode } = await invite();
  const answers = await Promise.all(Array.from({ length: 5 }, () => register(inviteCode)));
  assert.equal(answers.filter((answer) => answer.status === 201).length, 1);
});

test('a registration that fails leaves the invitation as it was', async () => {
  const { inviteCode } = await invite();
  const body = { username: 'admin', password: goodPassword, inviteCode };
  assert.equal((await request('POST /auth/register', { body })).body.code, 'auth.username_taken');
  assert.equal((await register(inviteCode)).status, 201);
});

test('an invented, a withdrawn and an old invitation are refused alike', async () => {
  const withdrawn = await invite();
  const listed = await request('GET /admin/invites', { token: admin.accessToken });
  assert.ok(listed.body.invites.some((entry: { id: string }) => entry.id === withdrawn.id));
  assert.ok(!JSON.stringify(listed.body).includes(withdrawn.inviteCode));
  await request(`DELETE /admin/invites/${withdrawn.id}`, { token: admin.accessToken });
  const old = await invite({ lifetimeHours: 1 });
  server.world.clock.advance(3_600_000);
  for (const code of ['cdi_invented', withdrawn.inviteCode, old.inviteCode]) {
    assert.equal((await register(code)).body.code, 'auth.invite_invalid');
  }
});

test('only administrators invite', async () => {
  const developer = await server.user('developer');
  const answer = await request('POST /admin/invites', { token: developer.accessToken, body: {} });
  assert.equal(answer.status, 403);
});

test('where registration is closed, an invitation does not help, and administrators still make accounts', async () => {
  await using closed = await authWorld({ CDS_REGISTRATION: 'closed' });
  const { accessToken } = await closed.admin();
  const { body: made } = await closed.request('POST /admin/invites', { token: accessToken, body: {} });
  const answer = await closed.request('POST /auth/register', {
    body: { username: 'guest', password: goodPassword, inviteCode: made.inviteCode },
  });
  assert.equal(answer.status, 403);
  assert.equal(answer.body.code, 'auth.registration_closed');
  const created = await closed.request('POST /admin/users', {
    token: accessToken,
    body: { username: 'member', password: goodPassword, role: 'viewer', tokenBalance: 5 },
  });
  assert.equal(created.status, 201);
  assert.equal(created.body.tokenBalance, 5);
  assert.equal((await closed.request('GET /auth/status')).body.registration, 'closed');
});
