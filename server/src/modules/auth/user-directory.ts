import type { Role } from '#base/principal.ts';
import type { Database } from '#kernel/database/database.ts';
import { findUserByName, findUsers, type StoredUser } from './user-store.ts';

interface KnownUser {
  readonly id: string;
  readonly username: string;
  readonly role: Role;
}

export interface UserDirectory {
  find(username: string): Promise<KnownUser | null>;
  /** Unknown and deleted users are left out. */
  describe(userIds: readonly string[]): Promise<KnownUser[]>;
}

/** Names of users, for the other modules, which keep ids alone. */
export function createUserDirectory(database: Database): UserDirectory {
  return {
    async find(username) {
      const found = await findUserByName(database, username);
      return found === undefined ? null : known(found.user);
    },
    async describe(userIds) {
      return userIds.length === 0 ? [] : (await findUsers(database, userIds)).map(known);
    },
  };
}

function known({ id, username, role }: StoredUser): KnownUser {
  return { id, username, role };
}
