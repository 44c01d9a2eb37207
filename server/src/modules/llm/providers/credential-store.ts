import type { Database, Queryable } from '#kernel/database/database.ts';
import { seal, unseal } from '#kernel/seal.ts';
import { deleteCredential, findCredential, listCredentialNames, upsertCredential } from './provider-store.ts';

/** Where keys of providers are kept. Its methods take no part in logs or errors. */
export interface CredentialStore {
  put(name: string, secret: string, within: Queryable): Promise<void>;
  /** Undefined when there is none, or it was sealed with another master key. */
  reveal(name: string): Promise<string | undefined>;
  remove(name: string, within: Queryable): Promise<void>;
  names(): Promise<ReadonlySet<string>>;
}

/** Keys in the platform's database, encrypted with a key derived from the installation's master key. */
export function createCredentialStore(deps: {
  readonly database: Database;
  readonly key: Buffer;
  readonly now: () => number;
}): CredentialStore {
  const { database, key, now } = deps;
  return {
    put: (name, secret, within) =>
      upsertCredential(within, { name, sealed: seal(secret, key, name), atMs: now() }),
    async reveal(name) {
      const sealed = await findCredential(database, name);
      return sealed === undefined ? undefined : unseal(sealed, key, name);
    },
    remove: (name, within) => deleteCredential(within, name),
    names: async () => new Set(await listCredentialNames(database)),
  };
}
