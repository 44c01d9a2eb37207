import { randomInt } from 'node:crypto';
import { existsSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { fault, isFault } from '#base/fault.ts';
import { newId } from '#base/ids.ts';
import type { Database, Transaction } from '#kernel/database/database.ts';
import type { Openings } from './openings.ts';
import { checkNewPassword } from './password-rules.ts';
import type { Passwords } from './passwords.ts';
import type { PublishAuth } from './types.ts';
import { insertUser, lockAdmins } from './user-store.ts';

export const firstAdminName = 'admin';
/** In the data folder, readable by its owner alone. */
export const firstPasswordFile = 'first-admin-password.txt';

const alphabet = 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789';

/** 24 characters that can be told apart when read aloud: about 139 bits. */
function randomPassword(): string {
  return Array.from({ length: 24 }, () => alphabet[randomInt(alphabet.length)]).join('');
}

export interface FirstAdminDeps {
  readonly database: Database;
  readonly publish: PublishAuth;
  readonly passwords: Passwords;
  readonly openings: Openings;
  readonly dataDir: string;
  /** From CDS_ADMIN_PASSWORD. */
  readonly chosenPassword: string | undefined;
  /** Shows a made password to whoever starts the platform, once. */
  readonly show: (made: { username: string; password: string; file: string }) => void;
  readonly now: () => number;
}

export interface FirstAdmin {
  /**
   * Makes the first administrator when there is none. Of several processes that start at once, one does.
   * @throws config.invalid when CDS_ADMIN_PASSWORD is too weak
   */
  ensure(): Promise<void>;
  /** Whether the file with the first password is here. */
  fileExists(): boolean;
  /** Removes the file once its password works no more. */
  forget(username: string): Promise<void>;
}

/** The first start: there is no default password, ever. */
export function createFirstAdmin(deps: FirstAdminDeps): FirstAdmin {
  const { database, publish, passwords, openings, dataDir, chosenPassword, show, now } = deps;
  const file = path.join(dataDir, firstPasswordFile);

  async function make(
    transaction: Transaction,
  ): Promise<{ userId: string; made: string | undefined } | undefined> {
    await transaction.execute({ text: `select pg_advisory_xact_lock(hashtext('auth.first_admin'))` });
    if ((await lockAdmins(transaction)).length > 0) return undefined;
    const made = chosenPassword === undefined ? randomPassword() : undefined;
    const passwordHash = await passwords.hash(chosenPassword ?? made ?? '');
    // The file stands before the account does: a crash in between leaves a file that the next start replaces.
    if (made !== undefined) await writePrivately(file, `${made}\n`);
    const atMs = now();
    const userId = newId(atMs);
    const user = {
      id: userId,
      username: firstAdminName,
      passwordHash,
      role: 'admin',
      openingTokens: openings.usual,
      createdAtMs: atMs,
    } as const;
    if (!(await insertUser(transaction, user)))
      throw fault('auth.username_taken', { username: firstAdminName });
    await publish('user.registered', { userId, role: 'admin', by: 'first_start' }, { transaction });
    return { userId, made };
  }

  return {
    async ensure() {
      if (chosenPassword !== undefined) await checkChosen(chosenPassword);
      const outcome = await database.transaction(make);
      if (outcome?.made === undefined) return;
      show({ username: firstAdminName, password: outcome.made, file });
    },
    fileExists: () => existsSync(file),
    async forget(username) {
      if (username === firstAdminName) await rm(file, { force: true });
    },
  };
}

async function checkChosen(password: string): Promise<void> {
  try {
    await checkNewPassword(password, firstAdminName);
  } catch (error) {
    if (!isFault(error)) throw error;
    const reasons: Readonly<Record<string, string>> = {
      'auth.password_too_short': 'it has fewer than 10 characters',
      'auth.password_too_long': 'it has more than 256 characters',
      'auth.password_is_username': 'it is the user name',
      'auth.password_common': 'it is among the passwords that attackers try first',
    };
    const reason = reasons[error.code] ?? error.code;
    throw fault('config.invalid', { name: 'CDS_ADMIN_PASSWORD', reason }, { cause: error });
  }
}

/** Readable by the owner alone from the first byte on, and whole or not there at all. */
async function writePrivately(file: string, text: string): Promise<void> {
  const draft = `${file}.${process.pid}`;
  await rm(draft, { force: true });
  const handle = await open(draft, 'wx', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, file);
}
