import type { Logger } from 'pino';
import type { Database } from '#kernel/database/database.ts';
import type { Introspection } from '#kernel/rpc/identity.ts';
import type { AccessTokens } from './access-tokens.ts';
import { findApiKeyOwner, noteApiKeyUse } from './api-key-store.ts';
import { hashToken } from './opaque-token.ts';
import { findSessionUser } from './session-store.ts';

/** The last use of a key is exact to this: a busy key must not write a row with each request. */
const useNotedEveryMs = 60_000;
/** An API key without expiry is asked for again after so long. */
const unlimitedMs = 3_600_000;
const longestToken = 4_096;

export interface IntrospectionDeps {
  readonly database: Database;
  readonly tokens: Pick<AccessTokens, 'verify'>;
  readonly now: () => number;
  readonly log: Logger;
}

/**
 * Says whom a token stands for, or null. A signature alone is not enough: the session must still be there, and name
 * and role are those of now, so that sign-out, deletion and a change of role hold at once.
 */
export function createIntrospection({ database, tokens, now, log }: IntrospectionDeps) {
  async function ofApiKey(token: string): Promise<Introspection | null> {
    const atMs = now();
    const owner = await findApiKeyOwner(database, { hash: hashToken(token), atMs });
    if (owner === undefined) return null;
    const { apiKeyId, userId, username, role, scopes, lastUsedAtMs } = owner;
    if (lastUsedAtMs === null || lastUsedAtMs + useNotedEveryMs <= atMs) {
      // Not awaited: whether the note is written must not decide over the request.
      noteApiKeyUse(database, { apiKeyId, atMs }).catch((error: unknown) => {
        log.warn({ err: error }, 'the use of an API key can’t be noted');
      });
    }
    return {
      principal: {
        userId,
        username,
        role,
        credential: { kind: 'apiKey', apiKeyId },
        ...(scopes === null ? {} : { scopes }),
      },
      expiresAtMs: owner.expiresAtMs ?? atMs + unlimitedMs,
    };
  }

  async function ofAccessToken(token: string): Promise<Introspection | null> {
    const claims = await tokens.verify(token);
    if (claims === undefined) return null;
    const user = await findSessionUser(database, { sessionId: claims.sid, atMs: now() });
    if (user === undefined || user.userId !== claims.sub) return null;
    return {
      principal: { ...user, credential: { kind: 'session', sessionId: claims.sid } },
      expiresAtMs: claims.exp * 1000,
    };
  }

  return async function introspect(token: string): Promise<Introspection | null> {
    if (token.length > longestToken) return null;
    return token.startsWith('cds_') ? ofApiKey(token) : ofAccessToken(token);
  };
}
