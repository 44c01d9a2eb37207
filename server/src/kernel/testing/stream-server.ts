import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { WebSocket, WebSocketServer } from 'ws';
import { z } from 'zod';
import { defineContract } from '#base/contract.ts';
import type { Principal } from '#base/principal.ts';
import { streamFaults } from '#base/stream-faults.ts';
import { LazyCall } from '../rpc/call-context.ts';
import { createFaultCatalogue } from '../rpc/fault-catalogue.ts';
import { bindMethod } from '../rpc/method.ts';
import { createOutbound, type Outbound } from '../rpc/outbound.ts';
import { createStreamHub, defaultStreamLimits, type StreamHubLimits } from '../rpc/streams.ts';
import { newTraceId } from '../telemetry/trace.ts';

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

export type Source = (call: { readonly signal: AbortSignal }) => AsyncGenerator<unknown, unknown>;

export interface Frame {
  readonly method: string;
  readonly params: { readonly seq: number; readonly streamId: string } & Record<string, unknown>;
}

export interface Connection {
  readonly client: WebSocket;
  readonly outbound: Outbound;
  readonly frames: Frame[];
  /** What the server holds for the client that the system has not taken yet. */
  bufferedBytes(): number;
  /** Terminates from the client's side, without a word. */
  breakOff(): Promise<void>;
}

function principalOf(userId: string): Principal {
  return { userId, username: userId, role: 'developer', credential: { kind: 'session', sessionId: userId } };
}

/** A hub behind real sockets. */
export async function serveStreams(source: Source, changed: Partial<StreamHubLimits> = {}) {
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
      bufferedBytes: () => socket.bufferedAmount,
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
export function counter(limit: number, text = '') {
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

/** Numbers of the frames, in their order. */
export const seqs = (frames: readonly Frame[]) => frames.map((frame) => frame.params.seq);
/** 1, 2, … `last`. */
export const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);
