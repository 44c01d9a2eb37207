import pg from 'pg';
import type { Logger } from 'pino';

export interface ListenOptions {
  readonly connectionString: string;
  readonly channel: string;
  readonly onNotify: (payload: string) => void;
  readonly onGap: (() => void) | undefined;
  readonly log: Logger | undefined;
}

const firstDelayMs = 100;
const longestDelayMs = 5_000;

/**
 * LISTEN on a connection of its own, since a pooled one may be handed to anybody. A broken connection is opened
 * again with growing delays; what was notified meanwhile is lost, which `onGap` tells.
 */
export async function listenOn(options: ListenOptions): Promise<AsyncDisposable> {
  const { connectionString, channel, onNotify, onGap, log } = options;
  let current: pg.Client | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  async function open(): Promise<void> {
    const client = new pg.Client({
      connectionString,
      application_name: 'cyberdevstudio listen',
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      connectionTimeoutMillis: 10_000,
    });
    client.on('notification', (message) => onNotify(message.payload ?? ''));
    client.on('error', (error) => log?.debug({ err: error }, 'the listening connection broke'));
    client.once('end', () => {
      if (!closed && current === client) reopen(firstDelayMs);
    });
    try {
      await client.connect();
      await client.query(`listen ${client.escapeIdentifier(channel)}`);
    } catch (error) {
      void client.end().catch(() => undefined);
      throw error;
    }
    current = client;
  }

  function reopen(delayMs: number): void {
    current = undefined;
    timer = setTimeout(() => {
      open().then(
        () => (closed ? void current?.end() : onGap?.()),
        () => {
          if (!closed) reopen(Math.min(delayMs * 2, longestDelayMs));
        },
      );
    }, delayMs);
    timer.unref();
  }

  await open();
  return {
    async [Symbol.asyncDispose]() {
      closed = true;
      clearTimeout(timer);
      await current?.end();
    },
  };
}
