import type { Logger } from 'pino';
import type { RateClass } from '#base/contract.ts';
import { fault } from '#base/fault.ts';
import type { Principal } from '#base/principal.ts';
import { type BucketDraw, type BucketStore, createMemoryBuckets, type DrawResult } from './rate-buckets.ts';
import type { RateRule, RateRules } from './rate-config.ts';
import type { TakeRate } from './rest.ts';

export interface RateLimiterOptions {
  readonly rules: RateRules;
  /** How many times one user's calls all users behind one address may make together. */
  readonly addressFactor: number;
  readonly now: () => number;
  readonly log: Logger;
  /** Buckets that all replicas share; absent: those in memory alone. */
  readonly shared?: BucketStore;
}

type Reply = Parameters<TakeRate>[1];

/**
 * Limits each call by its class: per user, per API key and per address, whichever is empty first. Sends
 * `RateLimit-Limit`, `-Remaining`, `-Reset` and `-Policy` of the bucket that is nearest to empty
 * (draft-ietf-httpapi-ratelimit-headers-06, the version that clients read; later ones put all into one field).
 * While the shared buckets fail, a class goes on with those in memory or is refused, as its rule says.
 */
export function createRateLimiter(options: RateLimiterOptions): TakeRate {
  const { rules, addressFactor, shared } = options;
  const memory = createMemoryBuckets(options);
  const tables = new Map(
    Object.entries(rules).map(([name, rule]) => [name, createTable(name as RateClass, rule, addressFactor)]),
  );

  function tableOf(rateClass: RateClass): ClassTable {
    const table = tables.get(rateClass);
    if (table === undefined) throw new Error(`there is no rate class ${rateClass}`);
    return table;
  }

  return ({ principal, address, rateClass }, reply) => {
    const table = tableOf(rateClass);
    const draws = table.drawsOf(principal, address);
    if (shared === undefined) return settle(table, { draws, result: memory.draw(draws), reply });
    return drawShared(shared, draws)
      .catch((error: unknown) => {
        options.log.debug({ err: error }, 'shared rate limits do not answer');
        if (rules[rateClass].outage === 'open') return memory.draw(draws);
        throw fault('common.unavailable', { service: 'redis' }, { cause: error });
      })
      .then((result) => settle(table, { draws, result, reply }));
  };
}

async function drawShared(store: BucketStore, draws: readonly BucketDraw[]): Promise<DrawResult> {
  return store.draw(draws);
}

interface ClassTable {
  readonly policy: string;
  drawsOf(principal: Principal | null, address: string): BucketDraw[];
}

function createTable(name: RateClass, rule: RateRule, addressFactor: number): ClassTable {
  const { perSecond, burst } = rule;
  const many = { perSecond: perSecond * addressFactor, burst: burst * addressFactor };
  return {
    policy: `${burst};w=${Math.ceil(burst / perSecond)}`,
    drawsOf(principal, address) {
      const id = addressBlock(address);
      if (principal === null) return [{ space: `${name}:a`, id, perSecond, burst }];
      const draws: BucketDraw[] = [
        { space: `${name}:u`, id: principal.userId, perSecond, burst },
        { space: `${name}:m`, id, ...many },
      ];
      const { credential } = principal;
      if (credential.kind === 'apiKey') {
        draws.push({ space: `${name}:k`, id: credential.apiKeyId, perSecond, burst });
      }
      return draws;
    },
  };
}

/** One subscriber owns a whole /64 of IPv6 (RFC 6177), so single addresses of it say nothing. */
export function addressBlock(address: string): string {
  if (!address.includes(':')) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = '', tail] = address.split('%', 1)[0]?.split('::') ?? [];
  const groups = head === '' ? [] : head.split(':');
  if (tail === undefined) return groups.slice(0, 4).join(':');
  const after = tail === '' ? [] : tail.split(':');
  while (groups.length + after.length < 8) groups.push('0');
  return [...groups, ...after].slice(0, 4).join(':');
}

interface Settlement {
  readonly draws: readonly BucketDraw[];
  readonly result: DrawResult;
  readonly reply: Reply;
}

/** Tells the client where it stands. @throws common.rate_limited */
function settle(table: ClassTable, { draws, result, reply }: Settlement): void {
  let tightest = draws[0];
  let left = result.left[0] ?? 0;
  let waitMs = 0;
  for (let index = 0; index < draws.length; index += 1) {
    const draw = draws[index];
    const tokens = result.left[index] ?? 0;
    if (draw === undefined) continue;
    waitMs = Math.max(waitMs, ((1 - tokens) / draw.perSecond) * 1_000);
    if (tokens < left) {
      left = tokens;
      tightest = draw;
    }
  }
  const { burst = 0, perSecond = 1 } = tightest ?? {};
  const remaining = Math.max(0, Math.floor(left));
  const resetSeconds = Math.ceil((burst - left) / perSecond);
  reply.header('ratelimit-limit', burst);
  reply.header('ratelimit-remaining', remaining);
  reply.header('ratelimit-reset', resetSeconds);
  reply.header('ratelimit-policy', table.policy);
  if (!result.allowed) throw fault('common.rate_limited', { retryAfterMs: Math.ceil(waitMs) });
}
