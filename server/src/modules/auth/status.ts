import type { Database } from '#kernel/database/database.ts';
import { type FirstAdmin, firstAdminName, firstPasswordFile } from './first-admin.ts';
import { minimumPasswordLength } from './password-rules.ts';
import type { RegistrationMode } from './sign-in.ts';
import { hasAnybodySignedIn } from './user-store.ts';

export interface StatusDeps {
  readonly database: Database;
  readonly firstAdmin: Pick<FirstAdmin, 'fileExists'>;
  readonly registration: RegistrationMode;
  readonly version: string;
}

/** What a sign-in page must know. The file's name is told, never where the data folder lies. */
export function createStatus({ database, firstAdmin, registration, version }: StatusDeps) {
  // Once somebody has signed in this stays so, and the question needs no database.
  let signedIn = false;
  return async function status() {
    signedIn ||= await hasAnybodySignedIn(database);
    const firstRun = !signedIn;
    return {
      registration,
      firstRun,
      firstAdmin: firstRun ? firstAdminName : null,
      firstPasswordFile: firstRun && firstAdmin.fileExists() ? firstPasswordFile : null,
      minimumPasswordLength,
      version,
    };
  };
}
