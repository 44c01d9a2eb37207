import { createHmac } from 'node:crypto';
import { fault } from '#base/fault.ts';
import type { Database } from '#kernel/database/database.ts';
import { addressGroup } from './address-group.ts';
import {
  type AttemptKey,
  type AttemptRule,
  countAttempt,
  forgiveAttempts,
  removeOldAttempts,
} from './attempt-store.ts';
import { usernameKey } from './password-rules.ts';

const minuteMs = 60_000;
/** A block lasts 15 minutes at most and a counter is empty long before a day has passed. */
const countersKeptMs = 24 * 60 * minuteMs;
/** Bounds the table (about 15 MB) whatever an attacker with many addresses does. */
const countersKept = 100_000;

export interface AttemptLimits {
  readonly signInsPerUser: number;
  readonly signInsPerAddress: number;
  readonly registrationsPerAddress: number;
}

export interface Attempt {
  /** The password was right: the user's counter starts anew, the address gets this one back. */
  succeeded(): Promise<void>;
  /** It was never looked at: nothing was learned from it. */
  notTried(): Promise<void>;
}

export interface Attempts {
  /** @throws common.rate_limited with retryAfterMs */
  signIn(subject: { username: string; address: string }): Promise<Attempt>;
  /** @throws common.rate_limited with retryAfterMs */
  registration(subject: { username: string; address: string }): Promise<void>;
  /** Removes what no longer counts. */
  cleanUp(): Promise<void>;
}

export interface AttemptDeps {
  readonly database: Database;
  /** Key of the hashes that names and addresses are kept as. */
  readonly key: Buffer;
  readonly now: () => number;
  readonly limits: AttemptLimits;
}

/**
 * Growing delays against guessing, per user name (existing or not) and per address, kept in the database: they
 * hold across processes and restarts. An attempt is counted before the password is looked at.
 */
export function createAttempts({ database, key, now, limits }: AttemptDeps): Attempts {
  // Short for a user name, since anybody can cause it for anybody; long for an address.
  const perUser: AttemptRule = {
    kind: 'sign-in-user',
    free: limits.signInsPerUser,
    firstDelayMs: 1_000,
    longestDelayMs: 5 * minuteMs,
    forgetOneMs: 10 * minuteMs,
  };
  const perAddress: AttemptRule = {
    kind: 'sign-in-address',
    free: limits.signInsPerAddress,
    firstDelayMs: 1_000,
    longestDelayMs: 15 * minuteMs,
    forgetOneMs: minuteMs,
  };
  const registrationPerUser: AttemptRule = { ...perUser, kind: 'register-user' };
  const registrationPerAddress: AttemptRule = {
    ...perAddress,
    kind: 'register-address',
    free: limits.registrationsPerAddress,
  };

  function keyOf(rule: AttemptRule, text: string): AttemptKey {
    return { rule, subject: createHmac('sha256', key).update(text).digest(), atMs: now() };
  }

  async function count(attempt: AttemptKey): Promise<void> {
    const retryAfterMs = await countAttempt(database, attempt);
    if (retryAfterMs > 0) throw fault('common.rate_limited', { retryAfterMs: Math.ceil(retryAfterMs) });
  }

  return {
    async signIn({ username, address }) {
      const ofAddress = keyOf(perAddress, addressGroup(address));
      const ofUser = keyOf(perUser, usernameKey(username));
      await count(ofAddress);
      await count(ofUser);
      return {
        async succeeded() {
          await forgiveAttempts(database, ofUser, 'all');
          await forgiveAttempts(database, ofAddress, 'last');
        },
        async notTried() {
          await forgiveAttempts(database, ofUser, 'last');
          await forgiveAttempts(database, ofAddress, 'last');
        },
      };
    },
    async registration({ username, address }) {
      await count(keyOf(registrationPerAddress, addressGroup(address)));
      await count(keyOf(registrationPerUser, usernameKey(username)));
    },
    cleanUp: () => removeOldAttempts(database, { beforeMs: now() - countersKeptMs, keep: countersKept }),
  };
}
