import assert from 'node:assert/strict';
import { once } from 'node:events';
import test from 'node:test';
import { isFault } from '#base/fault.ts';
import { eventually } from '../testing/eventually.ts';
import { counter, seqs, serveStreams, upTo } from '../testing/stream-server.ts';

test('a slow reader slows the source down instead of filling memory', async () => {
  const { state, source } = counter(100_000, 'x'.repeat(10_000));
  await using server = await serveStreams(source);
  const connection = await server.connect();
  connection.client.pause();
  server.open(connection);
  let held = 0;
  await eventually(async () => {
    held = state.produced;
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.ok(held > 0 && state.produced === held, 'the source waits');
  });
  assert.ok(held * 10_000 < 20_000_000, `${held} chunks were made for a reader that reads nothing`);
  connection.client.resume();
  await eventually(() => assert.ok(connection.frames.length > held));
  assert.deepEqual(seqs(connection.frames), upTo(connection.frames.length));
});

test('a reader that is stuck loses the stream, and its connection is given up', async () => {
  const { state, source } = counter(100_000, 'x'.repeat(10_000));
  await using server = await serveStreams(source, { stuckMs: 200 });
  const connection = await server.connect();
  connection.client.pause();
  server.open(connection);
  await eventually(() => assert.equal(connection.outbound.closed, true));
  await eventually(() => assert.equal(state.closed, true));
  assert.equal(server.hub.running, 0);
});

test('while a client is away the source makes as much as is kept, and nothing is lost', async () => {
  const { state, source } = counter(2_000, 'x'.repeat(1_000));
  const gate = Promise.withResolvers<void>();
  await using server = await serveStreams(
    async function* (call) {
      await gate.promise;
      return yield* source(call);
    },
    { replayBytes: 100_000 },
  );
  const first = await server.connect();
  const streamId = server.open(first);
  await first.breakOff();
  gate.resolve();
  await eventually(() => assert.ok(state.produced > 80));
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.ok(state.produced < 110, 'the source waits for its client');
  const second = await server.connect();
  server.hub.resume({ streamId, afterSeq: 0, userId: 'ada', outbound: second.outbound }).deliver();
  await eventually(() => assert.deepEqual(seqs(second.frames), upTo(2_001)));
});

test('what is no longer kept is a gap, and said so', async () => {
  const { source } = counter(500, 'x'.repeat(1_000));
  await using server = await serveStreams(source, { replayBytes: 100_000 });
  const connection = await server.connect();
  const streamId = server.open(connection);
  await eventually(() => assert.equal(connection.frames.length, 501));
  const resume = (afterSeq: number) =>
    server.hub.resume({ streamId, afterSeq, userId: 'ada', outbound: connection.outbound });
  assert.throws(
    () => resume(100),
    (error) => isFault(error, 'stream.gap'),
  );
  assert.throws(
    () => resume(600),
    (error) => isFault(error, 'common.invalid_params'),
  );
  assert.equal(resume(450).lastSeq, 501);
});

test('a client that confirms frames can always resume, whatever got lost on the way', async () => {
  const { source } = counter(3_000, 'x'.repeat(1_000));
  await using server = await serveStreams(source, { replayBytes: 50_000 });
  const received: number[] = [];
  let connection = await server.connect();
  connection.client.pause();
  const streamId = server.open(connection);
  server.hub.acknowledge({ streamId, seq: 0, userId: 'ada' });
  for (let round = 0; round < 5; round += 1) {
    const { client, frames } = connection;
    const target = received.length + 200;
    client.on('message', () => {
      const seq = frames.at(-1)?.params.seq ?? 0;
      received.push(seq);
      if (received.length < target && seq % 10 === 0) {
        server.hub.acknowledge({ streamId, seq, userId: 'ada' });
      }
    });
    client.resume();
    await eventually(() => assert.ok(received.length >= target));
    await connection.breakOff();
    connection = await server.connect();
    const afterSeq = received.length;
    server.hub.resume({ streamId, afterSeq, userId: 'ada', outbound: connection.outbound }).deliver();
    server.hub.acknowledge({ streamId, seq: afterSeq, userId: 'ada' });
  }
  assert.deepEqual(received, upTo(received.length));
  assert.ok(received.length >= 1_000);
});

test('a client that stops confirming is given up like one that stops reading', async () => {
  const { source } = counter(3_000, 'x'.repeat(1_000));
  await using server = await serveStreams(source, { replayBytes: 20_000, stuckMs: 150 });
  const connection = await server.connect();
  const streamId = server.open(connection);
  server.hub.acknowledge({ streamId, seq: 0, userId: 'ada' });
  await once(connection.client, 'close');
  assert.equal(connection.frames.length < 3_000, true);
});

test('a client that resumes again and again and reads nothing costs bounded memory', async () => {
  const { state, source } = counter(90, 'x'.repeat(10_000));
  await using server = await serveStreams(source, { stuckMs: 60_000 });
  const first = await server.connect();
  const streams = upTo(12).map(() => server.open(first));
  await eventually(() => assert.equal(first.frames.length, 12 * 91));
  assert.equal(state.closed, true);

  const connection = await server.connect();
  connection.client.pause();
  for (let round = 0; round < 100; round += 1) {
    for (const streamId of streams) {
      server.hub.resume({ streamId, afterSeq: 0, userId: 'ada', outbound: connection.outbound }).deliver();
    }
    await new Promise((resolve) => setImmediate(resolve));
    assert.ok(
      connection.bufferedBytes() < 500_000,
      `${connection.bufferedBytes()} bytes wait for a reader that reads nothing`,
    );
  }
  // What it was told last it gets, whole and in order, once it reads.
  connection.client.resume();
  const end = (streamId: string) =>
    connection.frames.findLast(
      ({ method, params }) => method === 'stream.end' && params.streamId === streamId,
    );
  await eventually(() => assert.ok(streams.every((streamId) => end(streamId) !== undefined)));
  for (const streamId of streams) {
    const own = seqs(connection.frames.filter(({ params }) => params.streamId === streamId));
    assert.deepEqual(own.slice(own.lastIndexOf(1)), upTo(91));
  }
});

test('what is made while kept frames are being delivered follows them, in order and whole', async () => {
  const { state, source } = counter(3_000, 'x'.repeat(1_000));
  await using server = await serveStreams(source, { replayBytes: 200_000 });
  const first = await server.connect();
  first.client.pause();
  const streamId = server.open(first);
  server.hub.acknowledge({ streamId, seq: 0, userId: 'ada' });
  await eventually(() => assert.ok(state.produced > 100));
  await first.breakOff();
  const second = await server.connect();
  second.client.on('message', () =>
    server.hub.acknowledge({ streamId, seq: second.frames.length, userId: 'ada' }),
  );
  server.hub.resume({ streamId, afterSeq: 0, userId: 'ada', outbound: second.outbound }).deliver();
  await eventually(() => assert.equal(second.frames.length, 3_001));
  assert.deepEqual(seqs(second.frames), upTo(3_001));
});
