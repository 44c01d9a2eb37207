import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { authWorld, goodPassword } from './testing/auth-world.ts';

const server = await authWorld();
after(() => server[Symbol.asyncDispose]());
const { request } = server;
const dayMs = 24 * 3_600_000;

const refresh = (refreshToken: string) => request('POST /auth/refresh', { body: { refreshToken } });

test('a refresh token brings a new pair, and both access tokens belong to the session', async () => {
  const user = await server.register();
  const answer = await refresh(user.refreshToken);
  assert.equal(answer.status, 200);
  assert.notEqual(answer.body.refreshToken, user.refreshToken);
  assert.equal(await server.statusOf(answer.body.accessToken), 200);
  assert.equal(await server.statusOf(user.accessToken), 200);
});

test('the second use of a refresh token ends the whole family, the thief’s and the victim’s', async () => {
  const user = await server.register();
  const { body: next } = await refresh(user.refreshToken);
  const reused = await refresh(user.refreshToken);
  assert.equal(reused.status, 401);
  assert.equal(reused.body.code, 'auth.refresh_invalid');
  assert.equal((await refresh(next.refreshToken)).status, 401);
  assert.equal(await server.statusOf(next.accessToken), 401);
  assert.equal(await server.statusOf(user.accessToken), 401);
  const told = (await server.events('auth.refresh_reused')).filter((event) => event.userId === user.id);
  assert.equal(told.length, 1);
});

test('another session of the same user survives the end of a family', async () => {
  const user = await server.register();
  const other = await server.login(user.username);
  await refresh(user.refreshToken);
  await refresh(user.refreshToken);
  assert.equal(await server.statusOf(other.body.accessToken), 200);
});

test('of ten exchanges of one token at once at most one succeeds, and the session is over', async () => {
  const user = await server.register();
  const answers = await Promise.all(Array.from({ length: 10 }, () => refresh(user.refreshToken)));
  assert.ok(answers.filter((answer) => answer.status === 200).length <= 1);
  assert.equal(await server.statusOf(user.accessToken), 401);
});

test('what is no refresh token is 401, and an absurdly long one is refused by its length', async () => {
  const { accessToken } = await server.register();
  for (const token of ['cdr_invented', accessToken, 'x']) assert.equal((await refresh(token)).status, 401);
  assert.equal((await request('POST /auth/refresh', { body: {} })).status, 401);
  assert.equal((await refresh('x'.repeat(5_000))).status, 400);
});

test('refresh tokens are stored as hashes', async () => {
  const { refreshToken } = await server.register();
  const [row] = await server.world.database.query<{ text: string }>({
    text: `select string_agg(refresh_token::text, ' ') as text from auth.refresh_token`,
  });
  assert.ok(!row?.text.includes(Buffer.from(refreshToken).toString('hex')));
  assert.ok(!row?.text.includes(refreshToken));
});

test('signing out ends access and refresh at once', async () => {
  const user = await server.register();
  const answer = await request('POST /auth/logout', { token: user.accessToken });
  assert.equal(answer.status, 204);
  assert.equal(await server.statusOf(user.accessToken), 401);
  assert.equal((await refresh(user.refreshToken)).status, 401);
});

test('a session lives 30 days from its last use', async () => {
  const user = await server.register();
  server.world.clock.advance(29 * dayMs);
  const kept = await refresh(user.refreshToken);
  assert.equal(kept.status, 200);
  server.world.clock.advance(29 * dayMs);
  const again = await refresh(kept.body.refreshToken);
  assert.equal(again.status, 200);
  server.world.clock.advance(31 * dayMs);
  assert.equal((await refresh(again.body.refreshToken)).status, 401);
});

test('users see where they are signed in, and end one of these sessions', async () => {
  const user = await server.register();
  const other = await server.login(user.username);
  const { body } = await request('GET /auth/sessions', { token: user.accessToken });
  assert.equal(body.sessions.length, 2);
  assert.equal(body.sessions.filter((session: { current: boolean }) => session.current).length, 1);
  const foreign = body.sessions.find((session: { current: boolean }) => !session.current);
  assert.equal(
    (await request(`DELETE /auth/sessions/${foreign.id}`, { token: user.accessToken })).status,
    204,
  );
  assert.equal(await server.statusOf(other.body.accessToken), 401);
  assert.equal(await server.statusOf(user.accessToken), 200);
});

test('nobody ends the session of somebody else, or learns that there is one', async () => {
  const [victim, attacker] = [await server.register(), await server.register()];
  const { body } = await request('GET /auth/sessions', { token: victim.accessToken });
  const line = `DELETE /auth/sessions/${body.sessions[0].id}`;
  assert.equal((await request(line, { token: attacker.accessToken })).status, 404);
  await request('POST /auth/logout', {
    token: attacker.accessToken,
    body: { refreshToken: victim.refreshToken },
  });
  assert.equal(await server.statusOf(victim.accessToken), 200);
});

