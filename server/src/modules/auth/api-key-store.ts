import type { Role } from '#base/principal.ts';
import type { Database, Transaction } from '#kernel/database/database.ts';

export interface StoredApiKey {
  readonly id: string;
  readonly name: string;
  readonly prefix: string;
  readonly scopes: string[] | null;
  readonly createdAtMs: number;
  readonly expiresAtMs: number | null;
  readonly lastUsedAtMs: number | null;
}

export async function insertApiKey(
  transaction: Transaction,
  key: StoredApiKey & { userId: string; hash: Buffer },
): Promise<void> {
  await transaction.execute({
    text: `insert into auth.api_key (id, user_id, name, prefix, hash, scopes, created_at, expires_at)
           values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    values: [
      key.id,
      key.userId,
      key.name,
      key.prefix,
      key.hash,
      key.scopes,
      new Date(key.createdAtMs),
      key.expiresAtMs === null ? null : new Date(key.expiresAtMs),
    ],
  });
}

/** Counts a user's keys, with the user locked so that two requests at once don't both find room. */
export async function countApiKeys(transaction: Transaction, userId: string): Promise<number> {
  await transaction.execute({
    text: 'select id from auth.users where id = $1 for update',
    values: [userId],
  });
  const rows = await transaction.query<{ count: bigint }>({
    text: 'select count(*) from auth.api_key where user_id = $1',
    values: [userId],
  });
  return Number(rows[0]?.count ?? 0);
}

export async function listApiKeys(database: Database, userId: string): Promise<StoredApiKey[]> {
  const rows = await database.query<{
    id: string;
    name: string;
    prefix: string;
    scopes: string[] | null;
    created_at: Date;
    expires_at: Date | null;
    last_used_at: Date | null;
  }>({
    text: `select id, name, prefix, scopes, created_at, expires_at, last_used_at
             from auth.api_key where user_id = $1 order by id desc`,
    values: [userId],
  });
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    prefix: row.prefix,
    scopes: row.scopes,
    createdAtMs: row.created_at.getTime(),
    expiresAtMs: row.expires_at?.getTime() ?? null,
    lastUsedAtMs: row.last_used_at?.getTime() ?? null,
  }));
}

export async function deleteApiKey(
  transaction: Transaction,
  { userId, apiKeyId }: { userId: string; apiKeyId: string },
): Promise<boolean> {
  const deleted = await transaction.execute({
    text: 'delete from auth.api_key where id = $1 and user_id = $2',
    values: [apiKeyId, userId],
  });
  return deleted === 1;
}

export interface ApiKeyOwner {
  readonly apiKeyId: string;
  readonly scopes: string[] | null;
  readonly expiresAtMs: number | null;
  readonly lastUsedAtMs: number | null;
  readonly userId: string;
  readonly username: string;
  readonly role: Role;
}

/** The key with this hash and whose it is; undefined when there is none, or it has run out. */
export async function findApiKeyOwner(
  database: Database,
  { hash, atMs }: { hash: Buffer; atMs: number },
): Promise<ApiKeyOwner | undefined> {
  const rows = await database.query<{
    id: string;
    scopes: string[] | null;
    expires_at: Date | null;
    last_used_at: Date | null;
    user_id: string;
    username: string;
    role: Role;
  }>({
    name: 'auth_api_key_owner',
    text: `select api_key.id, api_key.scopes, api_key.expires_at, api_key.last_used_at,
                  users.id as user_id, users.username, users.role
             from auth.api_key join auth.users on users.id = api_key.user_id
            where api_key.hash = $1 and (api_key.expires_at is null or api_key.expires_at > $2)`,
    values: [hash, new Date(atMs)],
  });
  const [row] = rows;
  if (row === undefined) return undefined;
  return {
    apiKeyId: row.id,
    scopes: row.scopes,
    expiresAtMs: row.expires_at?.getTime() ?? null,
    lastUsedAtMs: row.last_used_at?.getTime() ?? null,
    userId: row.user_id,
    username: row.username,
    role: row.role,
  };
}

/** Notes a use, unless another process noted a later one. */
export async function noteApiKeyUse(
  database: Database,
  { apiKeyId, atMs }: { apiKeyId: string; atMs: number },
): Promise<void> {
  await database.execute({
    text: `update auth.api_key set last_used_at = $2
            where id = $1 and (last_used_at is null or last_used_at < $2)`,
    values: [apiKeyId, new Date(atMs)],
  });
}
