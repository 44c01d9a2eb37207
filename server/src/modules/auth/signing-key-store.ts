import type { Queryable, Transaction } from '#kernel/database/database.ts';
import type { PublicKey } from './types.ts';

export interface StoredKey {
  readonly kid: string;
  readonly publicKey: PublicKey;
  /** Encrypted; see key-encryption.ts. */
  readonly privateKey: Buffer;
  readonly createdAtMs: number;
  readonly activeFromMs: number;
}

/** Of several replicas one at a time looks and rotates. Held until the transaction ends. */
export async function lockKeys(transaction: Transaction): Promise<void> {
  await transaction.execute({ text: `select pg_advisory_xact_lock(hashtext('auth.signing_key'))` });
}

/** Every key, the newest first. */
export async function readKeys(queryable: Queryable): Promise<StoredKey[]> {
  const rows = await queryable.query<{
    kid: string;
    public_key: PublicKey;
    private_key: Buffer;
    created_at: Date;
    active_from: Date;
  }>({
    text: `select kid, public_key, private_key, created_at, active_from
             from auth.signing_key order by active_from desc, kid`,
  });
  return rows.map((row) => ({
    kid: row.kid,
    publicKey: row.public_key,
    privateKey: row.private_key,
    createdAtMs: row.created_at.getTime(),
    activeFromMs: row.active_from.getTime(),
  }));
}

export async function insertKey(transaction: Transaction, key: StoredKey): Promise<void> {
  await transaction.execute({
    text: `insert into auth.signing_key (kid, public_key, private_key, created_at, active_from)
           values ($1, $2, $3, $4, $5)`,
    values: [
      key.kid,
      JSON.stringify(key.publicKey),
      key.privateKey,
      new Date(key.createdAtMs),
      new Date(key.activeFromMs),
    ],
  });
}

export async function deleteKeys(transaction: Transaction, kids: readonly string[]): Promise<void> {
  await transaction.execute({
    text: 'delete from auth.signing_key where kid = any ($1::text[])',
    values: [kids],
  });
}
