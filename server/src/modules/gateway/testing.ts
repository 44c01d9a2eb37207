import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ClientOptions, WebSocket } from 'ws';
import { z } from 'zod';
import { defineContract } from '#base/contract.ts';
import { fault } from '#base/fault.ts';
import type { Role } from '#base/principal.ts';
import { defineModule } from '#kernel/module.ts';
import { identityContract } from '#kernel/rpc/identity-contract.ts';
import { type TestWorld, testWorld } from '#kernel/testing/world.ts';
import { eventsContract } from '#modules/events/contract.ts';
import { events } from '#modules/events/module.ts';
import { defineGateway } from './gateway.ts';

/** Tokens of tests: `<role>.<user>[.<scope>…]`. */
export interface Doorman {
  /** Tokens that have lost their meaning. */
  readonly voided: Set<string>;
  /** Announces the end of a user's rights, as `auth` does. */
  revoke(userId: string): Promise<void>;
}

const doormanContract = defineContract('auth', {
  methods: identityContract.methods,
  faults: {},
  events: {
    'auth.revoked': { summary: 'Revoked', durable: false, payload: z.object({ userId: z.string() }) },
  },
});

/** Stands where `auth` stands, with tokens that say who they are: these tests are about the transport. */
function doormanModule(doorman: Doorman) {
  return defineModule({
    name: 'auth',
    contract: doormanContract,
    needs: {},
    config: z.object({}),
    start: (context) => {
      doorman.revoke = (userId) => context.publish('auth.revoked', { userId });
      return {
        handlers: {
          'auth.introspect': ({ params: { token } }) => {
            const match = /^(viewer|developer|admin)\.(\w+)((?:\.\w+)*)$/.exec(token);
            if (match === null || doorman.voided.has(token)) return null;
            const [, role, userId = '', scopes = ''] = match;
            return {
              expiresAtMs: context.now() + 3_600_000,
              principal: {
                userId,
                username: userId,
                role: role as Role,
                credential: { kind: 'session' as const, sessionId: `session-${userId}` },
                ...(scopes === '' ? {} : { scopes: scopes.slice(1).split('.') }),
              },
            };
          },
        },
      };
    },
  });
}

export const probeContract = defineContract('probe', {
  events: {},
  faults: {
    'probe.refused': {
      status: 402,
      detail: { en: 'Refused because of {reason}.', de: 'Abgelehnt wegen {reason}.' },
      hint: { en: 'Ask otherwise.', de: 'Fragen Sie anders.' },
    },
  },
  methods: {
    'probe.echo': {
      summary: 'Answers with its params.',
      access: 'viewer',
      positional: ['value', 'other'],
      params: z.strictObject({ value: z.unknown().optional(), other: z.string().optional() }),
      result: z.object({ value: z.unknown().optional(), other: z.string().optional() }),
    },
    'probe.public': {
      summary: 'For anybody.',
      access: 'public',
      params: z.strictObject({ text: z.string().max(2_000_000).default('') }),
      result: z.object({ length: z.int(), user: z.string().nullable() }),
    },
    'probe.subtract': {
      summary: 'The specification’s own example.',
      access: 'public',
      positional: ['minuend', 'subtrahend'],
      params: z.strictObject({ minuend: z.number(), subtrahend: z.number() }),
      result: z.number(),
    },
    'probe.fail': {
      summary: 'Fails with a fault or with an error of another kind.',
      access: 'viewer',
      params: z.strictObject({ kind: z.enum(['fault', 'error']) }),
      result: z.null(),
    },
    'probe.admin': {
      summary: 'For administrators.',
      access: 'admin',
      params: z.strictObject({}),
      result: z.null(),
    },
    'probe.secret': {
      summary: 'For services.',
      access: 'service',
      params: z.strictObject({}),
      result: z.null(),
    },
    'probe.rest': {
      summary: 'Has a REST face only.',
      access: 'viewer',
      params: z.strictObject({ id: z.string(), size: z.int().optional() }),
      result: z.object({ id: z.string(), size: z.int().nullable() }),
      http: { verb: 'GET', path: '/probe/:id' },
    },
    'probe.slow': {
      summary: 'Waits until it is aborted, or the time is up.',
      access: 'viewer',
      timeoutMs: 200,
      params: z.strictObject({}),
      result: z.null(),
    },
    'probe.linger': {
      summary: 'Waits for long, and notes when its client leaves.',
      access: 'viewer',
      params: z.strictObject({}),
      result: z.null(),
    },
    'probe.count': {
      summary: 'Counts in pieces.',
      access: 'viewer',
      params: z.strictObject({
        upTo: z.int().max(1_000_000),
        sizeBytes: z.int().max(1_000_000).default(0),
        everyMs: z.int().default(0),
      }),
      chunk: z.object({ number: z.int(), filling: z.string() }),
      result: z.object({ total: z.int() }),
    },
    'probe.execute': {
      summary: 'Draws from a small bucket.',
      access: 'viewer',
      rateClass: 'execute',
      params: z.strictObject({}),
      result: z.null(),
    },
  },
});

/** What happened inside the probe. */
export interface ProbeNotes {
  aborted: number;
  /** The last number that a `probe.count` was asked for. */
  counted: number;
  /** How many calls of `probe.linger` have begun. */
  lingering: number;
}

