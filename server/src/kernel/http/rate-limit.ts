import type { RateClass } from '#base/contract.ts';
import { fault } from '#base/fault.ts';
import type { TakeRate } from './rest.ts';

/** A token bucket: `burst` calls at once, refilled at `perSecond`. */
export interface RateRule {
  readonly perSecond: number;
  readonly burst: number;
}

export type RateRules = Readonly<Record<RateClass, RateRule>>;

/** For one user, key or address; generous to a person and an editor, narrow to a guessing machine. */
export const defaultRateRules: RateRules = {
  read: { perSecond: 200, burst: 1_000 },
  write: { perSecond: 100, burst: 500 },
  execute: { perSecond: 20, burst: 100 },
  inference: { perSecond: 10, burst: 60 },
  auth: { perSecond: 2, burst: 30 },
};

interface Bucket {
  tokens: number;
  atMs: number;
}

export interface RateLimiter {
  readonly take: TakeRate;
}

/**
 * Limits in this process's memory. Buckets that have filled up again are forgotten, and never are more than
 * `maxBuckets` kept: a flood from many addresses costs bounded memory.
 */
export function createRateLimiter(options: {
  rules?: RateRules;
  now: () => number;
  maxBuckets?: number;
}): RateLimiter {
  const { rules = defaultRateRules, now, maxBuckets = 50_000 } = options;
  const buckets = new Map<string, Bucket>();

  function bucketOf(key: string, rule: RateRule): Bucket {
    const nowMs = now();
    const known = buckets.get(key);
    if (known !== undefined) {
      known.tokens = Math.min(rule.burst, known.tokens + ((nowMs - known.atMs) / 1_000) * rule.perSecond);
      known.atMs = nowMs;
      return known;
    }
    if (buckets.size >= maxBuckets) {
      const oldest = buckets.keys().next();
      if (!oldest.done) buckets.delete(oldest.value);
    }
    const fresh = { tokens: rule.burst, atMs: nowMs };
    buckets.set(key, fresh);
    return fresh;
  }

  return {
    take({ principal, address, rateClass }, reply) {
      const rule = rules[rateClass];
      const bucket = bucketOf(`${rateClass} ${subjectOf(principal, address)}`, rule);
      const allowed = bucket.tokens >= 1;
      if (allowed) bucket.tokens -= 1;
      const resetSeconds = Math.ceil((rule.burst - bucket.tokens) / rule.perSecond);
      reply.header(
        'ratelimit-policy',
        `"${rateClass}";q=${rule.burst};w=${Math.ceil(rule.burst / rule.perSecond)}`,
      );
      reply.header('ratelimit', `"${rateClass}";r=${Math.floor(bucket.tokens)};t=${resetSeconds}`);
      if (allowed) return;
      throw fault('common.rate_limited', {
        retryAfterMs: Math.ceil(((1 - bucket.tokens) / rule.perSecond) * 1_000),
      });
    },
  };
}

function subjectOf(principal: Parameters<TakeRate>[0]['principal'], address: string): string {
  if (principal === null) return `a ${address}`;
  return principal.credential.kind === 'apiKey'
    ? `k ${principal.credential.apiKeyId}`
    : `u ${principal.userId}`;
}
