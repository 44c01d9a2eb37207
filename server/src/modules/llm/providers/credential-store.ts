import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Database, Queryable } from '#kernel/database/database.ts';
import { deleteCredential, findCredential, listCredentialNames, upsertCredential } from './provider-store.ts';

/** Where keys of providers are kept. Its methods take no part in logs or errors. */
export interface CredentialStore {
  put(name: string, secret: string, within: Queryable): Promise<void>;
  /** Undefined when there is none, or it was sealed with another master key. */
  reveal(name: string): Promise<string | undefined>;
  remove(name: string, within: Queryable): Promise<void>;
  names(): Promise<ReadonlySet<string>>;
}

const algorithm = 'aes-256-gcm';
const ivBytes = 12;
const tagBytes = 16;

/** AES-256-GCM (NIST SP 800-38D) with a random 96-bit IV; the name is authenticated too. */
export function seal(secret: string, key: Buffer, name: string): Buffer {
  const iv = randomBytes(ivBytes);
  const cipher = createCipheriv(algorithm, key, iv, { authTagLength: tagBytes });
  cipher.setAAD(Buffer.from(name));
  const body = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), body]);
}

/** Undoes `seal`; undefined when key, name or text are not those of then. */
export function unseal(sealed: Buffer, key: Buffer, name: string): string | undefined {
  if (sealed.length < ivBytes + tagBytes) return undefined;
  // The tag's length must be given: Node would take one of four bytes otherwise.
  const decipher = createDecipheriv(algorithm, key, sealed.subarray(0, ivBytes), { authTagLength: tagBytes });
  decipher.setAAD(Buffer.from(name));
  decipher.setAuthTag(sealed.subarray(ivBytes, ivBytes + tagBytes));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(ivBytes + tagBytes)), decipher.final()]).toString();
  } catch {
    return undefined;
  }
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
