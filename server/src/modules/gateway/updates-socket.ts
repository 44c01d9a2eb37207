import type { Logger } from 'pino';
import type { WebSocket } from 'ws';
import type { Client } from '#base/contract.ts';
import { fault, isFault } from '#base/fault.ts';
import { LazyCall } from '#kernel/rpc/call-context.ts';
import { createOutbound, type OutboundLimits } from '#kernel/rpc/outbound.ts';
import { newTraceId } from '#kernel/telemetry/trace.ts';
import type { eventsContract } from '#modules/events/contract.ts';
import { type Connection, type Connections, closeCodes } from './connections.ts';
import type { SocketOrigin } from './rpc-socket.ts';

export interface UpdatesSocketOptions {
  readonly events: Client<typeof eventsContract>;
  readonly connections: Connections;
  readonly limits: OutboundLimits;
  readonly log: Logger;
}

/**
 * `/ws/updates`: pushes each update as a JSON-RPC notification whose method is its topic. Nothing is read from
 * the client; one that takes nothing for too long is dropped.
 */
export function serveUpdatesSocket(
  socket: WebSocket,
  origin: SocketOrigin,
  options: UpdatesSocketOptions,
): void {
  const { connections, log } = options;
  const outbound = createOutbound(socket, options.limits);
  const connection: Connection = { socket, token: origin.token, principal: origin.principal, alive: true };
  const call = new LazyCall({ ...origin, traceId: newTraceId() });
  connections.add(connection);
  socket.on('message', () => socket.close(closeCodes.unsupported, 'this connection only tells'));
  socket.on('pong', () => {
    connection.alive = true;
  });
  socket.on('error', (error) => log.debug({ err: error }, 'a WebSocket broke'));
  socket.on('close', () => {
    outbound.close();
    connections.remove(connection);
    call.abort(fault('common.cancelled'));
  });

  async function tell(): Promise<void> {
    for await (const { topic, ...params } of options.events.stream('updates.subscribe', {}, call)) {
      outbound.send(JSON.stringify({ jsonrpc: '2.0', method: topic, params }));
      const outcome = await outbound.waitForRoom();
      if (outcome === 'stuck') return socket.terminate();
    }
  }
  tell().catch((error: unknown) => {
    if (outbound.closed) return;
    if (!isFault(error)) log.error({ err: error }, 'updates failed');
    socket.close(closeCodes.tooSlow, isFault(error) ? error.code : 'common.internal');
  });
}
