import assert from 'node:assert/strict';
import { once } from 'node:events';
import test, { after, before } from 'node:test';
import { WebSocket } from 'ws';
import { cookieNames } from '#kernel/http/cookies.ts';
import { eventually } from '#kernel/testing/eventually.ts';
import { eventsContract } from '#modules/events/contract.ts';
import { type RpcMessage, type TestGateway, type TestSocket, testGateway } from './testing.ts';

let gateway: TestGateway;
before(async () => {
  gateway = await testGateway({
    CDS_GATEWAY_HEARTBEAT_MS: '1000',
    CDS_GATEWAY_GRACE_MS: '2000',
    CDS_GATEWAY_CONNECTIONS_PER_USER: '5',
    CDS_GATEWAY_STREAMS_PER_CONNECTION: '4',
    CDS_GATEWAY_MESSAGE_LIMIT_BYTES: '100000',
    CDS_GATEWAY_STUCK_MS: '800',
    CDS_GATEWAY_CALLS_AT_ONCE: '8',
  });
});
after(() => gateway[Symbol.asyncDispose]());

/** The HTTP status with which an upgrade is refused; 101 when it is not. */
async function upgradeStatus(headers: Record<string, string>): Promise<number> {
  const socket = new WebSocket(`${gateway.world.url.replace('http', 'ws')}/ws`, { headers });
  return new Promise((resolve) => {
    socket.on('open', () => {
      socket.terminate();
      resolve(101);
    });
    socket.on('unexpected-response', (_request, response) => {
      resolve(response.statusCode ?? 0);
      response.destroy();
    });
    socket.on('error', () => undefined);
  });
}

async function openStream(connection: TestSocket, params: Record<string, unknown>): Promise<string> {
  const answer = await connection.call('probe.count', params);
  return (answer.result as { streamId: string }).streamId;
}

const seqs = (frames: readonly RpcMessage[]) => frames.map((frame) => frame.params?.seq);
const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);

test('only a valid sign-in from an own page of an own host opens a connection', async () => {
  const { host } = new URL(gateway.world.url);
  const authorization = 'Bearer developer.carl';
  assert.equal(await upgradeStatus({}), 401);
  assert.equal(await upgradeStatus({ authorization: 'Bearer nonsense' }), 401);
  assert.equal(await upgradeStatus({ authorization }), 101);
  assert.equal(await upgradeStatus({ cookie: `${cookieNames.session}=developer.carl` }), 101);
  assert.equal(
    await upgradeStatus({ cookie: `${cookieNames.session}=developer.carl`, origin: `http://${host}` }),
    101,
  );
  assert.equal(
    await upgradeStatus({ cookie: `${cookieNames.session}=developer.carl`, origin: 'https://evil.example' }),
    403,
  );
  assert.equal(await upgradeStatus({ authorization, origin: 'null' }), 403);
  assert.equal(await upgradeStatus({ authorization, host: 'evil.example' }), 403);
  const plain = await fetch(`${gateway.world.url}/ws`, { headers: { authorization } });
  assert.equal(plain.status, 400);
});

test('a stream answers with its id first, then data, then the end', async () => {
  const connection = await gateway.connect('developer.dora');
  const streamId = await openStream(connection, { upTo: 3 });
  await eventually(() => assert.equal(connection.frames(streamId).length, 4));
  const [answer, ...frames] = connection.messages as RpcMessage[];
  assert.deepEqual(answer?.result, { streamId });
  assert.deepEqual(seqs(frames), [1, 2, 3, 4]);
  assert.deepEqual(frames[0]?.params, { number: 1, filling: '', streamId, seq: 1 });
  assert.deepEqual(frames[3], {
    jsonrpc: '2.0',
    method: 'stream.end',
    params: { result: { total: 3 }, streamId, seq: 4 },
  });
});

test('wrong params end a stream with the error of a call', async () => {
  const connection = await gateway.connect('developer.dora');
  const streamId = await openStream(connection, { upTo: 'many' });
  await eventually(() => assert.equal(connection.frames(streamId).length, 1));
  const errors = connection.frames(streamId).map((frame) => frame.params?.error as { code: number });
  assert.equal(errors[0]?.code, -32602);
});

