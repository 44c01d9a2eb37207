import { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { redactText } from '../telemetry/log.ts';

export interface RedisConnectionOptions {
  readonly url: string;
  readonly log: Logger;
  /** What the connection is for, in the log. */
  readonly role: string;
  /** A command without an answer for so long has failed. */
  readonly commandTimeoutMs?: number;
}

/**
 * A connection to Redis or Valkey that is not yet opened (`connect()`), comes back by itself after an outage, and
 * says so once in the log. While it is away commands fail at once instead of queueing.
 */
export function createRedisConnection(options: RedisConnectionOptions): Redis {
  const { log, role } = options;
  const client = new Redis(options.url, {
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    connectTimeout: 2_000,
    retryStrategy: (tries) => Math.min(100 * 2 ** tries, 5_000),
    ...(options.commandTimeoutMs === undefined ? {} : { commandTimeout: options.commandTimeoutMs }),
  });
  let reported = false;
  let reason: string | undefined;
  client.on('error', (error: Error) => {
    reason = redactText(error.message);
  });
  client.on('close', () => {
    if (!reported && client.status !== 'end') {
      log.warn({ reason, role }, 'Redis does not answer; going on without it');
    }
    reported = true;
  });
  client.on('ready', () => {
    if (reported) log.info({ role }, 'Redis answers again');
    reported = false;
  });
  return client;
}
