import type { Call } from '#base/contract.ts';
import type { Database } from '#kernel/database/database.ts';
import type { LedgerClient } from './types.ts';
import { closeOpening, findOpenings } from './user-store.ts';

export interface Openings {
  /** Tokens that a new user starts with. */
  readonly usual: number;
  /** Tells the ledger of a new user's starting balance; the same user is credited once. */
  credit(opening: { userId: string; tokens: number }): Promise<void>;
  /** Finishes what a crash between account and credit has left. */
  recover(): Promise<void>;
  /** Spendable tokens by user id. */
  balances(userIds: readonly string[]): Promise<Record<string, number>>;
}

export interface OpeningDeps {
  readonly database: Database;
  readonly ledger: LedgerClient;
  readonly usual: number;
  /** A call on the platform's own behalf. */
  readonly call: () => Call;
}

/** Starting balances: an account and its first credit lie in two modules, so the credit is noted until it is made. */
export function createOpenings({ database, ledger, usual, call }: OpeningDeps): Openings {
  async function credit({ userId, tokens }: { userId: string; tokens: number }): Promise<void> {
    await ledger.call('ledger.credit', { userId, tokens, key: 'opening', reason: 'opening' }, call());
    await closeOpening(database, userId);
  }
  return {
    usual,
    credit,
    async recover() {
      for (const opening of await findOpenings(database)) await credit(opening);
    },
    async balances(userIds) {
      if (userIds.length === 0) return {};
      const { balances } = await ledger.call('ledger.balances', { userIds: [...userIds] }, call());
      return Object.fromEntries(Object.entries(balances).map(([userId, { tokens }]) => [userId, tokens]));
    },
  };
}
