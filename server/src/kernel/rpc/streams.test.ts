import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import test from 'node:test';
import { pino } from 'pino';
import { WebSocket, WebSocketServer } from 'ws';
import { z } from 'zod';
import { defineContract } from '#base/contract.ts';
import { fault, isFault } from '#base/fault.ts';
import type { Principal } from '#base/principal.ts';
import { streamFaults } from '#base/stream-faults.ts';
import { newTraceId } from '../telemetry/trace.ts';
import { eventually } from '../testing/eventually.ts';
import { LazyCall } from './call-context.ts';
import { createFaultCatalogue } from './fault-catalogue.ts';
import { bindMethod } from './method.ts';
import { createOutbound, type Outbound } from './outbound.ts';
import { createStreamHub, defaultStreamLimits, type StreamHubLimits } from './streams.ts';

const contract = defineContract('counter', {
  faults: streamFaults,
  events: {},
  methods: {
    'count.up': {
      summary: 'Counts.',
      access: 'viewer',
      params: z.strictObject({}),
      chunk: z.union([z.object({ text: z.string() }), z.number()]),
      result: z.object({ total: z.int() }),
    },
  },
});

type Source = (call: { readonly signal: AbortSignal }) => AsyncGenerator<unknown, unknown>;

interface Frame {
  readonly method: string;
  readonly params: { readonly seq: number; readonly streamId: string } & Record<string, unknown>;
}

interface Connection {
  readonly client: WebSocket;
  readonly outbound: Outbound;
  readonly frames: Frame[];
  /** Terminates from the client's side, without a word. */
  breakOff(): Promise<void>;
}

function principalOf(userId: string): Principal {
  return { userId, username: userId, role: 'developer', credential: { kind: 'session', sessionId: userId } };
}

/** A hub behind real sockets. */
async function serve(source: Source, changed: Partial<StreamHubLimits> = {}) {
  const limits = { ...defaultStreamLimits, ...changed };
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
  await once(server, 'listening');
  const hub = createStreamHub({
    limits,
    catalogue: createFaultCatalogue([contract]),
    log: pino({ level: 'silent' }),
  });
  const method = bindMethod(contract, 'count.up', ({ call }) => source(call));
  const { port } = server.address() as AddressInfo;

  async function connect(): Promise<Connection> {
    const client = new WebSocket(`ws://127.0.0.1:${port}`);
    const [[socket]] = (await Promise.all([once(server, 'connection'), once(client, 'open')])) as [
      [WebSocket],
      unknown,
    ];
    const outbound = createOutbound(socket, { highWaterBytes: 64 * 1024, stuckMs: limits.stuckMs });
    socket.on('close', () => {
      outbound.close();
      hub.detach(outbound);
    });
    const frames: Frame[] = [];
    client.on('message', (data) => frames.push(JSON.parse(String(data))));
    return {
      client,
      outbound,
      frames,
      async breakOff() {
        const closed = once(socket, 'close');
        client.terminate();
        await closed;
      },
    };
  }

  return {
    hub,
    connect,
    open(connection: Connection, userId = 'ada') {
      const call = new LazyCall({
        principal: principalOf(userId),
        traceId: newTraceId(),
        address: '127.0.0.1',
        language: 'en',
      });
      const opened = hub.open({ method, params: {}, call, outbound: connection.outbound });
      opened.start();
      return opened.streamId;
    },
    async [Symbol.asyncDispose]() {
      hub[Symbol.dispose]();
      for (const socket of server.clients) socket.terminate();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Counts to `limit`, and remembers how far it was asked to go and whether it was closed. */
function counter(limit: number, text = '') {
  const state = { produced: 0, closed: false };
  const source: Source = async function* () {
    try {
      for (let number = 1; number <= limit; number += 1) {
        state.produced = number;
        yield text === '' ? number : { text: `${number} ${text}` };
      }
      return { total: limit };
    } finally {
      state.closed = true;
    }
  };
  return { state, source };
}

const seqs = (frames: readonly Frame[]) => frames.map((frame) => frame.params.seq);
const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);

test('chunks arrive numbered, then the result', async () => {
  await using server = await serve(counter(3).source);
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
    await using server = await serve(async function* () {
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
  await using server = await serve(async function* () {
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
  await eventually(() => assert.deepEqual(seqs(third.frames), [7]), 2_000);
});

test('nobody else can resume or cancel a stream, or learns that it exists', async () => {
  await using server = await serve(counter(1_000_000).source);
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
  await using server = await serve(
    async function* (call) {
      call.signal.addEventListener('abort', () => {
        aborted = call.signal.reason;
      });
      yield* source(call);
      await once(call.signal, 'abort');
      return { total: 0 };
    },
    { graceMs: 150 },
  );
  const connection = await server.connect();
  server.open(connection);
  await eventually(() => assert.equal(state.produced, 10));
  await connection.breakOff();
  await new Promise((resolve) => setTimeout(resolve, 60));
  assert.equal(server.hub.running, 1);
  await eventually(() => assert.equal(server.hub.running, 0));
  assert.ok(isFault(aborted, 'common.cancelled'));
});

test('cancelling closes the source and tells the client', async () => {
  const { state, source } = counter(1_000_000, 'x'.repeat(200));
  await using server = await serve(source);
  const connection = await server.connect();
  const streamId = server.open(connection);
  await eventually(() => assert.ok(connection.frames.length > 10));
  server.hub.cancel({ streamId, userId: 'ada' });
  await eventually(() => assert.equal(connection.frames.at(-1)?.method, 'stream.end'));
  await eventually(() => assert.equal(state.closed, true));
  assert.deepEqual(seqs(connection.frames), upTo(connection.frames.length), 'nothing lost, nothing twice');
  assert.equal(server.hub.cancel({ streamId, userId: 'ada' }), false);
});

test('a slow reader slows the source down instead of filling memory', async () => {
  const { state, source } = counter(100_000, 'x'.repeat(10_000));
  await using server = await serve(source);
  const connection = await server.connect();
  connection.client.pause();
  server.open(connection);
  await new Promise((resolve) => setTimeout(resolve, 300));
  const held = state.produced;
  assert.ok(held * 10_000 < 20_000_000, `${held} chunks were made for a reader that reads nothing`);
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.equal(state.produced, held, 'the source waits');
  connection.client.resume();
  await eventually(() => assert.ok(connection.frames.length > held));
  assert.deepEqual(seqs(connection.frames), upTo(connection.frames.length));
});

test('a reader that is stuck loses the stream, and its connection is given up', async () => {
  const { state, source } = counter(100_000, 'x'.repeat(10_000));
  await using server = await serve(source, { stuckMs: 200 });
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
  await using server = await serve(
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
  await using server = await serve(source, { replayBytes: 100_000 });
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
  await using server = await serve(source, { replayBytes: 50_000 });
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
  await using server = await serve(source, { replayBytes: 20_000, stuckMs: 150 });
  const connection = await server.connect();
  const streamId = server.open(connection);
  server.hub.acknowledge({ streamId, seq: 0, userId: 'ada' });
  await once(connection.client, 'close');
  assert.equal(connection.frames.length < 3_000, true);
});

test('a resumed stream leaves the connection that had it', async () => {
  const steps = Array.from({ length: 3 }, () => Promise.withResolvers<void>());
  await using server = await serve(async function* () {
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
  await using server = await serve(endless, { streamsPerConnection: 2, streamsPerUser: 3 });
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
  await using server = await serve(counter(1).source, { finishedPerUser: 2 });
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
