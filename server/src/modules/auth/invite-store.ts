import type { Role } from '#base/principal.ts';
import type { Database, Transaction } from '#kernel/database/database.ts';

export interface StoredInvite {
  readonly id: string;
  readonly prefix: string;
  readonly role: Role;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  readonly usesLeft: number;
}

export async function insertInvite(
  transaction: Transaction,
  invite: StoredInvite & { hash: Buffer },
): Promise<void> {
  await transaction.execute({
    text: `insert into auth.invite (id, prefix, hash, role, created_at, expires_at, uses_left)
           values ($1, $2, $3, $4, $5, $6, $7)`,
    values: [
      invite.id,
      invite.prefix,
      invite.hash,
      invite.role,
      new Date(invite.createdAtMs),
      new Date(invite.expiresAtMs),
      invite.usesLeft,
    ],
  });
}

/** Takes one use of an invitation and tells its role; undefined when it is unknown, used up or too old. */
export async function takeInvite(
  transaction: Transaction,
  { hash, atMs }: { hash: Buffer; atMs: number },
): Promise<Role | undefined> {
  const rows = await transaction.query<{ role: Role }>({
    text: `update auth.invite set uses_left = uses_left - 1
            where hash = $1 and uses_left > 0 and expires_at > $2 returning role`,
    values: [hash, new Date(atMs)],
  });
  return rows[0]?.role;
}

/** True for an invitation that can still be used. */
export async function isInviteOpen(
  database: Database,
  { hash, atMs }: { hash: Buffer; atMs: number },
): Promise<boolean> {
  const rows = await database.query({
    text: 'select id from auth.invite where hash = $1 and uses_left > 0 and expires_at > $2',
    values: [hash, new Date(atMs)],
  });
  return rows.length === 1;
}

export async function listInvites(database: Database, atMs: number): Promise<StoredInvite[]> {
  const rows = await database.query<{
    id: string;
    prefix: string;
    role: Role;
    created_at: Date;
    expires_at: Date;
    uses_left: number;
  }>({
    text: `select id, prefix, role, created_at, expires_at, uses_left from auth.invite
            where uses_left > 0 and expires_at > $1 order by id desc limit 500`,
    values: [new Date(atMs)],
  });
  return rows.map((row) => ({
    id: row.id,
    prefix: row.prefix,
    role: row.role,
    createdAtMs: row.created_at.getTime(),
    expiresAtMs: row.expires_at.getTime(),
    usesLeft: row.uses_left,
  }));
}

export async function deleteInvite(transaction: Transaction, inviteId: string): Promise<boolean> {
  const deleted = await transaction.execute({
    text: 'delete from auth.invite where id = $1',
    values: [inviteId],
  });
  return deleted === 1;
}

/** Removes invitations that nobody can use any more. */
export async function removeSpentInvites(database: Database, atMs: number): Promise<void> {
  await database.execute({
    text: 'delete from auth.invite where expires_at <= $1 or uses_left = 0',
    values: [new Date(atMs)],
  });
}
