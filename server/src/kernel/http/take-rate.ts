import type { Logger } from 'pino';
import { type RateConfig, rateRulesOf } from './rate-config.ts';
import { createRateLimiter } from './rate-limit.ts';
import { createRedisBuckets } from './rate-redis.ts';
import type { TakeRate } from './rest.ts';

/** The installation's part of a Redis that others may use too. */
export interface RedisPlace {
  readonly url: string;
  readonly prefix: string;
}

export interface TakeRateParts {
  readonly now: () => number;
  readonly log: Logger;
  readonly redis?: RedisPlace | undefined;
}

const commandTimeoutMs = 250;

/** The process's rate limits by its configuration: in memory, or in Redis for all replicas together. */
export async function createTakeRate(
  config: RateConfig,
  parts: TakeRateParts,
): Promise<AsyncDisposable & { readonly take: TakeRate }> {
  const { now, log } = parts;
  const common = { rules: rateRulesOf(config), addressFactor: config.addressFactor, now, log };
  if (parts.redis === undefined) {
    return { take: createRateLimiter(common), [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  const { url, prefix } = parts.redis;
  const { createRedisConnection } = await import('../redis/connect.ts');
  const redis = createRedisConnection({ url, log, role: 'rate limits', commandTimeoutMs });
  redis.connect().catch(() => undefined);
  const shared = createRedisBuckets({ redis, prefix: `${prefix}rate:`, now });
  return {
    take: createRateLimiter({ ...common, shared }),
    [Symbol.asyncDispose]: async () => redis.disconnect(),
  };
}
