import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { WebSocket } from 'ws';
import { fault } from '#base/fault.ts';
import { authenticateRequest, presentedToken } from '#kernel/http/credentials.ts';
import { languageOf } from '#kernel/http/language.ts';
import { mountWebSocket } from '#kernel/http/websocket.ts';
import type { HttpKit } from '#kernel/module.ts';
import type { Connections } from './connections.ts';
import type { SocketOrigin } from './rpc-socket.ts';

export interface SocketRoutes {
  readonly kit: HttpKit;
  readonly connections: Connections;
  readonly messageLimitBytes: number;
  /** What serves each path once its client is known. */
  readonly paths: Readonly<Record<string, (socket: WebSocket, origin: SocketOrigin) => void>>;
}

/**
 * Mounts WebSockets. Who comes without a valid credential, from a foreign page or host, or with too many open
 * connections is refused before the upgrade, as problem details.
 */
export function mountSockets(app: FastifyInstance, routes: SocketRoutes): void {
  const { kit, connections, messageLimitBytes } = routes;

  async function admit(request: FastifyRequest): Promise<SocketOrigin> {
    const { headers } = request;
    const presented = presentedToken(headers);
    // The upgrade is a GET, so no CSRF value is asked for: the check of Origin, made for every request, protects it.
    const principal = await authenticateRequest({ headers, safe: true }, kit);
    if (presented === undefined || principal === null) throw fault('common.unauthenticated');
    connections.check(principal);
    const language = languageOf(headers['accept-language']);
    return { token: presented.token, principal, address: request.ip, language };
  }

  for (const [path, serve] of Object.entries(routes.paths)) {
    mountWebSocket(app, { path, maxMessageBytes: messageLimitBytes, admit, serve });
  }
}
