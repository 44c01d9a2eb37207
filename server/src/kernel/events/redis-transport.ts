import type { Logger } from 'pino';
import { createRedisConnection } from '../redis/connect.ts';
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
  const sender = createRedisConnection({ url, log, role: 'events, sending' });
  const receiver = createRedisConnection({ url, log, role: 'events, receiving' });

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
      sender.disconnect();
      receiver.disconnect();
      await fallback[Symbol.asyncDispose]();
    },
  };
}
