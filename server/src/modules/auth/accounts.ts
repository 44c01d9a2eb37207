import { fault } from '#base/fault.ts';
import { newId } from '#base/ids.ts';
import type { Role } from '#base/principal.ts';
import type { Database, Transaction } from '#kernel/database/database.ts';
import type { Openings } from './openings.ts';
import { checkNewPassword, checkUsername } from './password-rules.ts';
import type { Passwords } from './passwords.ts';
import type { AdminUser, PublishAuth } from './types.ts';
import {
  deleteUser,
  findUser,
  insertUser,
  listUsers,
  lockAdmins,
  type StoredUser,
  updateRole,
} from './user-store.ts';

export interface AccountInput {
  readonly username: string;
  readonly password: string;
  readonly by: 'registration' | 'invite' | 'admin';
  readonly actor: Actor;
  /** The installation's starting balance if absent. */
  readonly openingTokens?: number | undefined;
  /** Decides the role in the transaction that makes the account. */
  readonly role: (transaction: Transaction) => Promise<Role> | Role;
}

/** Who acts, for events; null for somebody who has no account yet. */
export interface Actor {
  readonly userId: string | null;
  readonly traceId: string;
}

export interface Accounts {
  /** @throws auth.username_invalid, auth.username_taken, the faults of weak passwords, auth.busy */
  create(input: AccountInput): Promise<AdminUser>;
  list(page: {
    cursor: string | undefined;
    limit: number;
    query: string | undefined;
  }): Promise<{ users: AdminUser[]; nextCursor: string | null }>;
  /** @throws auth.user_unknown */
  read(userId: string): Promise<AdminUser>;
  /** @throws auth.user_unknown, auth.last_admin */
  setRole(change: { userId: string; role: Role; actor: Actor }): Promise<AdminUser>;
  /** Ends access at once. @throws auth.user_unknown, auth.last_admin */
  remove(change: { userId: string; actor: Actor }): Promise<void>;
}

export interface AccountDeps {
  readonly database: Database;
  readonly publish: PublishAuth;
  readonly passwords: Passwords;
  readonly openings: Openings;
  readonly now: () => number;
}

/** Options of an event: within the change, and by whom. */
export function eventOf(transaction: Transaction, { userId, traceId }: Actor) {
  return { transaction, traceId, ...(userId === null ? {} : { actorId: userId }) };
}

/** Who has an account, and in which role. */
export function createAccounts({ database, publish, passwords, openings, now }: AccountDeps): Accounts {
  async function withBalances(users: readonly StoredUser[]): Promise<AdminUser[]> {
    const balances = await openings.balances(users.map((user) => user.id));
    return users.map((user) => ({
      id: user.id,
      username: user.username,
      role: user.role,
      tokenBalance: balances[user.id] ?? 0,
      createdAt: new Date(user.createdAtMs).toISOString(),
      lastSignInAt: user.lastSignInAtMs === null ? null : new Date(user.lastSignInAtMs).toISOString(),
    }));
  }

  async function read(userId: string): Promise<AdminUser> {
    const user = await findUser(database, userId);
    const [described] = user === undefined ? [] : await withBalances([user]);
    if (described === undefined) throw fault('auth.user_unknown');
    return described;
  }

  async function insert(
    transaction: Transaction,
    input: AccountInput & { userId: string; passwordHash: string },
  ): Promise<void> {
    const { userId, username, passwordHash, by } = input;
    const role = await input.role(transaction);
    const openingTokens = input.openingTokens ?? openings.usual;
    const user = { id: userId, username, passwordHash, role, openingTokens, createdAtMs: now() };
    if (!(await insertUser(transaction, user))) throw fault('auth.username_taken', { username });
    const actor = { ...input.actor, userId: input.actor.userId ?? userId };
    await publish('user.registered', { userId, role, by }, eventOf(transaction, actor));
  }

  return {
    async create(input) {
      checkUsername(input.username);
      await checkNewPassword(input.password, input.username);
      const passwordHash = await passwords.hash(input.password);
      const userId = newId(now());
      await database.transaction((transaction) => insert(transaction, { ...input, userId, passwordHash }));
      await openings.credit({ userId, tokens: input.openingTokens ?? openings.usual });
      return read(userId);
    },

    async list({ cursor, limit, query }) {
      const found = await listUsers(database, { cursor, query, limit: limit + 1 });
      const users = await withBalances(found.slice(0, limit));
      return { users, nextCursor: found.length > limit ? (users.at(-1)?.id ?? null) : null };
    },

    read,

    async setRole({ userId, role, actor }) {
      await database.transaction(async (transaction) => {
        const user = await lockForChange(transaction, userId, { staysAdmin: role === 'admin' });
        if (user.role === role) return;
        await updateRole(transaction, { userId, role });
        const options = eventOf(transaction, actor);
        await publish('user.role_changed', { userId, from: user.role, to: role }, options);
        await publish('auth.revoked', { userId }, options);
      });
      return read(userId);
    },

    async remove({ userId, actor }) {
      await database.transaction(async (transaction) => {
        await lockForChange(transaction, userId, { staysAdmin: false });
        await deleteUser(transaction, userId);
        const options = eventOf(transaction, actor);
        await publish('user.deleted', { userId }, options);
        await publish('auth.revoked', { userId }, options);
      });
    },
  };
}

/** @throws auth.user_unknown, auth.last_admin when the change would leave nobody in office */
async function lockForChange(
  transaction: Transaction,
  userId: string,
  { staysAdmin }: { staysAdmin: boolean },
): Promise<StoredUser> {
  const admins = await lockAdmins(transaction);
  const user = await findUser(transaction, userId);
  if (user === undefined) throw fault('auth.user_unknown');
  if (!staysAdmin && admins.length === 1 && admins[0] === userId) throw fault('auth.last_admin');
  return user;
}