test('after a broken connection a stream is resumed without a gap, by its user alone', async () => {
  const first = await gateway.connect('developer.emil');
  const streamId = await openStream(first, { upTo: 40, everyMs: 5 });
  await eventually(() => assert.ok(first.frames(streamId).length >= 5));
  first.socket.terminate();
  const afterSeq = first.frames(streamId).length;

  const stranger = await gateway.connect('developer.eve');
  const refused = await stranger.call('stream.resume', { streamId, afterSeq });
  assert.equal(refused.error?.code, -32004);
  assert.equal((await stranger.call('stream.cancel', { streamId })).error?.code, -32004);

  const second = await gateway.connect('developer.emil');
  const resumed = await second.call('stream.resume', [streamId, afterSeq]);
  assert.equal((resumed.result as { streamId: string }).streamId, streamId);
  await eventually(() => assert.equal(second.frames(streamId).at(-1)?.method, 'stream.end'));
  assert.deepEqual([...seqs(first.frames(streamId)), ...seqs(second.frames(streamId))], upTo(41));
  assert.equal(second.messages[0], resumed, 'the answer comes before the frames');
});

test('a client that does not come back ends its streams after the grace', async () => {
  const before = gateway.notes.aborted;
  const connection = await gateway.connect('developer.fritz');
  await openStream(connection, { upTo: 100_000, everyMs: 10 });
  connection.socket.terminate();
  await eventually(() => assert.equal(gateway.notes.aborted, before + 1));
});

test('a reader that reads nothing is dropped, and costs bounded memory until then', async () => {
  const connection = await gateway.connect('developer.gerda');
  connection.socket.pause();
  gateway.notes.counted = 0;
  connection.send({
    jsonrpc: '2.0',
    id: 1,
    method: 'probe.count',
    params: { upTo: 2_000, sizeBytes: 50_000 },
  });
  const before = gateway.notes.aborted;
  await eventually(() => assert.ok(gateway.notes.counted > 1));
  await new Promise((resolve) => setTimeout(resolve, 200));
  const produced = gateway.notes.counted;
  assert.ok(produced < 400, `${produced} chunks of 50 kB were made for a reader that reads nothing`);
  await eventually(() => assert.equal(gateway.notes.aborted, before + 1));
  connection.socket.resume();
  await once(connection.socket, 'close');
});

test('a client that only sends is not read further than it lets us answer', async () => {
  const connection = await gateway.connect('developer.hans');
  connection.socket.pause();
  const value = 'x'.repeat(90_000);
  const text = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'probe.echo', params: { value } });
  for (let count = 0; count < 400; count += 1) connection.send(text);
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.ok(connection.socket.bufferedAmount > 1_000_000, 'the server has stopped reading');
  connection.socket.terminate();
});

test('more calls than may run at once wait for their turn, and all are answered', async () => {
  const connection = await gateway.connect('developer.ida');
  const slow = upTo(12).map(() => connection.call('probe.slow'));
  const quick = await connection.call('probe.echo', { value: 'behind' });
  assert.deepEqual(quick.result, { value: 'behind' });
  const answers = await Promise.all(slow);
  assert.equal(answers.filter((answer) => answer.error?.data.code === 'common.timeout').length, 12);
});

test('a departing client aborts what was under way for it', async () => {
  const before = gateway.notes.aborted;
  const connection = await gateway.connect('developer.jana');
  connection.send({ jsonrpc: '2.0', id: 1, method: 'probe.linger' });
  await connection.call('probe.echo', {});
  connection.socket.terminate();
  await eventually(() => assert.equal(gateway.notes.aborted, before + 1));
});

