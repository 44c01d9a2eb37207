import type { Logger } from 'pino';
import type { WebSocket } from 'ws';
import { type Fault, fault, isFault, type Language } from '#base/fault.ts';
import type { Principal } from '#base/principal.ts';
import { dispatchRpc } from '#kernel/rpc/dispatch.ts';
import type { FaultCatalogue } from '#kernel/rpc/fault-catalogue.ts';
import type { Identity } from '#kernel/rpc/identity.ts';
import { createOutbound } from '#kernel/rpc/outbound.ts';
import type { StreamHub } from '#kernel/rpc/streams.ts';
import { newTraceId } from '#kernel/telemetry/trace.ts';
import { type Connection, type Connections, closeCodes } from './connections.ts';
import type { CallerContext, Executor } from './executor.ts';
import { runTransportMethod } from './transport-methods.ts';

export interface RpcSocketOptions {
  readonly executor: Executor;
  readonly catalogue: FaultCatalogue;
  readonly identity: Identity;
  readonly hub: StreamHub;
  readonly connections: Connections;
  readonly log: Logger;
  readonly limits: {
    readonly highWaterBytes: number;
    readonly stuckMs: number;
    /** Calls that one connection may have under way. */
    readonly callsAtOnce: number;
  };
}

export interface SocketOrigin {
  readonly token: string;
  readonly principal: Principal;
  readonly address: string;
  readonly language: Language;
}

const noHeaders = { header: () => undefined };

/** Serves JSON-RPC on one WebSocket until it closes. */
export function serveRpcSocket(socket: WebSocket, origin: SocketOrigin, options: RpcSocketOptions): void {
  const { connections, hub, limits, log, identity, catalogue } = options;
  const outbound = createOutbound(socket, limits);
  const connection: Connection = { socket, token: origin.token, principal: origin.principal, alive: true };
  const departures = new Set<(reason: unknown) => void>();
  let calls = 0;
  let answersWait = false;
  connections.add(connection);

  /** A client that sends more than it lets us answer is not read until it has caught up. */
  function steerReading(): void {
    const hold = answersWait || calls >= limits.callsAtOnce;
    if (hold && !socket.isPaused) socket.pause();
    else if (!hold && socket.isPaused) socket.resume();
  }

  function send(text: string): void {
    outbound.send(text);
    if (answersWait) return;
    void outbound.waitForRoom()?.then((outcome) => {
      answersWait = false;
      if (outcome === 'stuck') socket.terminate();
      else if (outcome === 'room') steerReading();
    });
    answersWait = socket.bufferedAmount > limits.highWaterBytes;
  }

  async function currentPrincipal(): Promise<Principal | Fault> {
    try {
      return (await identity.authenticate(origin.token)) ?? fault('gateway.session_ended');
    } catch (error) {
      if (isFault(error)) return error;
      log.error({ err: error }, 'a credential could not be checked');
      return fault('common.unavailable', { service: 'auth' });
    }
  }

  async function answer(text: string): Promise<void> {
    const who = identity.peek(origin.token) ?? (await currentPrincipal());
    const denied = isFault(who) ? who : undefined;
    const traceId = newTraceId();
    const afterwards: (() => void)[] = [];
    const aborts: ((reason: unknown) => void)[] = [];
    const caller: CallerContext = {
      principal: isFault(who) ? null : who,
      denied,
      address: origin.address,
      language: origin.language,
      traceId,
      reply: noHeaders,
      onSignal: (abort) => {
        aborts.push(abort);
        departures.add(abort);
      },
      openStream: (input) => {
        const { streamId, start } = hub.open({ ...input, outbound });
        afterwards.push(start);
        return { streamId };
      },
      transport: (method, params, user) =>
        runTransportMethod(hub, {
          method,
          params,
          user,
          outbound,
          afterAnswer: (work) => afterwards.push(work),
        }),
    };
    const reply = await dispatchRpc(text, {
      catalogue,
      language: origin.language,
      traceId,
      execute: (request) => options.executor.execute(request, caller),
      onUnexpected: (error, method) => log.error({ err: error, traceId, method }, 'a call failed'),
    });
    for (const abort of aborts) departures.delete(abort);
    if (reply !== null) send(reply);
    for (const work of afterwards) work();
    if (isFault(denied, 'gateway.session_ended')) socket.close(closeCodes.sessionEnded, denied.code);
  }

  socket.on('message', (data, isBinary) => {
    if (isBinary) return socket.close(closeCodes.unsupported, 'text only');
    calls += 1;
    answer(String(data))
      .catch((error: unknown) => {
        log.error({ err: error }, 'a message could not be answered');
        socket.close(1011, 'internal');
      })
      .finally(() => {
        calls -= 1;
        steerReading();
      });
    steerReading();
  });
  socket.on('pong', () => {
    connection.alive = true;
  });
  // 'close' follows; without a listener an error would end the process.
  socket.on('error', (error) => log.debug({ err: error }, 'a WebSocket broke'));
  socket.on('close', () => {
    outbound.close();
    connections.remove(connection);
    hub.detach(outbound);
    const reason = fault('common.cancelled');
    for (const abort of departures) abort(reason);
  });
}
