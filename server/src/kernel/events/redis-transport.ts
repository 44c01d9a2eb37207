import { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { redactText } from '../telemetry/log.ts';
import type { EventTransport } from './transport.ts';

export interface RedisTransportOptions {
  readonly url: string;
  /** Separates installations that share one Redis. */
  readonly channel: string;
  readonly log: Logger;
  /** Takes over while Redis is away. */
  readonly fallback: EventTransport;
}

const startWaitMs = 2_000;

/** Redis or Valkey publish/subscribe. An outage is logged once; meanwhile messages take the fallback's way. */
export function createRedisTransport(options: RedisTransportOptions): EventTransport {
  const { url, channel, log, fallback } = options;
  let closed = false;

  function connect(role: string): Redis {
    const client = new Redis(url, {
      lazyConnect: true,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      connectTimeout: 2_000,
      retryStrategy: (tries) => (closed ? null : Math.min(100 * 2 ** tries, 5_000)),
    });
    let reported = false;
    let reason: string | undefined;
    client.on('error', (error: Error) => {
      reason = redactText(error.message);
    });
    client.on('close', () => {
      if (!reported && !closed) log.warn({ reason, role }, 'Redis does not answer; going on without it');
      reported = true;
    });
    client.on('ready', () => {
      if (reported) log.info({ role }, 'Redis answers again');
      reported = false;
    });
    return client;
  }

  const sender = connect('events, sending');
  const receiver = connect('events, receiving');

  return {
    async start(onMessage, onGap) {
      await fallback.start(onMessage, onGap);
      receiver.on('message', (_channel: string, message: string) => onMessage(message));
      let before = false;
      const subscribed = new Promise<void>((resolve) => {
        receiver.on('ready', () => {
          receiver.subscribe(channel).then(
            () => {
              if (before) onGap();
              before = true;
              resolve();
            },
            (error: unknown) => log.warn({ err: error }, 'Redis refused the subscription to events'),
          );
        });
      });
      // A Redis that is away at the start must not keep the process from starting.
      sender.connect().catch(() => undefined);
      receiver.connect().catch(() => undefined);
      let timer: NodeJS.Timeout | undefined;
      const waited = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, startWaitMs);
      });
      await Promise.race([subscribed, waited]);
      clearTimeout(timer);
    },
    send(message) {
      if (sender.status !== 'ready') return fallback.send(message);
      sender.publish(channel, message).catch(() => fallback.send(message));
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      sender.disconnect();
      receiver.disconnect();
      await fallback[Symbol.asyncDispose]();
    },
  };
}
