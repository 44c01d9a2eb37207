import { fault } from '#base/fault.ts';
import type { Database } from '#kernel/database/database.ts';
import { type Actor, eventOf } from './accounts.ts';
import { checkNewPassword } from './password-rules.ts';
import type { Passwords } from './passwords.ts';
import type { Origin, Sessions } from './sessions.ts';
import type { SignIn } from './sign-in.ts';
import type { PublishAuth } from './types.ts';
import { findUser, updatePassword } from './user-store.ts';

export interface PasswordChanges {
  /** @throws auth.invalid_credentials, common.rate_limited, the faults of weak passwords, auth.busy */
  change(
    input: { userId: string; sessionId: string; currentPassword: string; newPassword: string },
    origin: Origin,
  ): Promise<void>;
  /** @throws auth.user_unknown, the faults of weak passwords, auth.busy */
  set(input: { userId: string; password: string; actor: Actor }): Promise<void>;
}

export interface PasswordChangeDeps {
  readonly database: Database;
  readonly publish: PublishAuth;
  readonly passwords: Passwords;
  readonly signIn: Pick<SignIn, 'checkPassword'>;
  readonly sessions: Pick<Sessions, 'endOthers'>;
  /** Told of each user whose password is no longer the one of before. */
  readonly onChanged: (username: string) => Promise<void>;
}

/** New passwords, by their owner or by an administrator; whoever was signed in with the old one is no more. */
export function createPasswordChanges(deps: PasswordChangeDeps): PasswordChanges {
  const { database, publish, passwords, signIn, sessions, onChanged } = deps;

  async function usernameOf(userId: string): Promise<string> {
    const user = await findUser(database, userId);
    if (user === undefined) throw fault('auth.user_unknown');
    return user.username;
  }

  async function store(change: {
    userId: string;
    username: string;
    password: string;
    /** The hash that the old password was proved against; null for administrators, who prove none. */
    replaces: string | null;
    keepId: string | null;
    by: 'user' | 'admin';
    actor: Actor;
  }): Promise<void> {
    const { userId, username, password, replaces, keepId, by, actor } = change;
    await checkNewPassword(password, username);
    const passwordHash = await passwords.hash(password);
    await database.transaction(async (transaction) => {
      if (!(await updatePassword(transaction, { userId, passwordHash, replaces })))
        throw fault(replaces === null ? 'auth.user_unknown' : 'auth.invalid_credentials');
      await sessions.endOthers(transaction, { userId, keepId, actor });
      await publish('user.password_changed', { userId, by }, eventOf(transaction, actor));
    });
    await onChanged(username);
  }

  return {
    async change({ userId, sessionId, currentPassword, newPassword }, origin) {
      const username = await usernameOf(userId);
      const { passwordHash: replaces } = await signIn.checkPassword(
        { username, password: currentPassword },
        origin,
      );
      const actor = { userId, traceId: origin.traceId };
      await store({
        userId,
        username,
        password: newPassword,
        replaces,
        keepId: sessionId,
        by: 'user',
        actor,
      });
    },
    async set({ userId, password, actor }) {
      const username = await usernameOf(userId);
      await store({ userId, username, password, replaces: null, keepId: null, by: 'admin', actor });
    },
  };
}
