import type { Role } from '#base/principal.ts';
import type { Database, Queryable, Transaction } from '#kernel/database/database.ts';

export interface StoredSession {
  readonly id: string;
  readonly userId: string;
  readonly createdAtMs: number;
  readonly lastSeenAtMs: number;
  readonly expiresAtMs: number;
  readonly address: string;
}

/** More than anybody has browsers; the longest unused ones beyond are ended. */
const sessionsPerUser = 1_000;

export async function insertSession(transaction: Transaction, session: StoredSession): Promise<void> {
  await transaction.execute({
    text: `insert into auth.session (id, user_id, created_at, last_seen_at, expires_at, address)
           values ($1, $2, $3, $4, $5, $6)`,
    values: [
      session.id,
      session.userId,
      new Date(session.createdAtMs),
      new Date(session.lastSeenAtMs),
      new Date(session.expiresAtMs),
      session.address,
    ],
  });
  await transaction.execute({
    text: `delete from auth.session where id in (
             select id from auth.session where user_id = $1 order by last_seen_at desc, id desc offset $2)`,
    values: [session.userId, sessionsPerUser],
  });
}

/** The user whom a session signs in, with name and role as they are now; undefined when it has ended. */
export async function findSessionUser(
  queryable: Queryable,
  { sessionId, atMs }: { sessionId: string; atMs: number },
): Promise<{ userId: string; username: string; role: Role } | undefined> {
  const rows = await queryable.query<{ user_id: string; username: string; role: Role }>({
    name: 'auth_session_user',
    text: `select users.id as user_id, users.username, users.role
             from auth.session join auth.users on users.id = session.user_id
            where session.id = $1 and session.expires_at > $2`,
    values: [sessionId, new Date(atMs)],
  });
  const [row] = rows;
  return row === undefined ? undefined : { userId: row.user_id, username: row.username, role: row.role };
}

export async function listSessions(
  database: Database,
  { userId, atMs }: { userId: string; atMs: number },
): Promise<StoredSession[]> {
  const rows = await database.query<{
    id: string;
    created_at: Date;
    last_seen_at: Date;
    expires_at: Date;
    address: string;
  }>({
    text: `select id, created_at, last_seen_at, expires_at, address from auth.session
            where user_id = $1 and expires_at > $2 order by last_seen_at desc, id desc limit 200`,
    values: [userId, new Date(atMs)],
  });
  return rows.map((row) => ({
    id: row.id,
    userId,
    createdAtMs: row.created_at.getTime(),
    lastSeenAtMs: row.last_seen_at.getTime(),
    expiresAtMs: row.expires_at.getTime(),
    address: row.address,
  }));
}

/** Ends one session of a user; false when it is not there. */
export async function deleteSession(
  transaction: Transaction,
  { userId, sessionId }: { userId: string; sessionId: string },
): Promise<boolean> {
  const deleted = await transaction.execute({
    text: 'delete from auth.session where id = $1 and user_id = $2',
    values: [sessionId, userId],
  });
  return deleted === 1;
}

/** Ends all sessions of a user but one. */
export async function deleteSessionsExcept(
  transaction: Transaction,
  { userId, sessionId }: { userId: string; sessionId: string | null },
): Promise<void> {
  await transaction.execute({
    text: 'delete from auth.session where user_id = $1 and ($2::uuid is null or id <> $2)',
    values: [userId, sessionId],
  });
}

export async function insertRefreshToken(
  transaction: Transaction,
  token: { hash: Buffer; sessionId: string; expiresAtMs: number },
): Promise<void> {
  await transaction.execute({
    text: 'insert into auth.refresh_token (hash, session_id, expires_at) values ($1, $2, $3)',
    values: [token.hash, token.sessionId, new Date(token.expiresAtMs)],
  });
}

/** Which session a refresh token belongs to, used or not; undefined when there is no such token. */
export async function findTokenSession(
  transaction: Transaction,
  hash: Buffer,
): Promise<{ sessionId: string; userId: string } | undefined> {
  const rows = await transaction.query<{ session_id: string; user_id: string }>({
    text: `select session.id as session_id, session.user_id
             from auth.refresh_token join auth.session on session.id = refresh_token.session_id
            where refresh_token.hash = $1`,
    values: [hash],
  });
  const [row] = rows;
  return row === undefined ? undefined : { sessionId: row.session_id, userId: row.user_id };
}

/** Locks a session until the transaction ends; false when it has ended meanwhile. */
export async function lockSession(transaction: Transaction, sessionId: string): Promise<boolean> {
  const rows = await transaction.query({
    text: 'select id from auth.session where id = $1 for update',
    values: [sessionId],
  });
  return rows.length === 1;
}

/** Marks a token as used; false when it was used or has run out. */
export async function useRefreshToken(
  transaction: Transaction,
  { hash, atMs }: { hash: Buffer; atMs: number },
): Promise<boolean> {
  const used = await transaction.execute({
    text: `update auth.refresh_token set used_at = $2
            where hash = $1 and used_at is null and expires_at > $2`,
    values: [hash, new Date(atMs)],
  });
  return used === 1;
}

export async function extendSession(
  transaction: Transaction,
  change: { sessionId: string; atMs: number; expiresAtMs: number },
): Promise<void> {
  await transaction.execute({
    text: 'update auth.session set last_seen_at = $2, expires_at = $3 where id = $1',
    values: [change.sessionId, new Date(change.atMs), new Date(change.expiresAtMs)],
  });
}

/** Removes sessions and tokens that have run out. */
export async function removeExpiredSessions(database: Database, atMs: number): Promise<void> {
  const at = new Date(atMs);
  await database.execute({ text: 'delete from auth.session where expires_at <= $1', values: [at] });
  await database.execute({ text: 'delete from auth.refresh_token where expires_at <= $1', values: [at] });
}
