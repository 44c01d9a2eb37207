import type { Transaction } from '#kernel/database/database.ts';
import { settleUse } from './budget-store.ts';
import type { StoredReservation } from './reservation-store.ts';
import { postTransfer, type UserAccounts } from './store.ts';

export interface HeldReturn {
  readonly reservation: StoredReservation;
  readonly accounts: UserAccounts;
  /** Of those that the reservation holds. */
  readonly tokens: bigint;
  readonly kind: 'release' | 'expire';
  /** Once for each key. */
  readonly key: string;
  readonly fingerprint: Buffer;
  readonly requestId?: string;
  readonly atMs: number;
}

/** Brings held tokens back to the balance and the budgets. The user's accounts are locked; the reservation stays as it is. */
export async function returnHeld(transaction: Transaction, change: HeldReturn): Promise<void> {
  const { reservation, accounts, tokens, ...transfer } = change;
  const { userId, apiKeyId, createdAtMs } = reservation;
  await postTransfer(transaction, {
    ...transfer,
    userId,
    legs: [
      [accounts.held.id, -tokens],
      [accounts.available.id, tokens],
    ],
  });
  await settleUse(transaction, {
    userId,
    apiKeyId,
    atMs: createdAtMs,
    heldTokens: tokens,
    usedTokens: 0n,
  });
}
