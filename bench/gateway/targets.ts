// One server of the comparison, by its name as argument. Prints `ready <port> <token>` and ends with its stdin.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { defineContract } from '@cyberdevstudio/server/base/contract.ts';
import { rateRulesOf, rateSection } from '@cyberdevstudio/server/kernel/http/rate-config.ts';
import { createRateLimiter } from '@cyberdevstudio/server/kernel/http/rate-limit.ts';
import { mountWebSocket } from '@cyberdevstudio/server/kernel/http/websocket.ts';
import { listen } from '@cyberdevstudio/server/kernel/listen.ts';
import { defineModule } from '@cyberdevstudio/server/kernel/module.ts';
import { startPlatform } from '@cyberdevstudio/server/kernel/platform.ts';
import { createOutbound } from '@cyberdevstudio/server/kernel/rpc/outbound.ts';
import { testDatabase } from '@cyberdevstudio/server/kernel/testing/database.ts';
import { authContract } from '@cyberdevstudio/server/modules/auth/contract.ts';
import { auth } from '@cyberdevstudio/server/modules/auth/module.ts';
import { eventsContract } from '@cyberdevstudio/server/modules/events/contract.ts';
import { events } from '@cyberdevstudio/server/modules/events/module.ts';
import { defineGateway } from '@cyberdevstudio/server/modules/gateway/gateway.ts';
import { ledger } from '@cyberdevstudio/server/modules/ledger/module.ts';
import fastify from 'fastify';
import { pino } from 'pino';
import { WebSocketServer } from 'ws';
import { z } from 'zod';

interface Target {
  readonly port: number;
  readonly token?: string;
  readonly stop?: () => Promise<void>;
}

const log = pino({ level: 'silent' });

async function hello(limited: boolean): Promise<Target> {
  const app = fastify({ logger: false });
  const rules = rateRulesOf(rateSection.parse({ readPerSecond: 1_000_000, readBurst: 1_000_000 }));
  const take = createRateLimiter({ rules, addressFactor: 4, now: Date.now, log });
  app.post('/rpc', (request, reply) => {
    if (limited) void take({ principal: null, address: request.ip, rateClass: 'read' }, reply);
    return { hello: 'world' };
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  return { port: (app.server.address() as AddressInfo).port };
}

const benchContract = defineContract('bench', {
  events: {},
  faults: {},
  methods: {
    'bench.open': {
      summary: 'Without a sign-in.',
      access: 'public',
      params: z.strictObject({ name: z.string().max(100), count: z.int().min(0) }),
      result: z.object({ hello: z.string(), count: z.int() }),
    },
    'bench.signedIn': {
      summary: 'With a sign-in.',
      access: 'viewer',
      params: z.strictObject({ name: z.string().max(100), count: z.int().min(0) }),
      result: z.object({ hello: z.string(), count: z.int() }),
    },
  },
});

const bench = defineModule({
  name: 'bench',
  contract: benchContract,
  needs: {},
  config: z.object({}),
  start: () => ({
    handlers: {
      'bench.open': ({ params }) => ({ hello: params.name, count: params.count }),
      'bench.signedIn': ({ params }) => ({ hello: params.name, count: params.count }),
    },
  }),
});

/** The real platform: composition, HTTP stack, sign-in with EdDSA tokens, limits, metrics. */
async function platform(): Promise<Target> {
  const database = await testDatabase();
  const dataDir = mkdtempSync(path.join(tmpdir(), 'cds-bench-'));
  const gateway = defineGateway({ auth: authContract, events: eventsContract, bench: benchContract });
  const modules = [auth, ledger, events, bench, gateway];
  const running = await startPlatform({
    service: 'bench',
    modules,
    knownModules: modules,
    alone: true,
    environment: {
      CDS_DATA_DIR: dataDir,
      DATABASE_URL: database.connectionString,
      CDS_LOG_LEVEL: 'silent',
      CDS_LOG_FILE: 'false',
      CDS_RATE_READ_PER_SECOND: '1000000',
      CDS_RATE_READ_BURST: '1000000',
      CDS_REGISTRATION: 'open',
      CDS_GATEWAY_CONNECTIONS_PER_USER: '5000',
    },
  });
  const url = await listen(running, { service: 'bench', modules: modules.map((one) => one.name), port: 0 });
  const answer = await fetch(`${url}/auth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'bench', password: 'a long enough pass phrase 42' }),
  });
  const { accessToken } = (await answer.json()) as { accessToken: string };
  return {
    port: Number(new URL(url).port),
    token: accessToken,
    stop: async () => {
      await running[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

async function bareWebSocket(): Promise<Target> {
  const server = createServer();
  const sockets = new WebSocketServer({ server, perMessageDeflate: false });
  sockets.on('connection', (socket) => {
    socket.on('message', (data) => socket.send(String(data)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port };
}

/** An echo through the parts that every WebSocket of ours goes through. */
async function ownWebSocket(): Promise<Target> {
  const app = fastify({ logger: false });
  mountWebSocket(app, {
    path: '/',
    maxMessageBytes: 1_000_000,
    admit: async () => null,
    serve: (socket) => {
      const outbound = createOutbound(socket, { highWaterBytes: 262_144, stuckMs: 30_000 });
      socket.on('message', (data) => outbound.send(String(data)));
      socket.on('close', () => outbound.close());
    },
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  return { port: (app.server.address() as AddressInfo).port };
}

const targets: Readonly<Record<string, () => Promise<Target>>> = {
  hello: () => hello(false),
  limited: () => hello(true),
  platform,
  bareWebSocket,
  ownWebSocket,
};

const start = targets[process.argv[2] ?? ''];
if (start === undefined) throw new Error(`one of ${Object.keys(targets).join(', ')} is needed`);
const target = await start();
process.stdout.write(`ready ${target.port} ${target.token ?? '-'}\n`);
process.stdin.resume();
process.stdin.once('end', () => {
  void (target.stop?.() ?? Promise.resolve()).then(() => process.exit(0));
});
