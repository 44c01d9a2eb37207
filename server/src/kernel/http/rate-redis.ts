import type { Redis } from 'ioredis';
import type { BucketDraw, BucketStore, DrawResult } from './rate-buckets.ts';

/** Thrown at once while Redis is known to be away, so that an outage costs one time-out a second, not one a call. */
export class RedisAway extends Error {
  override readonly name = 'RedisAway';
}

/**
 * Redis's own clock serves all replicas. A bucket that has had time to fill up is forgotten. Numbers travel as
 * text: Lua's would be cut to integers.
 */
const script = `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + tonumber(time[2]) / 1000
local left = {}
local allowed = 1
for i = 1, #KEYS do
  local per_second = tonumber(ARGV[2 * i - 1])
  local burst = tonumber(ARGV[2 * i])
  local bucket = redis.call('HMGET', KEYS[i], 't', 'a')
  local tokens = burst
  if bucket[1] then
    tokens = math.min(burst, tonumber(bucket[1]) + math.max(0, now - tonumber(bucket[2])) / 1000 * per_second)
  end
  if tokens < 1 then allowed = 0 end
  left[i] = tokens
end
for i = 1, #KEYS do
  local per_second = tonumber(ARGV[2 * i - 1])
  local burst = tonumber(ARGV[2 * i])
  if allowed == 1 then left[i] = left[i] - 1 end
  redis.call('HSET', KEYS[i], 't', tostring(left[i]), 'a', tostring(now))
  redis.call('PEXPIRE', KEYS[i], math.ceil((burst - left[i]) / per_second * 1000) + 1000)
  left[i] = tostring(left[i])
end
return { allowed, left }
`;

const pauseMs = 1_000;

interface Scripted {
  drawTokens(
    keyCount: number,
    ...keysAndArguments: (string | number)[]
  ): Promise<[allowed: number, left: string[]]>;
}

/** Buckets that all replicas share: one round trip a call. Rejects while Redis is away. */
export function createRedisBuckets(options: {
  redis: Redis;
  /** Separates installations that share one Redis. */
  prefix: string;
  now: () => number;
}): BucketStore {
  const { redis, prefix, now } = options;
  redis.defineCommand('drawTokens', { lua: script });
  const scripted = redis as unknown as Scripted;
  let awayUntilMs = 0;

  return {
    async draw(draws: readonly BucketDraw[]): Promise<DrawResult> {
      if (redis.status !== 'ready' || now() < awayUntilMs) throw new RedisAway('Redis is away');
      const keys = draws.map((draw) => `${prefix}${draw.space}:${draw.id}`);
      const rules = draws.flatMap((draw) => [draw.perSecond, draw.burst]);
      try {
        const [allowed, left] = await scripted.drawTokens(keys.length, ...keys, ...rules);
        return { allowed: allowed === 1, left: left.map(Number) };
      } catch (error) {
        awayUntilMs = now() + pauseMs;
        throw error;
      }
    },
  };
}