test('streams of one connection and connections of one user are counted', async () => {
  const connection = await gateway.connect('developer.kurt');
  const ids: string[] = [];
  for (let count = 0; count < 4; count += 1) {
    ids.push(await openStream(connection, { upTo: 10_000, everyMs: 20 }));
  }
  const fifth = await connection.call('probe.count', { upTo: 1 });
  assert.equal(fifth.error?.code, -32060);
  assert.deepEqual((await connection.call('stream.cancel', [ids[0]])).result, { cancelled: true });
  await openStream(connection, { upTo: 1 });
  await Promise.all(upTo(4).map(() => gateway.connect('developer.kurt')));
  assert.equal(await upgradeStatus({ authorization: 'Bearer developer.kurt' }), 429);
  connection.socket.terminate();
  await eventually(async () => {
    assert.equal(await upgradeStatus({ authorization: 'Bearer developer.kurt' }), 101);
  });
});

test('a peer that answers no ping is dropped, one that does stays', async () => {
  const dead = await gateway.connect('developer.lena', { autoPong: false });
  const living = await gateway.connect('developer.lena');
  const [code] = await once(dead.socket, 'close');
  assert.equal(code, 1006);
  await new Promise((resolve) => setTimeout(resolve, 1_200));
  assert.equal(living.socket.readyState, WebSocket.OPEN);
});

test('a revoked sign-in closes its connections at once and ends its user’s streams', async () => {
  const connection = await gateway.connect('developer.mona');
  const other = await gateway.connect('developer.nils');
  const before = gateway.notes.aborted;
  await openStream(connection, { upTo: 100_000, everyMs: 10 });
  gateway.doorman.voided.add('developer.mona');
  const closed = once(connection.socket, 'close');
  await gateway.doorman.revoke('mona');
  const [code] = await closed;
  assert.equal(code, 4401);
  await eventually(() => assert.equal(gateway.notes.aborted, before + 1));
  assert.equal(other.socket.readyState, WebSocket.OPEN);
  assert.equal(await upgradeStatus({ authorization: 'Bearer developer.mona' }), 401);
});

test('a sign-in that ended without a word closes its connection at the next heartbeat or call', async () => {
  const connection = await gateway.connect('developer.olga');
  gateway.doorman.voided.add('developer.olga');
  const [code] = await once(connection.socket, 'close');
  assert.equal(code, 4401);
});

test('binary messages and those that are too large close the connection', async () => {
  const binary = await gateway.connect('developer.paul');
  binary.socket.send(Buffer.from('{"jsonrpc":"2.0","id":1,"method":"probe.echo"}'));
  assert.equal((await once(binary.socket, 'close'))[0], 1003);
  const large = await gateway.connect('developer.paul');
  large.send('x'.repeat(200_000));
  assert.equal((await once(large.socket, 'close'))[0], 1009);
});

test('/ws/updates pushes what the platform tells', async () => {
  const socket = new WebSocket(`${gateway.world.url.replace('http', 'ws')}/ws/updates`, {
    headers: { authorization: 'Bearer developer.rosa' },
  });
  const messages: RpcMessage[] = [];
  socket.on('message', (data) => messages.push(JSON.parse(String(data))));
  await once(socket, 'open');
  await eventually(() => assert.equal(messages[0]?.method, 'system.status'));
  assert.deepEqual(
    messages.map((message) => (message.params as { data: { status: string } }).data.status),
    ['ready'],
  );
  await gateway.world
    .client(eventsContract)
    .call(
      'updates.announce',
      { update: { topic: 'app.update', data: { version: '9.9.9' } } },
      gateway.world.call(null),
    );
  await eventually(() => assert.equal(messages[1]?.method, 'app.update'));
  socket.send('hello');
  assert.equal((await once(socket, 'close'))[0], 1003);
});

test('open connections are counted', async () => {
  const sessions = async () =>
    Number(/^active_sessions (\d+)$/m.exec(await (await fetch(`${gateway.world.url}/metrics`)).text())?.[1]);
  const before = await sessions();
  const connection = await gateway.connect('developer.sven');
  assert.equal(await sessions(), before + 1);
  connection.socket.terminate();
  await eventually(async () => assert.equal(await sessions(), before));
});
