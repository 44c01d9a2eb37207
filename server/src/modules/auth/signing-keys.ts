import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';
import type { Logger } from 'pino';
import type { Database, Transaction } from '#kernel/database/database.ts';
import { decrypt, encrypt } from './key-encryption.ts';
import { deleteKeys, insertKey, lockKeys, readKeys, type StoredKey } from './signing-key-store.ts';
import type { PublicKey, PublishAuth } from './types.ts';

const minuteMs = 60_000;
/** How long a new key is published before it signs. */
const announcedMs = 10 * minuteMs;
/** No access token lives longer, so that much after its last signature a key can go. */
const longestTokenMs = 24 * 60 * minuteMs;
/** How old the keys in memory may be. Well below `announcedMs`: every replica knows a key before it signs. */
const freshMs = minuteMs;
/** At most so often are the keys read again because of a key id that nobody knows. */
const unknownEveryMs = 1_000;

export interface SigningKeys {
  /** The key that signs now. */
  current(): Promise<{ readonly kid: string; readonly privateKey: KeyObject }>;
  /** The key to verify with, or undefined for an id that is not ours. */
  publicKey(kid: string): Promise<KeyObject | undefined>;
  /** What /.well-known/jwks.json publishes. */
  published(): Promise<PublicKey[]>;
  /** Makes the next key when the newest is old enough, and drops those that no living token was signed with. */
  rotateIfDue(): Promise<void>;
}

export interface SigningKeyDeps {
  readonly database: Database;
  readonly publish: PublishAuth;
  /** Encrypts the private halves; 32 bytes, the same in every process. */
  readonly encryptionKey: Buffer;
  readonly rotateAfterMs: number;
  readonly now: () => number;
  readonly log: Logger;
}

interface LoadedKey extends StoredKey {
  readonly verifier: KeyObject;
  /** Undefined when it was encrypted with another installation's key. */
  readonly signer: KeyObject | undefined;
}

/**
 * The Ed25519 keys of access tokens (RFC 8037), shared by every replica through the database. A new key is published
 * ten minutes before it signs; an old one stays published until its last token has run out: rotation logs nobody out.
 */
export function createSigningKeys(deps: SigningKeyDeps): SigningKeys {
  const { database, publish, encryptionKey, rotateAfterMs, now, log } = deps;
  let loaded: readonly LoadedKey[] = [];
  let loadedAtMs = Number.NEGATIVE_INFINITY;
  let loading: Promise<void> | undefined;

  function load(): Promise<void> {
    loading ??= readKeys(database)
      .then((stored) => {
        loaded = stored.map((key) => openKey(key, encryptionKey));
        loadedAtMs = now();
      })
      .finally(() => {
        loading = undefined;
      });
    return loading;
  }

  async function keysOfAge(maxAgeMs: number): Promise<readonly LoadedKey[]> {
    if (Math.abs(now() - loadedAtMs) >= maxAgeMs) await load();
    return loaded;
  }

  async function create(transaction: Transaction, activeFromMs: number): Promise<void> {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const { x = '' } = publicKey.export({ format: 'jwk' });
    const bare = { kty: 'OKP', crv: 'Ed25519', x } as const;
    const kid = await calculateJwkThumbprint(bare);
    await insertKey(transaction, {
      kid,
      publicKey: { ...bare, kid, alg: 'EdDSA', use: 'sig' },
      privateKey: encrypt(privateKey.export({ format: 'der', type: 'pkcs8' }), encryptionKey, kid),
      createdAtMs: now(),
      activeFromMs,
    });
    const activeFrom = new Date(activeFromMs).toISOString();
    await publish('auth.signing_key_created', { kid, activeFrom }, { transaction });
  }

  async function rotate(transaction: Transaction): Promise<void> {
    await lockKeys(transaction);
    const keys = (await readKeys(transaction)).map((key) => openKey(key, encryptionKey));
    const usable = keys.filter((key) => key.signer !== undefined);
    const signing = usable.find((key) => key.activeFromMs <= now());
    if (signing === undefined) {
      if (keys.length > 0) {
        log.error('no key for access tokens can be read with this secret key; a new one is made');
      }
      await create(transaction, now());
    } else if (usable.every((key) => key.createdAtMs + rotateAfterMs <= now())) {
      await create(transaction, now() + announcedMs);
    }
    await deleteKeys(transaction, outdated(keys, now() - longestTokenMs - freshMs));
  }

  return {
    async current() {
      const keys = await keysOfAge(freshMs);
      const found = keys.find((key) => key.activeFromMs <= now() && key.signer !== undefined);
      if (found?.signer === undefined) throw new Error('there is no key to sign access tokens with');
      return { kid: found.kid, privateKey: found.signer };
    },
    async publicKey(kid) {
      const find = (keys: readonly LoadedKey[]) => keys.find((key) => key.kid === kid)?.verifier;
      return find(await keysOfAge(freshMs)) ?? find(await keysOfAge(unknownEveryMs));
    },
    async published() {
      return (await keysOfAge(freshMs)).map((key) => key.publicKey);
    },
    async rotateIfDue() {
      await database.transaction(rotate);
      await load();
    },
  };
}

function openKey(stored: StoredKey, encryptionKey: Buffer): LoadedKey {
  const der = decrypt(stored.privateKey, encryptionKey, stored.kid);
  return {
    ...stored,
    verifier: createPublicKey({ key: stored.publicKey, format: 'jwk' }),
    signer: der === undefined ? undefined : createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }),
  };
}

/** Keys that stopped signing before `beforeMs`: the next newer one has signed since. Newest first. */
function outdated(keys: readonly StoredKey[], beforeMs: number): string[] {
  return keys
    .filter((_, index) => {
      const successor = keys[index - 1];
      return successor !== undefined && successor.activeFromMs <= beforeMs;
    })
    .map((key) => key.kid);
}
