import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto';
import test, { after } from 'node:test';
import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify, SignJWT } from 'jose';
import { authWorld } from './testing/auth-world.ts';

const server = await authWorld();
after(() => server[Symbol.asyncDispose]());
const { request, statusOf, world } = server;
const user = await server.register();
const [header = '', payload = '', signature = ''] = user.accessToken.split('.');
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const kid = String(decodeProtectedHeader(user.accessToken).kid);
const claims = decodeJwt(user.accessToken);

async function signedWith(key: KeyObject | Uint8Array, alg: string, keyId: string = kid): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg, typ: 'JWT', kid: keyId }).sign(key);
}

test('a token carries who, in which role, and until when: 15 minutes', () => {
  assert.equal(claims.sub, user.id);
  assert.equal(claims.username, user.username);
  assert.equal(claims.role, 'developer');
  assert.ok(claims.jti);
  assert.equal((claims.exp ?? 0) - (claims.iat ?? 0), 900);
  assert.equal(decodeProtectedHeader(user.accessToken).alg, 'EdDSA');
});

test('others can verify a token with the published keys alone', async () => {
  const keys = createRemoteJWKSet(new URL('/.well-known/jwks.json', world.url));
  const verified = await jwtVerify(user.accessToken, keys, { algorithms: ['EdDSA'] });
  assert.equal(verified.payload.sub, user.id);
  const { body } = await request('GET /.well-known/jwks.json');
  assert.deepEqual(Object.keys(body.keys[0]).sort(), ['alg', 'crv', 'kid', 'kty', 'use', 'x']);
});

test('no signature is no token: alg none in every spelling', async () => {
  for (const alg of ['none', 'None', 'NONE', 'nOnE', '']) {
    const unsigned = `${encode({ alg, typ: 'JWT', kid })}.${payload}.`;
    assert.equal(await statusOf(unsigned), 401, alg);
    assert.equal(await statusOf(`${unsigned}${signature}`), 401, alg);
  }
});

test('the public key is no secret to sign with: HS256 with it is refused', async () => {
  const { body } = await request('GET /.well-known/jwks.json');
  const publicBytes = Buffer.from(body.keys[0].x, 'base64url');
  for (const secret of [
    publicBytes,
    Buffer.from(JSON.stringify(body.keys[0])),
    Buffer.from(body.keys[0].x),
  ]) {
    const head = encode({ alg: 'HS256', typ: 'JWT', kid });
    const mac = createHmac('sha256', secret).update(`${head}.${payload}`).digest('base64url');
    assert.equal(await statusOf(`${head}.${payload}.${mac}`), 401);
  }
});

test('a foreign key is refused, under its own id, under ours, and without one', async () => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const foreign = [
    await signedWith(privateKey, 'EdDSA', 'foreign'),
    await signedWith(privateKey, 'EdDSA'),
    await new SignJWT(claims).setProtectedHeader({ alg: 'EdDSA', typ: 'JWT' }).sign(privateKey),
    await signedWith(privateKey, 'EdDSA', '../../../dev/null'),
    await signedWith(privateKey, 'EdDSA', "' union select 1 --"),
  ];
  for (const token of foreign) assert.equal(await statusOf(token), 401);
});

test('keys that a token brings along are not looked at', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const jwk = publicKey.export({ format: 'jwk' });
  for (const extra of [{ jwk }, { jku: `${world.url}/keys` }, { x5u: `${world.url}/keys` }]) {
    const token = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'EdDSA', typ: 'JWT', kid, ...extra })
      .sign(privateKey);
    assert.equal(await statusOf(token), 401);
  }
});

test('another algorithm is refused, also with a key of its own kind', async () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  assert.equal(await statusOf(await signedWith(rsa, 'RS256')), 401);
  assert.equal(await statusOf(await signedWith(ec, 'ES256')), 401);
});

test('a changed claim, header or signature makes a token void', async () => {
  const promoted = encode({ ...claims, role: 'admin' });
  const flipped = Buffer.from(signature, 'base64url');
  flipped[0] = (flipped[0] ?? 0) ^ 1;
  for (const token of [
    `${header}.${promoted}.${signature}`,
    `${encode({ alg: 'EdDSA', typ: 'JWT', kid, extra: 1 })}.${payload}.${signature}`,
    `${header}.${payload}.${flipped.toString('base64url')}`,
    `${header}.${payload}`,
    `${header}.${payload}.`,
    `${header}.${payload}.${signature}.${signature}`,
    `${header}.${payload}.${signature.slice(0, -4)}`,
  ]) {
    assert.equal(await statusOf(token), 401, token);
  }
});

test('text that is no token at all is 401 and nothing worse', async () => {
  for (const text of [
    '',
    'x',
    '..',
    'null',
    'a.b.c',
    'Bearer',
    'cds_',
    `cds_${'x'.repeat(43)}`,
    '%00',
    '💥',
    'é',
  ]) {
    const headers = { authorization: Buffer.from(`Bearer ${text}`).toString('latin1') };
    assert.equal((await request('GET /auth/me', { headers })).status, 401, text);
  }
  assert.equal(await statusOf('x'.repeat(12_000)), 401);
  for (const authorization of ['Basic YWRtaW46YWRtaW4=', 'bearer x', 'Token x']) {
    assert.equal((await request('GET /auth/me', { headers: { authorization } })).status, 401);
  }
});

test('without any credential it is 401', async () => {
  const answer = await request('GET /auth/me');
  assert.equal(answer.status, 401);
  assert.equal(answer.body.code, 'common.unauthenticated');
});

test('a token without a session of its user is void, whoever signed it', async () => {
  const [other] = [await server.register()];
  const { accessToken } = other;
  await world.database.execute({
    text: 'delete from auth.session where user_id = $1',
    values: [other.id],
  });
  assert.equal(await statusOf(accessToken), 401);
});

test('a token ends with its time, on the second', async () => {
  const fresh = await server.login(user.username);
  assert.equal(await statusOf(fresh.body.accessToken), 200);
  world.clock.advance(901_000);
  assert.equal(await statusOf(fresh.body.accessToken), 401);
});

test('a life of over a day is refused at the start', async () => {
  await assert.rejects(authWorld({ CDS_AUTH_ACCESS_TOKEN_SECONDS: '86401' }), (error) => {
    assert.match(JSON.stringify(error), /CDS_AUTH_ACCESS_TOKEN_SECONDS/);
    return true;
  });
});
