import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import test, { after, before } from 'node:test';
import { cookieNames, csrfTokenOf } from '#kernel/http/cookies.ts';
import { eventually } from '#kernel/testing/eventually.ts';
import { type RpcMessage, type TestGateway, testGateway } from './testing.ts';

let gateway: TestGateway;
before(async () => {
  gateway = await testGateway({ CDS_RATE_EXECUTE_BURST: '2', CDS_RATE_EXECUTE_PER_SECOND: '0.01' });
});
after(() => gateway[Symbol.asyncDispose]());

const echo = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'probe.echo', params: { value: 1 } });

/** A POST with headers that fetch would not let through. */
async function rawPost(
  headers: Record<string, string>,
  body = echo,
): Promise<{ status: number; body: string }> {
  const outgoing = request(`${gateway.world.url}/rpc`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer developer.ada', ...headers },
  });
  outgoing.end(body);
  const [response] = await once(outgoing, 'response');
  let text = '';
  for await (const chunk of response) text += chunk;
  return { status: response.statusCode, body: text };
}

test('without a credential only public methods answer; a wrong one is told apart from none', async () => {
  const code = async (method: string, token: string | null) =>
    (await gateway.rpc(method, {}, { token })).error?.code;
  assert.equal(await code('probe.public', null), undefined);
  assert.equal(await code('probe.echo', null), -32001);
  assert.equal(await code('probe.echo', 'nonsense'), -32001);
  assert.equal(await code('probe.public', 'nonsense'), undefined);
  const batch = `[${echo},${JSON.stringify({ jsonrpc: '2.0', id: 2, method: 'probe.public' })}]`;
  const answers = (await (await gateway.post(batch, { token: 'nonsense' })).json()) as RpcMessage[];
  assert.equal(answers.find((answer) => answer.id === 1)?.error?.code, -32001);
  assert.deepEqual(answers.find((answer) => answer.id === 2)?.result, { length: 0, user: null });
});

test('roles and the scopes of a key are held', async () => {
  const code = async (method: string, token: string) =>
    (await gateway.rpc(method, {}, { token })).error?.code;
  assert.equal(await code('probe.admin', 'developer.ada'), -32003);
  assert.equal(await code('probe.admin', 'admin.root'), undefined);
  assert.equal(await code('probe.echo', 'developer.ada.project.run'), -32003);
  assert.equal(await code('probe.echo', 'developer.ada.probe'), undefined);
});

test('a session cookie counts only with the CSRF value of its session', async () => {
  const cookie = `${cookieNames.session}=developer.ada`;
  const key = gateway.world.platform.secret('csrf');
  const code = async (headers: Record<string, string>) =>
    (
      (await (
        await gateway.post(echo, { token: null, headers: { cookie, ...headers } })
      ).json()) as RpcMessage
    ).error?.data.code;
  assert.equal(await code({}), 'common.foreign_origin');
  assert.equal(await code({ 'x-cds-csrf': 'guessed' }), 'common.foreign_origin');
  assert.equal(await code({ 'x-cds-csrf': csrfTokenOf(key, 'session-bob') }), 'common.foreign_origin');
  assert.equal(await code({ 'x-cds-csrf': csrfTokenOf(key, 'session-ada') }), undefined);
});

test('foreign hosts and origins are refused before anything runs', async () => {
  const { host } = new URL(gateway.world.url);
  assert.equal((await rawPost({ host: 'evil.example' })).status, 403);
  assert.equal((await rawPost({ origin: 'https://evil.example' })).status, 403);
  assert.equal((await rawPost({ origin: 'null' })).status, 403);
  assert.equal((await rawPost({ host, origin: `http://${host}` })).status, 200);
  assert.equal((await rawPost({ host: 'localhost:80' })).status, 200);
});

