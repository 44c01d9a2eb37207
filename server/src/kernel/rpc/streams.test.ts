import assert from 'node:assert/strict';
import { once } from 'node:events';
import test from 'node:test';
import { fault, isFault } from '#base/fault.ts';
import { eventually } from '../testing/eventually.ts';
import { counter, type Source, seqs, serveStreams, upTo } from '../testing/stream-server.ts';

test('chunks arrive numbered, then the result', async () => {
  await using server = await serveStreams(counter(3).source);
  const connection = await server.connect();
  const streamId = server.open(connection);
  await eventually(() => assert.equal(connection.frames.length, 4));
  assert.deepEqual(connection.frames, [
    { jsonrpc: '2.0', method: 'stream.data', params: { value: 1, streamId, seq: 1 } },
    { jsonrpc: '2.0', method: 'stream.data', params: { value: 2, streamId, seq: 2 } },
    { jsonrpc: '2.0', method: 'stream.data', params: { value: 3, streamId, seq: 3 } },
    { jsonrpc: '2.0', method: 'stream.end', params: { result: { total: 3 }, streamId, seq: 4 } },
  ]);
  assert.equal(server.hub.running, 0);
});

test('a fault ends the stream with an error object; what is no fault stays inside', async () => {
  for (const [thrown, code] of [
    [fault('stream.gap', { afterSeq: 1 }), 'stream.gap'],
    [new Error('secret path /root'), 'common.internal'],
  ] as const) {
    await using server = await serveStreams(async function* () {
      yield 1;
      throw thrown;
    });
    const connection = await server.connect();
    server.open(connection);
    await eventually(() => assert.equal(connection.frames.length, 2));
    const error = connection.frames[1]?.params.error as { data: { code: string } };
    assert.equal(error.data.code, code);
    assert.equal(JSON.stringify(connection.frames).includes('/root'), false);
  }
});

test('after a broken connection the stream goes on where the client stood', async () => {
  const gate = Promise.withResolvers<void>();
  await using server = await serveStreams(async function* () {
    for (let number = 1; number <= 6; number += 1) {
      if (number === 4) await gate.promise;
      yield number;
    }
    return { total: 6 };
  });
  const first = await server.connect();
  const streamId = server.open(first);
  await eventually(() => assert.equal(first.frames.length, 3));
  await first.breakOff();
  gate.resolve();
  const second = await server.connect();
  const resumed = server.hub.resume({ streamId, afterSeq: 2, userId: 'ada', outbound: second.outbound });
  resumed.deliver();
  await eventually(() => assert.deepEqual(seqs(second.frames), [3, 4, 5, 6, 7]));
  assert.equal(second.frames.at(-1)?.method, 'stream.end');

  const third = await server.connect();
  server.hub.resume({ streamId, afterSeq: 6, userId: 'ada', outbound: third.outbound }).deliver();
  await eventually(() => assert.deepEqual(seqs(third.frames), [7]));
});

test('nobody else can resume or cancel a stream, or learns that it exists', async () => {
  await using server = await serveStreams(counter(1_000_000).source);
  const connection = await server.connect();
  const streamId = server.open(connection);
  const { outbound } = connection;
  for (const attempt of [
    () => server.hub.resume({ streamId, afterSeq: 0, userId: 'eve', outbound }),
    () => server.hub.cancel({ streamId, userId: 'eve' }),
    () => server.hub.cancel({ streamId: 'no-such-stream', userId: 'ada' }),
  ]) {
    assert.throws(attempt, (error) => isFault(error, 'stream.unknown'));
  }
  assert.equal(server.hub.cancel({ streamId, userId: 'ada' }), true);
});

test('a client that stays away ends the source after the grace, not before', async () => {
  const { state, source } = counter(10, 'x'.repeat(1000));
  let aborted: unknown;
  await using server = await serveStreams(
    async function* (call) {
      call.signal.addEventListener('abort', () => {
        aborted = call.signal.reason;
      });
      yield* source(call);
      await once(call.signal, 'abort');
      return { total: 0 };
    },
    { graceMs: 1_000 },
  );
  const connection = await server.connect();
  server.open(connection);
  await eventually(() => assert.equal(state.produced, 10));
  await connection.breakOff();
  assert.equal(server.hub.running, 1);
  await eventually(() => assert.equal(server.hub.running, 0));
  assert.ok(isFault(aborted, 'common.cancelled'));
});

test('cancelling closes the source and tells the client', async () => {
  const { state, source } = counter(1_000_000, 'x'.repeat(200));
  await using server = await serveStreams(source);
  const connection = await server.connect();
  const streamId = server.open(connection);
  await eventually(() => assert.ok(connection.frames.length > 10));
  server.hub.cancel({ streamId, userId: 'ada' });
  await eventually(() => assert.equal(connection.frames.at(-1)?.method, 'stream.end'));
  await eventually(() => assert.equal(state.closed, true));
  assert.deepEqual(seqs(connection.frames), upTo(connection.frames.length), 'nothing lost, nothing twice');
  assert.equal(server.hub.cancel({ streamId, userId: 'ada' }), false);
});

test('a resumed stream leaves the connection that had it', async () => {
  const steps = Array.from({ length: 3 }, () => Promise.withResolvers<void>());
  await using server = await serveStreams(async function* () {
    for (const step of steps) {
      await step.promise;
      yield 0;
    }
    return { total: 3 };
  });
  const old = await server.connect();
  const streamId = server.open(old);
  steps[0]?.resolve();
  await eventually(() => assert.equal(old.frames.length, 1));
  const fresh = await server.connect();
  server.hub.resume({ streamId, afterSeq: 1, userId: 'ada', outbound: fresh.outbound }).deliver();
  steps[1]?.resolve();
  steps[2]?.resolve();
  await eventually(() => assert.deepEqual(seqs(fresh.frames), [2, 3, 4]));
  await old.breakOff();
  assert.equal(old.frames.length, 1);
});

test('streams are counted by connection and by user; ended ones free their place', async () => {
  const endless: Source = async function* (call) {
    yield 0;
    await once(call.signal, 'abort');
    return { total: 0 };
  };
  await using server = await serveStreams(endless, { streamsPerConnection: 2, streamsPerUser: 3 });
  const one = await server.connect();
  const two = await server.connect();
  const first = server.open(one);
  server.open(one);
  assert.throws(
    () => server.open(one),
    (error) => isFault(error, 'stream.too_many') && error.data.limit === 2,
  );
  server.open(two);
  assert.throws(
    () => server.open(two),
    (error) => isFault(error, 'stream.too_many') && error.data.limit === 3,
  );
  server.open(two, 'bob');
  server.hub.cancel({ streamId: first, userId: 'ada' });
  server.open(one);
  assert.equal(server.hub.running, 4);
  server.hub.cancelUser('ada');
  assert.equal(server.hub.running, 1);
});

test('of ended streams only the latest are kept for clients that missed the end', async () => {
  await using server = await serveStreams(counter(1).source, { finishedPerUser: 2 });
  const connection = await server.connect();
  const ids: string[] = [];
  for (let number = 1; number <= 3; number += 1) {
    ids.push(server.open(connection));
    await eventually(() => assert.equal(connection.frames.length, number * 2));
  }
  const { outbound } = connection;
  const resume = (streamId = '') => server.hub.resume({ streamId, afterSeq: 0, userId: 'ada', outbound });
  assert.throws(
    () => resume(ids[0]),
    (error) => isFault(error, 'stream.unknown'),
  );
  assert.equal(resume(ids[1]).lastSeq, 2);
  assert.equal(resume(ids[2]).lastSeq, 2);
});
