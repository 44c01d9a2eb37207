import { fault } from '#base/fault.ts';
import { newId } from '#base/ids.ts';
import type { Role } from '#base/principal.ts';
import type { Database, Transaction } from '#kernel/database/database.ts';
import type { AccessTokens } from './access-tokens.ts';
import { type Actor, eventOf } from './accounts.ts';
import { createOpaqueToken, hashToken } from './opaque-token.ts';
import {
  deleteSession,
  deleteSessionsExcept,
  extendSession,
  findSessionUser,
  findTokenSession,
  insertRefreshToken,
  insertSession,
  listSessions,
  lockSession,
  useRefreshToken,
} from './session-store.ts';
import type { PublishAuth, Session, TokenPair } from './types.ts';
import { noteSignIn } from './user-store.ts';

const daySeconds = 24 * 3_600;
const dayMs = daySeconds * 1_000;

export interface SessionUser {
  readonly userId: string;
  readonly username: string;
  readonly role: Role;
}

export interface Origin {
  readonly address: string;
  readonly traceId: string;
}

export interface Sessions {
  /**
   * Begins a session for somebody whose sign-in is complete: for whoever proved a password, only while it is the
   * user's.
   * @throws auth.invalid_credentials
   */
  open(signIn: { user: SessionUser; provedHash: string | null }, origin: Origin): Promise<TokenPair>;
  /**
   * Exchanges a refresh token. Each works once: a second use means that two hold it, and nobody can tell which of
   * them is the thief, so the session ends for both (RFC 9700 section 4.14.2).
   * @throws auth.refresh_invalid
   */
  renew(refreshToken: string | undefined, origin: Origin): Promise<TokenPair>;
  list(user: { userId: string; currentId: string | null }): Promise<Session[]>;
  /** Ends a session of this user, in force everywhere within a second. @throws auth.session_unknown */
  end(session: { userId: string; sessionId: string; traceId: string }): Promise<void>;
  /** Ends the session of a refresh token, if it is this user's. */
  endByRefreshToken(session: { userId: string; refreshToken: string; traceId: string }): Promise<void>;
  /** Ends all sessions of a user but one, as part of a change. */
  endOthers(
    transaction: Transaction,
    change: { userId: string; keepId: string | null; actor: Actor },
  ): Promise<void>;
}

export interface SessionDeps {
  readonly database: Database;
  readonly publish: PublishAuth;
  readonly tokens: Pick<AccessTokens, 'sign'>;
  readonly now: () => number;
  /** Days without use after which a session ends. */
  readonly lifetimeDays: number;
}

type Renewal =
  | { readonly kind: 'renewed'; readonly user: SessionUser; readonly sessionId: string }
  | { readonly kind: 'refused' };

