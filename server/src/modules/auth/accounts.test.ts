import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { authWorld, goodPassword } from './testing/auth-world.ts';

const server = await authWorld();
after(() => server[Symbol.asyncDispose]());
const { request } = server;

test('registration answers 201 with the user and a pair of tokens that work', async () => {
  const answer = await request('POST /auth/register', {
    body: { username: 'Ada.Lovelace', password: goodPassword },
  });
  assert.equal(answer.status, 201);
  assert.equal(answer.body.user.username, 'Ada.Lovelace');
  assert.equal(answer.body.user.role, 'developer');
  assert.equal(answer.body.user.tokenBalance, 1_000_000);
  assert.equal(answer.body.expiresIn, 900);
  const me = await request('GET /auth/me', { token: answer.body.accessToken });
  assert.deepEqual(me.body, answer.body.user);
});

test('names that differ by case alone are one name', async () => {
  await server.register('Grace');
  const again = await request('POST /auth/register', { body: { username: 'gRACE', password: goodPassword } });
  assert.equal(again.status, 409);
  assert.equal(again.body.code, 'auth.username_taken');
  assert.equal((await server.login('GRACE')).status, 200);
});

test('of eight who register one name at once, one gets it', async () => {
  const answers = await Promise.all(
    Array.from({ length: 8 }, () =>
      request('POST /auth/register', { body: { username: 'contested', password: goodPassword } }),
    ),
  );
  assert.equal(answers.filter((answer) => answer.status === 201).length, 1);
  assert.equal(answers.filter((answer) => answer.status === 409).length, 7);
});

test('names are plain: letters, digits, dots, hyphens and underscores', async () => {
  for (const username of [
    'a',
    ' ada',
    'ada ',
    '.ada',
    'ada-',
    'a b',
    'аda',
    'ada\u0000',
    'a@b',
    'x'.repeat(65),
  ]) {
    const answer = await request('POST /auth/register', { body: { username, password: goodPassword } });
    assert.equal(answer.status, 400, JSON.stringify(username));
    assert.equal(answer.body.code, 'auth.username_invalid', JSON.stringify(username));
    assert.equal(answer.body.field, 'username');
  }
});

test('a name of a megabyte is refused by its length, at registration and at sign-in', async () => {
  const body = { username: 'x'.repeat(1_048_576), password: goodPassword };
  for (const line of ['POST /auth/register', 'POST /auth/login']) {
    const answer = await request(line, { body });
    assert.equal(answer.status, 400);
    assert.equal(answer.body.code, 'common.invalid_params');
    assert.equal(answer.body.field, 'username');
    assert.ok(JSON.stringify(answer.body).length < 2_000);
  }
});

test('what is no name or no password by its type is refused, and so is an unknown field', async () => {
  for (const body of [
    {},
    { username: 'typed' },
    { username: 1, password: goodPassword },
    { username: ['typed'], password: goodPassword },
    { username: 'typed', password: { $ne: null } },
    { username: 'typed', password: goodPassword, role: 'admin' },
  ]) {
    assert.equal((await request('POST /auth/register', { body })).body.code, 'common.invalid_params');
  }
});

test('a refusal is told in the reader’s language', async () => {
  const body = { username: 'kurz', password: 'zu kurz' };
  const answer = await request('POST /auth/register', { body, headers: { 'accept-language': 'de' } });
  assert.equal(answer.body.detail, 'Das Passwort hat weniger als 10 Zeichen.');
  assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/);
});

test('the starting balance is credited also after a crash between account and credit', async () => {
  const { id, accessToken } = await server.register();
  await server.world.database.execute({
    text: `insert into auth.users (id, username, username_key, password_hash, role, created_at, opening_tokens)
           select $1, 'crashed', 'crashed', password_hash, role, created_at, 777 from auth.users where id = $2`,
    values: ['00000000-0000-7000-8000-000000000001', id],
  });
  const { createOpenings } = await import('./openings.ts');
  const { ledgerContract } = await import('#modules/ledger/contract.ts');
  const openings = createOpenings({
    database: server.world.database,
    ledger: server.world.client(ledgerContract),
    usual: 0,
    call: () => server.world.call(null),
  });
  await openings.recover();
  await openings.recover();
  const balances = await openings.balances(['00000000-0000-7000-8000-000000000001']);
  assert.deepEqual(Object.values(balances), [777]);
  assert.equal((await request('GET /auth/me', { token: accessToken })).body.tokenBalance, 1_000_000);
});