function probeModule(notes: ProbeNotes) {
  return defineModule({
    name: 'probe',
    contract: probeContract,
    needs: {},
    config: z.object({}),
    start: () => ({
      handlers: {
        'probe.echo': ({ params }) => params,
        'probe.public': ({ params, user }) => ({
          length: params.text.length,
          user: user?.userId ?? null,
        }),
        'probe.subtract': ({ params }) => params.minuend - params.subtrahend,
        'probe.fail': ({ params }) => {
          if (params.kind === 'fault') throw fault('probe.refused', { reason: 'a test' });
          throw new Error('something at /root/secret broke');
        },
        'probe.admin': () => null,
        'probe.secret': () => null,
        'probe.rest': ({ params }) => ({ id: params.id, size: params.size ?? null }),
        'probe.execute': () => null,
        'probe.slow': async ({ call }) => {
          await once(call.signal, 'abort');
          return null;
        },
        'probe.linger': async ({ call }) => {
          notes.lingering += 1;
          await sleep(20_000, undefined, { signal: call.signal, ref: false }).catch(() => {
            notes.aborted += 1;
          });
          return null;
        },
        'probe.count': async function* ({ params, call }) {
          const filling = 'x'.repeat(params.sizeBytes);
          try {
            for (let number = 1; number <= params.upTo; number += 1) {
              if (params.everyMs > 0) await sleep(params.everyMs, undefined, { signal: call.signal });
              notes.counted = number;
              yield { number, filling };
            }
          } finally {
            if (call.signal.aborted) notes.aborted += 1;
          }
          return { total: params.upTo };
        },
      },
    }),
  });
}

export interface RpcMessage {
  readonly id?: unknown;
  readonly result?: unknown;
  readonly error?: {
    readonly code: number;
    readonly message: string;
    readonly data: Record<string, unknown>;
  };
  readonly method?: string;
  readonly params?: Record<string, unknown>;
}

export interface TestSocket {
  readonly socket: WebSocket;
  /** Everything received, in order. */
  readonly messages: unknown[];
  send(value: unknown): void;
  /** Calls a method and waits for its answer. */
  call(method: string, params?: unknown): Promise<RpcMessage>;
  /** The frames of a stream so far. */
  frames(streamId: unknown): RpcMessage[];
}

export interface TestGateway extends AsyncDisposable {
  readonly world: TestWorld;
  readonly doorman: Doorman;
  readonly notes: ProbeNotes;
  /** Sends a text to /rpc; `token` null: without a credential. */
  post(text: string, options?: PostOptions): Promise<Response>;
  rpc(method: string, params?: unknown, options?: PostOptions): Promise<RpcMessage>;
  connect(token?: string, options?: ClientOptions): Promise<TestSocket>;
}

export interface PostOptions {
  readonly token?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The real gateway in a real platform, with methods that tests can reason about. */
export async function testGateway(environment: Readonly<Record<string, string>> = {}): Promise<TestGateway> {
  const doorman: Doorman = { voided: new Set(), revoke: () => Promise.resolve() };
  const notes: ProbeNotes = { aborted: 0, counted: 0, lingering: 0 };
  const gateway = defineGateway({ auth: doormanContract, events: eventsContract, probe: probeContract });
  const world = await testWorld([doormanModule(doorman), events, probeModule(notes), gateway], {
    environment,
  });
  const sockets: WebSocket[] = [];

  function post(
    text: string,
    { token = 'developer.ada', headers = {} }: PostOptions = {},
  ): Promise<Response> {
    return fetch(`${world.url}/rpc`, {
      method: 'POST',
      body: text,
      headers: {
        'content-type': 'application/json',
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...headers,
      },
    });
  }

  async function connect(token = 'developer.ada', options: ClientOptions = {}): Promise<TestSocket> {
    const socket = new WebSocket(`${world.url.replace('http', 'ws')}/ws`, {
      perMessageDeflate: false,
      ...options,
      headers: { ...(token === '' ? {} : { authorization: `Bearer ${token}` }), ...options.headers },
    });
    sockets.push(socket);
    const messages: unknown[] = [];
    const waiting = new Map<unknown, (message: RpcMessage) => void>();
    socket.on('message', (data) => {
      const message: RpcMessage = JSON.parse(String(data));
      messages.push(message);
      waiting.get(message.id)?.(message);
      waiting.delete(message.id);
    });
    await once(socket, 'open');
    let lastId = 0;
    const send = (value: unknown) => socket.send(typeof value === 'string' ? value : JSON.stringify(value));
    return {
      socket,
      messages,
      send,
      call(method, params) {
        lastId += 1;
        const id = `call-${lastId}`;
        return new Promise((resolve) => {
          waiting.set(id, resolve);
          send({ jsonrpc: '2.0', id, method, ...(params === undefined ? {} : { params }) });
        });
      },
      frames: (streamId) =>
        (messages as RpcMessage[]).filter((message) => message.params?.streamId === streamId),
    };
  }

  return {
    world,
    doorman,
    notes,
    post,
    connect,
    async rpc(method, params, options) {
      const body = { jsonrpc: '2.0', id: 1, method, ...(params === undefined ? {} : { params }) };
      return (await post(JSON.stringify(body), options)).json() as Promise<RpcMessage>;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.terminate();
      await world[Symbol.asyncDispose]();
    },
  };
}
