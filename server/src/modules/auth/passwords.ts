import { randomBytes } from 'node:crypto';
import { hash, type Options, verify } from '@node-rs/argon2';
import { fault } from '#base/fault.ts';
import { normalizePassword } from './password-rules.ts';

/** Argon2id (RFC 9106) with 19 MiB and two passes: the least that OWASP's password storage guide recommends. */
const options = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const satisfies Options;
const presentForm = '$argon2id$v=19$m=19456,t=2,p=1$';

export interface Passwords {
  /** @throws auth.busy when too many wait already */
  hash(password: string): Promise<string>;
  /**
   * True for the right password. Without a stored hash it takes the same time and is false, so that nobody can
   * tell whether a user exists.
   * @throws auth.busy when too many wait already
   */
  verify(password: string, storedHash: string | undefined): Promise<boolean>;
  /** True when the hash was made with other costs than today's. */
  isOutdated(storedHash: string): boolean;
}

/**
 * Password hashing, at most `atOnce` at a time: each takes 19 MiB and a thread for some 30 ms, and without a bound
 * a flood of sign-ins would take all memory and every thread that files and names are read with.
 */
export async function createPasswords({ atOnce = 2, waiting = 64 } = {}): Promise<Passwords> {
  const queue: (() => void)[] = [];
  let running = 0;

  async function withTurn<T>(work: () => Promise<T>): Promise<T> {
    if (running >= atOnce) {
      if (queue.length >= waiting) throw fault('auth.busy');
      await new Promise<void>((resolve) => queue.push(resolve));
    } else running += 1;
    try {
      return await work();
    } finally {
      const next = queue.shift();
      // The turn is handed on as it is, so that nobody slips in between.
      if (next === undefined) running -= 1;
      else next();
    }
  }

  const ofNobody = await hash(randomBytes(16).toString('hex'), options);
  return {
    hash: (password) => withTurn(() => hash(normalizePassword(password), options)),
    async verify(password, storedHash) {
      const matches = await withTurn(() => verify(storedHash ?? ofNobody, normalizePassword(password)));
      return matches && storedHash !== undefined;
    },
    isOutdated: (storedHash) => !storedHash.startsWith(presentForm),
  };
}
