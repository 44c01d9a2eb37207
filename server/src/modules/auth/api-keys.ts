import { fault } from '#base/fault.ts';
import { newId } from '#base/ids.ts';
import type { Database } from '#kernel/database/database.ts';
import { type Actor, eventOf } from './accounts.ts';
import { countApiKeys, deleteApiKey, insertApiKey, listApiKeys, type StoredApiKey } from './api-key-store.ts';
import { createOpaqueToken } from './opaque-token.ts';
import type { ApiKey, PublishAuth } from './types.ts';

const keysPerUser = 100;

export interface ApiKeys {
  /** The key itself is in this answer and nowhere else. @throws auth.too_many_api_keys, auth.expiry_past */
  generate(input: {
    userId: string;
    name: string;
    scopes: string[] | undefined;
    expiresAt: string | undefined;
    actor: Actor;
  }): Promise<ApiKey & { apiKey: string }>;
  list(userId: string): Promise<ApiKey[]>;
  /** In force everywhere within a second. @throws auth.api_key_unknown */
  revoke(input: { userId: string; apiKeyId: string; actor: Actor }): Promise<void>;
}

export interface ApiKeyDeps {
  readonly database: Database;
  readonly publish: PublishAuth;
  readonly now: () => number;
}

/** API keys: for programs, kept as a hash, confined by scopes and an expiry. */
export function createApiKeys({ database, publish, now }: ApiKeyDeps): ApiKeys {
  return {
    async generate({ userId, name, scopes, expiresAt, actor }) {
      const atMs = now();
      const expiresAtMs = expiresAt === undefined ? null : Date.parse(expiresAt);
      if (expiresAtMs !== null && expiresAtMs <= atMs)
        throw fault('auth.expiry_past', { field: 'expiresAt' });
      const { token, hash, prefix } = createOpaqueToken('cds_');
      const key: StoredApiKey = {
        id: newId(atMs),
        name,
        prefix,
        scopes: scopes === undefined ? null : [...new Set(scopes)],
        createdAtMs: atMs,
        expiresAtMs,
        lastUsedAtMs: null,
      };
      await database.transaction(async (transaction) => {
        if ((await countApiKeys(transaction, userId)) >= keysPerUser) {
          throw fault('auth.too_many_api_keys', { limit: keysPerUser });
        }
        await insertApiKey(transaction, { ...key, userId, hash });
        await publish(
          'auth.api_key_created',
          { userId, apiKeyId: key.id, scopes: key.scopes },
          eventOf(transaction, actor),
        );
      });
      return { ...describe(key), apiKey: token };
    },

    list: async (userId) => (await listApiKeys(database, userId)).map(describe),

    async revoke({ userId, apiKeyId, actor }) {
      await database.transaction(async (transaction) => {
        if (!(await deleteApiKey(transaction, { userId, apiKeyId }))) throw fault('auth.api_key_unknown');
        const options = eventOf(transaction, actor);
        await publish('auth.api_key_revoked', { userId, apiKeyId }, options);
        await publish('auth.revoked', { credentialId: apiKeyId }, options);
      });
    },
  };
}

function describe(key: StoredApiKey): ApiKey {
  const time = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());
  return {
    id: key.id,
    name: key.name,
    prefix: key.prefix,
    scopes: key.scopes,
    createdAt: new Date(key.createdAtMs).toISOString(),
    expiresAt: time(key.expiresAtMs),
    lastUsedAt: time(key.lastUsedAtMs),
  };
}