test('a foreign origin that the installation lists may call, and its page may read the answer', async () => {
  await using own = await testGateway({ CDS_HTTP_ALLOWED_ORIGINS: 'https://friend.example' });
  const origin = 'https://friend.example';
  const response = await own.post(echo, { headers: { origin } });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('access-control-allow-origin'), origin);
  const preflight = await fetch(`${own.world.url}/rpc`, { method: 'OPTIONS', headers: { origin } });
  assert.equal(preflight.status, 204);
  const allowed = preflight.headers.get('access-control-allow-headers') ?? '';
  for (const name of ['authorization', 'mcp-protocol-version', 'mcp-method', 'mcp-name']) {
    assert.ok(allowed.split(', ').includes(name), `${name}: what clients of MCP in a page send`);
  }
  const foreign = { origin: 'https://other.example' };
  const refused = await fetch(`${own.world.url}/mcp`, { method: 'OPTIONS', headers: foreign });
  assert.equal(refused.headers.get('access-control-allow-headers'), null);
  assert.equal((await own.post(echo, { headers: { origin: 'https://other.example' } })).status, 403);
});

test('what is no JSON by its type, or too large, can’t be read', async () => {
  const text = await gateway.post(echo, { headers: { 'content-type': 'text/plain' } });
  assert.equal(text.status, 415);
  assert.equal(((await text.json()) as RpcMessage).error?.code, -32600);
  const form = await gateway.post('a=b', {
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  });
  assert.equal(form.status, 415);
  const large = await gateway.post(`"${'x'.repeat(9 * 1024 * 1024)}"`);
  assert.equal(large.status, 413);
  assert.equal(((await large.json()) as RpcMessage).error?.code, -32060);
  assert.equal((await fetch(`${gateway.world.url}/rpc`)).status, 404);
});

test('answers speak the caller’s language and carry trace id and security headers', async () => {
  const response = await gateway.post(echo.replace('probe.echo', 'probe.admin'), {
    headers: {
      'accept-language': 'de-DE,en;q=0.5',
      traceparent: `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01`,
    },
  });
  assert.equal(response.headers.get('x-trace-id'), 'ab'.repeat(16));
  assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
  assert.equal(response.headers.get('cache-control'), 'no-store');
  const denied = await gateway.rpc('probe.admin', {}, { headers: { 'accept-language': 'de' } });
  assert.match(denied.error?.message ?? '', /^Ihre Rolle/);
  assert.match(String(denied.error?.data.traceId), /^[0-9a-f]{32}$/);
});

test('a request that goes past the ordinary way is answered as on it, its limits and headers included', async () => {
  const answers = async (contentType: string, token: string | null) => {
    const headers = { 'content-type': contentType, 'accept-language': 'de' };
    const response = await gateway.post(echo, { token, headers });
    const own = [...response.headers].filter(([name]) => !/^(?:date|x-trace-id|ratelimit-re)/.test(name));
    assert.match(response.headers.get('x-trace-id') ?? '', /^[0-9a-f]{32}$/);
    assert.match(response.headers.get('ratelimit-remaining') ?? '', /^\d+$/);
    const text = (await response.text()).replace(/"traceId":"[0-9a-f]+"/, '');
    return { status: response.status, own, text };
  };
  for (const token of ['developer.ada', 'nonsense', null]) {
    assert.deepEqual(
      await answers('application/json', token),
      await answers('application/json; charset=UTF-8', token),
    );
  }
});

test('behind a proxy each client has its own limits, whatever it writes itself', async () => {
  const environment = {
    CDS_HTTP_TRUST_PROXY: 'true',
    CDS_RATE_READ_BURST: '2',
    CDS_RATE_READ_PER_SECOND: '0.01',
  };
  await using own = await testGateway(environment);
  const open = echo.replace('probe.echo', 'probe.subtract').replace('{"value":1}', '[3,1]');
  const status = async (forwarded: string) =>
    (await own.post(open, { token: null, headers: { 'x-forwarded-for': forwarded } })).status;
  assert.deepEqual([await status('10.0.0.1'), await status('9.9.9.9, 10.0.0.1')], [200, 200]);
  assert.equal(await status('8.8.8.8, 10.0.0.1'), 429);
  assert.equal(await status('10.0.0.2'), 200);
});

