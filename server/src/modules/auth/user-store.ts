import type { Role } from '#base/principal.ts';
import type { Database, Queryable, Transaction } from '#kernel/database/database.ts';
import { usernameKey } from './password-rules.ts';

export interface StoredUser {
  readonly id: string;
  readonly username: string;
  readonly role: Role;
  readonly createdAtMs: number;
  readonly lastSignInAtMs: number | null;
}

interface UserRow {
  id: string;
  username: string;
  role: Role;
  created_at: Date;
  last_sign_in_at: Date | null;
}

const columns = 'id, username, role, created_at, last_sign_in_at';

function fromRow(row: UserRow): StoredUser {
  return {
    id: row.id,
    username: row.username,
    role: row.role,
    createdAtMs: row.created_at.getTime(),
    lastSignInAtMs: row.last_sign_in_at?.getTime() ?? null,
  };
}

export interface NewUser {
  readonly id: string;
  readonly username: string;
  readonly passwordHash: string;
  readonly role: Role;
  readonly openingTokens: number;
  readonly createdAtMs: number;
}

/** False when the name is taken, upper and lower case alike. */
export async function insertUser(transaction: Transaction, user: NewUser): Promise<boolean> {
  const inserted = await transaction.execute({
    text: `insert into auth.users
             (id, username, username_key, password_hash, role, created_at, opening_tokens)
           values ($1, $2, $3, $4, $5, $6, $7) on conflict (username_key) do nothing`,
    values: [
      user.id,
      user.username,
      usernameKey(user.username),
      user.passwordHash,
      user.role,
      new Date(user.createdAtMs),
      user.openingTokens,
    ],
  });
  return inserted === 1;
}

export async function findUser(queryable: Queryable, userId: string): Promise<StoredUser | undefined> {
  const rows = await queryable.query<UserRow>({
    name: 'auth_user_by_id',
    text: `select ${columns} from auth.users where id = $1`,
    values: [userId],
  });
  return rows[0] === undefined ? undefined : fromRow(rows[0]);
}

/** With the stored password hash, for sign-in. */
export async function findUserByName(
  database: Database,
  username: string,
): Promise<{ user: StoredUser; passwordHash: string } | undefined> {
  const rows = await database.query<UserRow & { password_hash: string }>({
    name: 'auth_user_by_name',
    text: `select ${columns}, password_hash from auth.users where username_key = $1`,
    values: [usernameKey(username)],
  });
  return rows[0] === undefined ? undefined : { user: fromRow(rows[0]), passwordHash: rows[0].password_hash };
}

export async function findUsers(database: Database, userIds: readonly string[]): Promise<StoredUser[]> {
  const rows = await database.query<UserRow>({
    text: `select ${columns} from auth.users where id::text = any ($1::text[])`,
    values: [userIds],
  });
  return rows.map(fromRow);
}

/** Newest first, from below `cursor` on; `query` is a part of the name. Ids sort by time. */
export async function listUsers(
  database: Database,
  page: { cursor: string | undefined; limit: number; query: string | undefined },
): Promise<StoredUser[]> {
  const rows = await database.query<UserRow>({
    text: `select ${columns} from auth.users
            where ($1::uuid is null or id < $1)
              and ($2::text is null or position($2 in username_key) > 0)
            order by id desc limit $3`,
    values: [page.cursor ?? null, page.query === undefined ? null : usernameKey(page.query), page.limit],
  });
  return rows.map(fromRow);
}

/**
 * Locks every administrator, in one order, until the transaction ends: two who demote each other at once would
 * otherwise both see the other one still in office.
 */
export async function lockAdmins(transaction: Transaction): Promise<string[]> {
  const rows = await transaction.query<{ id: string }>({
    text: `select id from auth.users where role = 'admin' order by id for update`,
  });
  return rows.map((row) => row.id);
}

export async function updateRole(
  transaction: Transaction,
  { userId, role }: { userId: string; role: Role },
): Promise<void> {
  await transaction.execute({
    text: 'update auth.users set role = $2 where id = $1',
    values: [userId, role],
  });
}

/** False when there is no such user, or the password is no longer the one whose hash is to be replaced. */
export async function updatePassword(
  queryable: Queryable,
  change: { userId: string; passwordHash: string; replaces: string | null },
): Promise<boolean> {
  const changed = await queryable.execute({
    text: `update auth.users set password_hash = $2
            where id = $1 and ($3::text is null or password_hash = $3)`,
    values: [change.userId, change.passwordHash, change.replaces],
  });
  return changed === 1;
}

export async function findPasswordHash(database: Database, userId: string): Promise<string | undefined> {
  const rows = await database.query<{ password_hash: string }>({
    text: 'select password_hash from auth.users where id = $1',
    values: [userId],
  });
  return rows[0]?.password_hash;
}

/**
 * Locks the user until the transaction ends. False when there is none any more, or the password is no longer the one
 * that was proved.
 */
export async function noteSignIn(
  transaction: Transaction,
  signIn: { userId: string; atMs: number; provedHash: string | null },
): Promise<boolean> {
  const noted = await transaction.execute({
    text: `update auth.users set last_sign_in_at = $2
            where id = $1 and ($3::text is null or password_hash = $3)`,
    values: [signIn.userId, new Date(signIn.atMs), signIn.provedHash],
  });
  return noted === 1;
}

/** With the user go sessions, refresh tokens and API keys. */
export async function deleteUser(transaction: Transaction, userId: string): Promise<boolean> {
  const deleted = await transaction.execute({
    text: 'delete from auth.users where id = $1',
    values: [userId],
  });
  return deleted === 1;
}

export async function hasAnybodySignedIn(database: Database): Promise<boolean> {
  const rows = await database.query<{ found: boolean }>({
    text: 'select exists (select from auth.users where last_sign_in_at is not null) as found',
  });
  return rows[0]?.found === true;
}

/** Users whose starting balance the ledger may not know yet. */
export async function findOpenings(database: Database): Promise<{ userId: string; tokens: number }[]> {
  const rows = await database.query<{ id: string; opening_tokens: bigint }>({
    text: 'select id, opening_tokens from auth.users where opening_tokens is not null order by id limit 1000',
  });
  return rows.map((row) => ({ userId: row.id, tokens: Number(row.opening_tokens) }));
}

export async function closeOpening(database: Database, userId: string): Promise<void> {
  await database.execute({
    text: 'update auth.users set opening_tokens = null where id = $1',
    values: [userId],
  });
}
