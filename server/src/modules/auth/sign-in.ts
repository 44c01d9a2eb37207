import { fault, isFault } from '#base/fault.ts';
import type { Database } from '#kernel/database/database.ts';
import type { Accounts } from './accounts.ts';
import type { Attempts } from './attempts.ts';
import { isInviteOpen, takeInvite } from './invite-store.ts';
import { hashToken } from './opaque-token.ts';
import type { Passwords } from './passwords.ts';
import type { Origin, Sessions } from './sessions.ts';
import type { PublishAuth, SignedIn } from './types.ts';
import { findUserByName, type StoredUser, updatePassword } from './user-store.ts';

export type RegistrationMode = 'open' | 'invite' | 'closed';

export interface Registration {
  readonly username: string;
  readonly password: string;
  readonly inviteCode?: string | undefined;
}

export interface SignIn {
  /**
   * @throws auth.registration_closed, auth.invite_needed, auth.invite_invalid, common.rate_limited, and what making
   * an account throws
   */
  register(registration: Registration, origin: Origin): Promise<SignedIn>;
  /**
   * Same time and text whether or not the user exists.
   * @throws auth.invalid_credentials, common.rate_limited, auth.busy
   */
  login(input: { username: string; password: string }, origin: Origin): Promise<SignedIn>;
  /**
   * Checks a password with all that guards it: growing delays, equal time. A second factor would be asked for
   * between this and the opening of a session.
   * @throws auth.invalid_credentials, common.rate_limited, auth.busy
   */
  checkPassword(input: { username: string; password: string }, origin: Origin): Promise<Proved>;
}

/** Who proved the password, and the hash that it was proved against: it may be changed at any moment. */
export interface Proved {
  readonly user: StoredUser;
  readonly passwordHash: string;
}

export interface SignInDeps {
  readonly database: Database;
  readonly publish: PublishAuth;
  readonly passwords: Passwords;
  readonly attempts: Attempts;
  readonly accounts: Accounts;
  readonly sessions: Sessions;
  readonly registration: RegistrationMode;
  readonly now: () => number;
}

/** How people come in: registration, and sign-in with a password. */
export function createSignIn(deps: SignInDeps): SignIn {
  const { database, publish, passwords, attempts, accounts, sessions, now } = deps;

  async function signedIn(
    { userId, provedHash }: { userId: string; provedHash: string | null },
    origin: Origin,
  ): Promise<SignedIn> {
    const { lastSignInAt: _, ...user } = await accounts.read(userId);
    const { username, role } = user;
    const pair = await sessions.open({ user: { userId, username, role }, provedHash }, origin);
    return { user, ...pair };
  }

  async function checkPassword(
    { username, password }: { username: string; password: string },
    origin: Origin,
  ): Promise<Proved> {
    const attempt = await attempts.signIn({ username, address: origin.address });
    const found = await findUserByName(database, username);
    const matches = await passwords.verify(password, found?.passwordHash).catch(async (error: unknown) => {
      if (isFault(error, 'auth.busy')) await attempt.notTried();
      throw error;
    });
    if (found === undefined || !matches) {
      await publish(
        'auth.sign_in_failed',
        { userId: found?.user.id ?? null, address: origin.address },
        { traceId: origin.traceId },
      );
      throw fault('auth.invalid_credentials');
    }
    await attempt.succeeded();
    if (!passwords.isOutdated(found.passwordHash)) return found;
    const passwordHash = await passwords.hash(password);
    const renewal = { userId: found.user.id, passwordHash, replaces: found.passwordHash };
    return (await updatePassword(database, renewal)) ? { user: found.user, passwordHash } : found;
  }

  /** Refuses before the costly part; the invitation itself is taken with the account. */
  async function admit(inviteCode: string | undefined): Promise<Buffer | undefined> {
    if (deps.registration === 'closed') throw fault('auth.registration_closed');
    if (inviteCode === undefined) {
      if (deps.registration === 'invite') throw fault('auth.invite_needed', { field: 'inviteCode' });
      return undefined;
    }
    const hash = hashToken(inviteCode);
    if (!(await isInviteOpen(database, { hash, atMs: now() }))) {
      throw fault('auth.invite_invalid', { field: 'inviteCode' });
    }
    return hash;
  }

  return {
    checkPassword,
    async register({ username, password, inviteCode }, origin) {
      await attempts.registration({ username, address: origin.address });
      const invite = await admit(inviteCode);
      const user = await accounts.create({
        username,
        password,
        by: invite === undefined ? 'registration' : 'invite',
        actor: { userId: null, traceId: origin.traceId },
        async role(transaction) {
          if (invite === undefined) return 'developer';
          const role = await takeInvite(transaction, { hash: invite, atMs: now() });
          if (role === undefined) throw fault('auth.invite_invalid', { field: 'inviteCode' });
          return role;
        },
      });
      return signedIn({ userId: user.id, provedHash: null }, origin);
    },
    async login(input, origin) {
      const { user, passwordHash } = await checkPassword(input, origin);
      return signedIn({ userId: user.id, provedHash: passwordHash }, origin);
    },
  };
}
