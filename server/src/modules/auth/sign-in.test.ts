import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { authWorld, goodPassword } from './testing/auth-world.ts';

const server = await authWorld({ CDS_AUTH_SIGN_INS_PER_ADDRESS: '100000' });
after(() => server[Symbol.asyncDispose]());
const { request } = server;

test('a wrong password and an unknown user are told apart by nothing', async () => {
  const { username } = await server.register();
  const wrong = await server.login(username, 'not the password');
  const unknown = await server.login('nobody-here', 'not the password');
  const same = ({ body }: { body: Record<string, unknown> }) => ({ ...body, traceId: '' });
  assert.equal(wrong.status, 401);
  assert.deepEqual(same(wrong), same(unknown));
  assert.equal(wrong.body.code, 'auth.invalid_credentials');
});

test('an unknown user takes as long as a wrong password', async () => {
  const { username } = await server.register();
  const cpuOf = async (name: string) => {
    const before = process.cpuUsage();
    await server.login(name, 'not the password');
    const used = process.cpuUsage(before);
    return used.user + used.system;
  };
  const median = (figures: number[]) => figures.sort((a, b) => a - b)[Math.floor(figures.length / 2)] ?? 0;
  const known: number[] = [];
  const unknown: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    known.push(await cpuOf(username));
    unknown.push(await cpuOf('nobody-at-all'));
  }
  // CPU time of one argon2 hash dominates both; without one for unknown users the ratio would be about a tenth.
  const ratio = median(unknown) / median(known);
  assert.ok(ratio > 0.5 && ratio < 2, `ratio ${ratio}`);
});

test('the same password typed on keyboards that compose accents differently is the same', async () => {
  const password = 'Überquellend schöne Wörter';
  const body = { username: 'umlaut', password: password.normalize('NFD') };
  assert.equal((await request('POST /auth/register', { body })).status, 201);
  assert.equal((await server.login('umlaut', password.normalize('NFC'))).status, 200);
});

test('a long password counts to its last character', async () => {
  const long = `${'long password '.repeat(18)}!`;
  const body = { username: 'long-password', password: long };
  assert.equal((await request('POST /auth/register', { body })).status, 201);
  assert.equal((await server.login('long-password', `${long.slice(0, -1)}?`)).status, 401);
  assert.equal((await server.login('long-password', long)).status, 200);
});

test('passwords are stored as argon2id and nowhere else', async () => {
  const { id } = await server.register();
  const [row] = await server.world.database.query<{ password_hash: string; whole: string }>({
    text: 'select password_hash, users::text as whole from auth.users where id = $1',
    values: [id],
  });
  assert.match(row?.password_hash ?? '', /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  assert.ok(!row?.whole.includes(goodPassword));
});

test('a hash with the costs of former days is renewed at the next sign-in', async () => {
  const { hash } = await import('@node-rs/argon2');
  const { id, username } = await server.register();
  const old = await hash(goodPassword, { algorithm: 2, memoryCost: 8_192, timeCost: 1, parallelism: 1 });
  const { database } = server.world;
  await database.execute({
    text: 'update auth.users set password_hash = $2 where id = $1',
    values: [id, old],
  });
  assert.equal((await server.login(username)).status, 200);
  const [row] = await database.query<{ password_hash: string }>({
    text: 'select password_hash from auth.users where id = $1',
    values: [id],
  });
  assert.match(row?.password_hash ?? '', /m=19456,t=2/);
  assert.equal((await server.login(username)).status, 200);
});

test('a sign-in and a failure are events; neither holds name or password', async () => {
  const { id, username } = await server.register();
  await server.login(username, 'my secret typo');
  const failed = (await server.events('auth.sign_in_failed')).filter((event) => event.userId === id);
  const succeeded = (await server.events('auth.signed_in')).filter((event) => event.userId === id);
  assert.equal(failed.length, 1);
  assert.equal(succeeded.length, 1);
  assert.equal(failed[0]?.address, '127.0.0.1');
  const { rows } = await allText();
  assert.ok(!rows.includes('my secret typo'));
  assert.ok(!rows.includes(username));
});

async function allText(): Promise<{ rows: string }> {
  const [row] = await server.world.database.query<{ rows: string }>({
    text: `select string_agg(payload::text, ' ') as rows from kernel.event`,
  });
  return { rows: row?.rows ?? '' };
}

test('signing in to a form that sends hostile types ends in a refusal, never in a failure', async () => {
  for (const [username, password] of [
    ["' or 1=1 --", goodPassword],
    ['admin\u0000', goodPassword],
    ['\ud800', goodPassword],
    ['admin', '\u0000'.repeat(20)],
    ['__proto__', 'constructor'],
  ] as const) {
    const answer = await server.login(username, password);
    assert.equal(answer.status, 401, JSON.stringify(username));
    assert.equal(answer.body.code, 'auth.invalid_credentials');
  }
});

test('the status page tells what a sign-in form needs, and no path', async () => {
  const { body } = await request('GET /auth/status');
  assert.equal(body.registration, 'open');
  assert.equal(body.firstRun, false);
  assert.equal(body.firstAdmin, null);
  assert.equal(body.firstPasswordFile, null);
  assert.equal(body.minimumPasswordLength, 10);
  assert.match(body.version, /^\d+\.\d+\.\d+/);
});
