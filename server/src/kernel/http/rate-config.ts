import { z } from 'zod';
import type { RateClass } from '#base/contract.ts';

/** A token bucket: `burst` calls at once, refilled at `perSecond`. */
export interface RateRule {
  readonly perSecond: number;
  readonly burst: number;
  /**
   * What happens while Redis is away: `open` limits in the memory of each process, `closed` refuses the class
   * with common.unavailable.
   */
  readonly outage: 'open' | 'closed';
}

export type RateRules = Readonly<Record<RateClass, RateRule>>;

const perSecond = (calls: number, what: string) =>
  z.number().positive().default(calls).describe(`Calls a second of one user, key or address that ${what}`);
const burst = (calls: number, what: string) =>
  z.int().min(1).default(calls).describe(`Calls at once of one user, key or address that ${what}`);
const outage = () =>
  z
    .enum(['open', 'closed'])
    .default('open')
    .describe('While Redis is away: open limits in each process by itself, closed refuses such calls');

/**
 * `CDS_RATE_…`. The defaults let a person, an editor and the load that the platform is built for through, and
 * stop a client that runs away. Password guessing is slowed by the auth module itself, user by user.
 */
export const rateSection = z.object({
  readPerSecond: perSecond(2_000, 'read'),
  readBurst: burst(4_000, 'read'),
  readOutage: outage(),
  writePerSecond: perSecond(500, 'change something'),
  writeBurst: burst(1_000, 'change something'),
  writeOutage: outage(),
  executePerSecond: perSecond(50, 'run programs'),
  executeBurst: burst(200, 'run programs'),
  executeOutage: outage(),
  inferencePerSecond: perSecond(20, 'use a model'),
  inferenceBurst: burst(100, 'use a model'),
  inferenceOutage: outage(),
  authPerSecond: perSecond(5, 'sign in or out'),
  authBurst: burst(60, 'sign in or out'),
  authOutage: outage(),
  addressFactor: z
    .number()
    .min(1)
    .default(4)
    .describe('How many times one user’s calls all users behind one address may make together'),
});

export type RateConfig = z.output<typeof rateSection>;

export function rateRulesOf(config: RateConfig): RateRules {
  const rule = (name: RateClass): RateRule => ({
    perSecond: config[`${name}PerSecond`],
    burst: config[`${name}Burst`],
    outage: config[`${name}Outage`],
  });
  return {
    read: rule('read'),
    write: rule('write'),
    execute: rule('execute'),
    inference: rule('inference'),
    auth: rule('auth'),
  };
}