test('a call is ended when its time is up, and when its client leaves', async () => {
  const slow = await gateway.rpc('probe.slow');
  assert.equal(slow.error?.data.code, 'common.timeout');
  const before = gateway.notes.aborted;
  const controller = new AbortController();
  const leaving = fetch(`${gateway.world.url}/rpc`, {
    method: 'POST',
    signal: controller.signal,
    headers: { 'content-type': 'application/json', authorization: 'Bearer developer.ada' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'probe.linger' }),
  });
  const left = assert.rejects(leaving);
  await eventually(() => assert.equal(gateway.notes.lingering, 1));
  controller.abort();
  await left;
  await eventually(() => assert.equal(gateway.notes.aborted, before + 1));
});

test('a client that breaks off in the middle of its request harms nobody', async () => {
  const { hostname, port } = new URL(gateway.world.url);
  for (const fragment of [
    'POST /rpc HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"json',
    'POST /rpc HTTP/1.1\r\nHost: loc',
    'GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n',
  ]) {
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    socket.write(fragment);
    await new Promise((resolve) => setTimeout(resolve, 20));
    socket.resetAndDestroy();
  }
  assert.deepEqual((await gateway.rpc('probe.echo', { value: 1 })).result, { value: 1 });
});

test('over HTTP a method that streams says what it needs, and a stream can be cancelled', async () => {
  const streaming = await gateway.rpc('probe.count', { upTo: 3 });
  assert.equal(streaming.error?.data.code, 'stream.needs_websocket');
  assert.match(streaming.error?.message ?? '', /probe\.count/);
  assert.equal((await gateway.rpc('stream.cancel', { streamId: 'x' })).error?.data.code, 'stream.unknown');
  assert.equal(
    (await gateway.rpc('stream.cancel', { streamId: 'x' }, { token: null })).error?.data.code,
    'common.unauthenticated',
  );
  const connection = await gateway.connect();
  const { result } = await connection.call('probe.count', { upTo: 1_000, everyMs: 5 });
  const { streamId } = result as { streamId: string };
  assert.deepEqual((await gateway.rpc('stream.cancel', { streamId })).result, { cancelled: true });
  await eventually(() => assert.equal(connection.frames(streamId).at(-1)?.method, 'stream.end'));
});

test('REST faces of the needed contracts stand beside /rpc', async () => {
  const headers = { authorization: 'Bearer developer.ada' };
  const response = await fetch(`${gateway.world.url}/probe/one?size=3`, { headers });
  assert.deepEqual(await response.json(), { id: 'one', size: 3 });
});

test('a call over its limit answers 429 with the time to wait, in a batch each for itself', async () => {
  const call = (id: number) => ({ jsonrpc: '2.0', id, method: 'probe.execute' });
  const first = await gateway.post(JSON.stringify(call(1)), { token: 'developer.zora' });
  assert.equal(first.status, 200);
  assert.equal(first.headers.get('ratelimit-limit'), '2');
  assert.equal(first.headers.get('ratelimit-remaining'), '1');
  const batch = await gateway.post(JSON.stringify([call(2), call(3)]), { token: 'developer.zora' });
  assert.equal(batch.status, 200);
  const codes = ((await batch.json()) as RpcMessage[]).map((answer) => answer.error?.code);
  assert.deepEqual(codes, [undefined, -32029]);
  const refused = await gateway.post(JSON.stringify(call(4)), { token: 'developer.zora' });
  assert.equal(refused.status, 429);
  assert.equal(refused.headers.get('retry-after'), '100');
  const { error } = (await refused.json()) as RpcMessage;
  assert.equal(error?.code, -32029);
  assert.ok(Number(error?.data.retryAfterMs) > 90_000);
  const other = await gateway.post(JSON.stringify(call(5)), { token: 'developer.yves' });
  assert.equal(other.status, 200);
});

test('calls are counted by method and status, unknown names under one', async () => {
  for (const id of [1, 2]) await gateway.rpc(`no.such.method.${id}`);
  await gateway.rpc('probe.admin');
  const text = await (await fetch(`${gateway.world.url}/metrics`)).text();
  assert.match(text, /api_requests_total\{method="unknown",status="404"\} \d+/);
  assert.match(text, /api_requests_total\{method="probe\.admin",status="403"\} \d+/);
  assert.match(text, /api_requests_total\{method="probe\.echo",status="200"\} \d+/);
  assert.match(text, /api_request_duration_seconds_count\{method="probe\.echo"\} \d+/);
  assert.doesNotMatch(text, /no\.such/);
});