test('a changed password ends every other session and keeps this one', async () => {
  const user = await server.register();
  const other = await server.login(user.username);
  const body = { currentPassword: goodPassword, newPassword: 'nine loud herons' };
  assert.equal((await request('POST /auth/password', { token: user.accessToken, body })).status, 204);
  assert.equal(await server.statusOf(user.accessToken), 200);
  assert.equal((await refresh(user.refreshToken)).status, 200);
  assert.equal(await server.statusOf(other.body.accessToken), 401);
  assert.equal((await refresh(other.body.refreshToken)).status, 401);
  assert.equal((await server.login(user.username)).status, 401);
  assert.equal((await server.login(user.username, 'nine loud herons')).status, 200);
});

test('a password is changed by whoever knows the old one, and to a good one', async () => {
  const { accessToken: token, username } = await server.register();
  const change = (currentPassword: string, newPassword: string) =>
    request('POST /auth/password', { token, body: { currentPassword, newPassword } });
  assert.equal((await change('not the old one', 'nine loud herons')).body.code, 'auth.invalid_credentials');
  assert.equal((await change(goodPassword, 'password123')).body.code, 'auth.password_common');
  assert.equal((await server.login(username)).status, 200);
});

test('guessing the old password by way of a stolen session is delayed like guessing at sign-in', async () => {
  const { accessToken: token } = await server.register();
  const body = { currentPassword: 'a wrong guess', newPassword: 'nine loud herons' };
  let answer = await request('POST /auth/password', { token, body });
  for (let index = 0; index < 20 && answer.status === 401; index += 1) {
    answer = await request('POST /auth/password', { token, body });
  }
  assert.equal(answer.status, 429);
});

test('a browser gets its tokens as cookies it can’t read, renews and ends the session with them', async () => {
  const browser = { 'x-cds-session': 'cookie' };
  const body = { username: 'in-a-browser', password: goodPassword };
  const registered = await request('POST /auth/register', { body, headers: browser });
  assert.equal(registered.body.accessToken, undefined);
  assert.equal(registered.body.refreshToken, undefined);
  const cookies = registered.headers.getSetCookie();
  for (const name of ['cds_session', 'cds_refresh']) {
    const cookie = cookies.find((text) => text.startsWith(`${name}=`)) ?? '';
    assert.match(cookie, /HttpOnly/);
    assert.match(cookie, /SameSite=Strict/);
  }
  const jar = (set: string[]) => set.map((text) => text.split(';', 1)[0]).join('; ');
  const csrf = /cds_csrf=([^;]+)/.exec(cookies.join('\n'))?.[1] ?? '';
  assert.equal((await request('GET /auth/me', { headers: { cookie: jar(cookies) } })).status, 200);

  const renewed = await request('POST /auth/refresh', {
    body: {},
    headers: { ...browser, cookie: jar(cookies) },
  });
  assert.equal(renewed.status, 200);
  const fresh = jar(renewed.headers.getSetCookie());
  assert.equal((await request('POST /auth/logout', { headers: { cookie: fresh } })).status, 403);
  const out = await request('POST /auth/logout', { headers: { cookie: fresh, 'x-cds-csrf': csrf } });
  assert.equal(out.status, 204);
  assert.equal((await request('GET /auth/me', { headers: { cookie: fresh } })).status, 401);
});

test('a script in a page cannot have the refresh cookie exchanged for tokens that it can read', async () => {
  const body = { username: 'scripted', password: goodPassword };
  const registered = await request('POST /auth/register', { body, headers: { 'x-cds-session': 'cookie' } });
  const cookie = registered.headers
    .getSetCookie()
    .map((text) => text.split(';', 1)[0])
    .join('; ');
  const renewed = await request('POST /auth/refresh', { body: {}, headers: { cookie } });
  assert.equal(renewed.status, 200);
  assert.deepEqual(Object.keys(renewed.body).toSorted(), ['expiresIn', 'refreshExpiresIn']);
  assert.match(renewed.headers.getSetCookie().join('\n'), /cds_refresh=cdr_[^;]+; .*HttpOnly/);
});

test('a browser keeps its refresh cookie for as long as the setting lets a session live', async () => {
  await using short = await authWorld({ CDS_AUTH_SESSION_DAYS: '2' });
  const headers = { 'x-cds-session': 'cookie' };
  const body = { username: 'for-two-days', password: goodPassword };
  const registered = await short.request('POST /auth/register', { body, headers });
  const cookie = registered.headers.getSetCookie();
  const renewed = await short.request('POST /auth/refresh', {
    body: {},
    headers: { ...headers, cookie: cookie.map((text) => text.split(';', 1)[0]).join('; ') },
  });
  for (const answer of [registered, renewed]) {
    assert.equal(answer.body.refreshExpiresIn, (2 * dayMs) / 1_000);
    const set = answer.headers.getSetCookie();
    for (const name of ['cds_refresh', 'cds_csrf'])
      assert.match(set.find((text) => text.startsWith(`${name}=`)) ?? '', /; Max-Age=172800;/);
  }
});
