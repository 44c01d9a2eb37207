import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type WebSocket, WebSocketServer } from 'ws';
import { fault } from '#base/fault.ts';
import { builtinHttp } from './builtin-http.ts';

export interface WebSocketRoute<Admitted> {
  readonly path: string;
  readonly maxMessageBytes: number;
  /** Decides before the upgrade; what it throws is answered as problem details. */
  readonly admit: (request: FastifyRequest) => Promise<Admitted>;
  readonly serve: (socket: WebSocket, admitted: Admitted) => void;
}

interface Upgrade {
  readonly socket: Duplex;
  readonly head: Buffer;
}

/** What an upgrade came with, until it is made or refused. */
const upgrades = new WeakMap<IncomingMessage, Upgrade>();
const prepared = new WeakSet<object>();

const restarting = 1012;
const closingMs = 500;

/** For `http.createServer`: anything but a WebSocket (curl's h2c, say) is an ordinary request. */
export function isWebSocketUpgrade(request: IncomingMessage): boolean {
  return request.method === 'GET' && request.headers.upgrade?.toLowerCase() === 'websocket';
}

/**
 * Sends upgrades through the server's ordinary routes and hooks, so that host, origin and trace are treated once
 * and for all, and closes the socket of each that is answered without an upgrade. (`@fastify/websocket` leaves
 * those open that a hook of the whole server refuses: docs/decisions/0005-websocket-upgrade.md.)
 */
function prepare(app: FastifyInstance): void {
  if (prepared.has(app.server)) return;
  prepared.add(app.server);
  app.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // Node takes its own error listener away before this event.
    socket.on('error', () => socket.destroy());
    upgrades.set(request, { socket, head });
    const response = new (builtinHttp().ServerResponse)(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket as never);
    response.once('finish', () => socket.end());
    app.routing(request, response);
  });
}

/** Mounts one WebSocket. It speaks no compression: that costs 11 times the CPU for messages of our size. */
export function mountWebSocket<Admitted>(app: FastifyInstance, route: WebSocketRoute<Admitted>): void {
  prepare(app);
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: route.maxMessageBytes,
    perMessageDeflate: false,
  });
  app.get(route.path, async (request, reply) => {
    const upgrade = upgrades.get(request.raw);
    if (upgrade === undefined) throw fault('common.invalid_request', { reason: 'this path is a WebSocket' });
    const admitted = await route.admit(request);
    upgrades.delete(request.raw);
    reply.hijack();
    server.handleUpgrade(request.raw, upgrade.socket, upgrade.head, (socket) =>
      route.serve(socket, admitted),
    );
  });
  app.addHook('preClose', async () => {
    for (const client of server.clients) client.close(restarting, 'restarting');
    const untilMs = performance.now() + closingMs;
    while (server.clients.size > 0 && performance.now() < untilMs) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    for (const client of server.clients) client.terminate();
  });
}