/** Sessions: from sign-in to sign-out, kept alive by refresh tokens. */
export function createSessions(deps: SessionDeps): Sessions {
  const { database, publish, tokens, now, lifetimeDays } = deps;

  const refreshExpiresIn = lifetimeDays * daySeconds;

  async function issue(transaction: Transaction, sessionId: string): Promise<string> {
    const { token, hash } = createOpaqueToken('cdr_');
    await insertRefreshToken(transaction, { hash, sessionId, expiresAtMs: now() + lifetimeDays * dayMs });
    return token;
  }

  async function revoke(
    transaction: Transaction,
    ended: { userId: string; sessionId: string; actor: Actor },
  ) {
    const removed = await deleteSession(transaction, ended);
    if (!removed) return false;
    await publish('auth.revoked', { credentialId: ended.sessionId }, eventOf(transaction, ended.actor));
    return true;
  }

  async function end(session: { userId: string; sessionId: string; traceId: string }): Promise<boolean> {
    const { userId, sessionId, traceId } = session;
    return database.transaction(async (transaction) => {
      const actor = { userId, traceId };
      if (!(await revoke(transaction, { userId, sessionId, actor }))) return false;
      await publish('auth.signed_out', { userId, sessionId }, eventOf(transaction, actor));
      return true;
    });
  }

  async function exchange(
    transaction: Transaction,
    { hash, origin }: { hash: Buffer; origin: Origin },
  ): Promise<Renewal> {
    const family = await findTokenSession(transaction, hash);
    // The session is locked first, here and wherever it is ended, so that neither waits for the other in a circle.
    if (family === undefined || !(await lockSession(transaction, family.sessionId))) {
      return { kind: 'refused' };
    }
    const { sessionId, userId } = family;
    const atMs = now();
    const user = await findSessionUser(transaction, { sessionId, atMs });
    if (user === undefined) return { kind: 'refused' };
    if (await useRefreshToken(transaction, { hash, atMs })) {
      await extendSession(transaction, { sessionId, atMs, expiresAtMs: atMs + lifetimeDays * dayMs });
      return { kind: 'renewed', user, sessionId };
    }
    const { address, traceId } = origin;
    await publish('auth.refresh_reused', { userId, sessionId, address }, { transaction, traceId });
    await revoke(transaction, { userId, sessionId, actor: { userId: null, traceId } });
    return { kind: 'refused' };
  }

  return {
    async open({ user, provedHash }, { address, traceId }) {
      const { userId } = user;
      const atMs = now();
      const sessionId = newId(atMs);
      const refreshToken = await database.transaction(async (transaction) => {
        // First, since it locks the user: a change of the password then comes before this session, or ends it.
        if (!(await noteSignIn(transaction, { userId, atMs, provedHash })))
          throw fault('auth.invalid_credentials');
        await insertSession(transaction, {
          id: sessionId,
          userId,
          createdAtMs: atMs,
          lastSeenAtMs: atMs,
          expiresAtMs: atMs + lifetimeDays * dayMs,
          address,
        });
        const actor = { userId, traceId };
        await publish('auth.signed_in', { userId, sessionId, address }, eventOf(transaction, actor));
        return issue(transaction, sessionId);
      });
      return { ...(await tokens.sign({ ...user, sessionId })), refreshToken, refreshExpiresIn };
    },

    async renew(presented, origin) {
      if (presented === undefined) throw fault('auth.refresh_invalid');
      const hash = hashToken(presented);
      const outcome = await database.transaction(async (transaction) => {
        const renewal = await exchange(transaction, { hash, origin });
        if (renewal.kind === 'refused') return renewal;
        return { ...renewal, refreshToken: await issue(transaction, renewal.sessionId) };
      });
      // Thrown only now, so that the end of the session is committed.
      if (outcome.kind === 'refused') throw fault('auth.refresh_invalid');
      const { user, sessionId, refreshToken } = outcome;
      return { ...(await tokens.sign({ ...user, sessionId })), refreshToken, refreshExpiresIn };
    },

    async list({ userId, currentId }) {
      const sessions = await listSessions(database, { userId, atMs: now() });
      return sessions.map((session) => ({
        id: session.id,
        createdAt: new Date(session.createdAtMs).toISOString(),
        lastSeenAt: new Date(session.lastSeenAtMs).toISOString(),
        expiresAt: new Date(session.expiresAtMs).toISOString(),
        address: session.address,
        current: session.id === currentId,
      }));
    },

    async end(session) {
      if (!(await end(session))) throw fault('auth.session_unknown');
    },

    async endByRefreshToken({ userId, refreshToken, traceId }) {
      const hash = hashToken(refreshToken);
      const found = await database.transaction((transaction) => findTokenSession(transaction, hash));
      if (found?.userId === userId) await end({ userId, sessionId: found.sessionId, traceId });
    },

    async endOthers(transaction, { userId, keepId, actor }) {
      await deleteSessionsExcept(transaction, { userId, sessionId: keepId });
      await publish('auth.revoked', { userId }, eventOf(transaction, actor));
    },
  };
}
