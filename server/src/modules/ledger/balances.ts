import { fault } from '#base/fault.ts';
import type { Database } from '#kernel/database/database.ts';
import type { Publish } from '#kernel/module.ts';
import type { ledgerContract } from './contract.ts';
import { fingerprintOf } from './fingerprint.ts';
import {
  findTransfer,
  issuedAccountId,
  lockAccounts,
  postTransfer,
  readBalances,
  readHistory,
} from './store.ts';
import type { Balance, HistoryEntry } from './types.ts';

/** Keeps every sum within what JSON carries exactly. */
const maxBalance = 1_000_000_000_000_000n;

export interface Adjustment {
  readonly userId: string;
  readonly change: { readonly kind: 'to' | 'by'; readonly tokens: number };
  readonly key: string;
  readonly reason: string;
  readonly actorId: string | null;
  readonly traceId: string;
}

export interface Balances {
  /** Balances by user id; zero for users without an account. */
  read(userIds: readonly string[]): Promise<Record<string, Balance>>;
  /**
   * Changes a balance once per key; repeating a key with the same change answers without changing anything.
   * @throws ledger.insufficient_balance below zero, ledger.balance_limit, ledger.key_reused
   */
  adjust(adjustment: Adjustment): Promise<{ balance: Balance; replayed: boolean }>;
  history(page: {
    userId: string;
    cursor: string | undefined;
    limit: number;
  }): Promise<{ entries: HistoryEntry[]; nextCursor: string | null }>;
}

export interface BalanceDeps {
  readonly database: Database;
  readonly publish: Publish<typeof ledgerContract>;
  readonly now: () => number;
}

/** What users have, how it came about, and the changes that people make to it. */
export function createBalances({ database, publish, now }: BalanceDeps): Balances {
  async function adjust(adjustment: Adjustment): Promise<boolean> {
    const { userId, change, key, reason, actorId, traceId } = adjustment;
    return database.transaction(async (transaction) => {
      const accounts = await lockAccounts(transaction, userId);
      const fingerprint = fingerprintOf(change.kind, change.tokens);
      const before = await findTransfer(transaction, { userId, key });
      if (before !== undefined) {
        if (!before.fingerprint.equals(fingerprint)) throw fault('ledger.key_reused', { key });
        return true;
      }
      const balance = accounts.available.balance;
      const tokens = change.kind === 'to' ? BigInt(change.tokens) - balance : BigInt(change.tokens);
      checkBounds(balance, tokens);
      await postTransfer(transaction, {
        userId,
        kind: tokens < 0n ? 'debit' : 'credit',
        key,
        fingerprint,
        reason,
        actorId,
        atMs: now(),
        legs: [
          [accounts.available.id, tokens],
          [issuedAccountId, -tokens],
        ],
      });
      // A credit of nothing only opens the account: there is nothing to tell.
      if (tokens === 0n) return false;
      await publish(
        'ledger.balance_changed',
        { userId, tokens: Number(tokens), balanceAfter: Number(balance + tokens), reason, actorId },
        { transaction, traceId, ...(actorId === null ? {} : { actorId }) },
      );
      return false;
    });
  }

  async function read(userIds: readonly string[]): Promise<Record<string, Balance>> {
    const known = await readBalances(database, userIds);
    return Object.fromEntries(
      userIds.map((userId) => [userId, known.get(userId) ?? { tokens: 0, heldTokens: 0 }]),
    );
  }

  return {
    read,
    async adjust(adjustment) {
      const replayed = await adjust(adjustment);
      const known = await readBalances(database, [adjustment.userId]);
      return { balance: known.get(adjustment.userId) ?? { tokens: 0, heldTokens: 0 }, replayed };
    },
    async history({ userId, cursor, limit }) {
      const beforeVersion = cursor === undefined ? undefined : BigInt(cursor);
      const found = await readHistory(database, { userId, beforeVersion, limit: limit + 1 });
      const entries = found.slice(0, limit);
      return { entries, nextCursor: found.length > limit ? (entries.at(-1)?.id ?? null) : null };
    },
  };
}

function checkBounds(balance: bigint, tokens: bigint): void {
  if (balance + tokens < 0n) {
    throw fault('ledger.insufficient_balance', {
      neededTokens: Number(-tokens),
      availableTokens: Number(balance),
    });
  }
  if (balance + tokens > maxBalance) throw fault('ledger.balance_limit', { limitTokens: Number(maxBalance) });
}
