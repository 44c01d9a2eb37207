import type { Gauge } from 'prom-client';
import { fault } from '#base/fault.ts';
import type { Principal } from '#base/principal.ts';
import type { Identity } from '#kernel/rpc/identity.ts';

/** The part of a WebSocket that looking after it needs; `ws` fits. */
export interface LiveSocket {
  /** We read nothing from it at the moment, its pongs included. */
  readonly isPaused: boolean;
  ping(): void;
  terminate(): void;
  close(code: number, reason: string): void;
}

export interface Connection {
  readonly socket: LiveSocket;
  /** The credential that opened it, asked again for each call and at each heartbeat. */
  readonly token: string;
  readonly principal: Principal;
  /** Set by the socket's pong. */
  alive: boolean;
}

/** Close codes of our own (RFC 6455 section 7.4.2: 4000-4999). */
export const closeCodes = { sessionEnded: 4401, tooSlow: 4408, unsupported: 1003 } as const;

/** Every open WebSocket of the process. */
export interface Connections extends Disposable {
  /** @throws gateway.too_many_connections */
  check(principal: Principal): void;
  add(connection: Connection): void;
  remove(connection: Connection): void;
  /** Closes the connections of a user, session or API key whose rights have ended. */
  revoke(subject: { userId?: string | undefined; credentialId?: string | undefined }): void;
  readonly size: number;
}

export interface ConnectionsOptions {
  readonly identity: Identity;
  readonly perUser: number;
  readonly heartbeatMs: number;
  readonly gauge: Gauge;
}

/**
 * Counts connections, drops those that answer no ping within one heartbeat, and those whose credential has
 * ended. One timer serves all.
 */
export function createConnections(options: ConnectionsOptions): Connections {
  const connections = new Set<Connection>();
  const perUser = new Map<string, number>();

  function endSession({ socket }: Connection): void {
    socket.close(closeCodes.sessionEnded, 'gateway.session_ended');
  }

  async function checkCredential(connection: Connection): Promise<void> {
    const principal = await options.identity.authenticate(connection.token);
    if (principal === null) endSession(connection);
  }

  const heartbeat = setInterval(() => {
    for (const connection of connections) {
      if (!connection.alive && !connection.socket.isPaused) {
        connection.socket.terminate();
        continue;
      }
      connection.alive = false;
      connection.socket.ping();
      // An auth service that does not answer right now must not end everybody's session.
      checkCredential(connection).catch(() => undefined);
    }
  }, options.heartbeatMs).unref();

  function matches(connection: Connection, subject: Parameters<Connections['revoke']>[0]): boolean {
    const { principal } = connection;
    const { credential } = principal;
    if (subject.credentialId !== undefined) {
      const id =
        credential.kind === 'session'
          ? credential.sessionId
          : credential.kind === 'apiKey'
            ? credential.apiKeyId
            : undefined;
      return id === subject.credentialId;
    }
    return subject.userId === principal.userId;
  }

  return {
    get size() {
      return connections.size;
    },
    check({ userId }) {
      if ((perUser.get(userId) ?? 0) >= options.perUser) {
        throw fault('gateway.too_many_connections', { limit: options.perUser });
      }
    },
    add(connection) {
      connections.add(connection);
      const { userId } = connection.principal;
      perUser.set(userId, (perUser.get(userId) ?? 0) + 1);
      options.gauge.inc();
    },
    remove(connection) {
      if (!connections.delete(connection)) return;
      const { userId } = connection.principal;
      const left = (perUser.get(userId) ?? 1) - 1;
      if (left === 0) perUser.delete(userId);
      else perUser.set(userId, left);
      options.gauge.dec();
    },
    revoke(subject) {
      for (const connection of connections) if (matches(connection, subject)) endSession(connection);
    },
    [Symbol.dispose]() {
      clearInterval(heartbeat);
    },
  };
}
