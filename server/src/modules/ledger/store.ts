import type { Database, Queryable, Transaction } from '#kernel/database/database.ts';
import type { Balance, HistoryEntry } from './types.ts';

/** The platform's own account, which tokens come from. */
export const issuedAccountId = 9_223_372_036_854_775_807n;

export interface UserAccounts {
  readonly available: AccountState;
  readonly held: AccountState;
  readonly consumed: AccountState;
}

export interface AccountState {
  readonly id: bigint;
  readonly balance: bigint;
}

/**
 * Locks a user's accounts until the transaction ends, making them first if there are none. Everything that
 * changes what a user has begins with this: it puts the changes of one user in an order.
 */
export async function lockAccounts(transaction: Transaction, userId: string): Promise<UserAccounts> {
  const locked = await selectLocked(transaction, userId);
  if (locked !== undefined) return locked;
  await transaction.execute({ text: 'select ledger.open_accounts($1)', values: [userId] });
  const opened = await selectLocked(transaction, userId);
  if (opened === undefined) throw new Error('the accounts of a user could not be opened');
  return opened;
}

async function selectLocked(transaction: Transaction, userId: string): Promise<UserAccounts | undefined> {
  const rows = await transaction.query<{ id: bigint; kind: keyof UserAccounts; balance: bigint }>({
    name: 'ledger_lock_accounts',
    text: 'select id, kind, balance from ledger.account where owner = $1 order by id for update',
    values: [userId],
  });
  const byKind = new Map(rows.map(({ id, kind, balance }) => [kind, { id, balance }]));
  const [available, held, consumed] = [byKind.get('available'), byKind.get('held'), byKind.get('consumed')];
  if (available === undefined || held === undefined || consumed === undefined) return undefined;
  return { available, held, consumed };
}

export interface TransferInput {
  readonly userId: string;
  readonly kind: 'credit' | 'debit' | 'reserve' | 'settle' | 'release' | 'expire';
  readonly key: string;
  readonly fingerprint: Buffer;
  readonly requestId?: string | undefined;
  readonly reason?: string | undefined;
  readonly actorId?: string | null | undefined;
  readonly atMs: number;
  /** Account id and signed amount; those of zero are left out of the books. */
  readonly legs: readonly (readonly [accountId: bigint, amount: bigint])[];
}

/** Books one transfer. Its amounts must sum to zero; the database refuses overdrawing. */
export async function postTransfer(transaction: Transaction, input: TransferInput): Promise<void> {
  const legs = input.legs.filter(([, amount]) => amount !== 0n);
  await transaction.execute({
    name: 'ledger_post',
    text: `select ledger.post(
             row(null, $1, $2, $3, $4, $5, $6, $7, $8)::ledger.transfer, $9::bigint[], $10::bigint[])`,
    values: [
      input.userId,
      input.kind,
      input.key,
      input.fingerprint,
      input.requestId ?? null,
      input.reason ?? null,
      input.actorId ?? null,
      new Date(input.atMs),
      legs.map(([accountId]) => accountId),
      legs.map(([, amount]) => amount),
    ],
  });
}

/** What was asked under a key before, or undefined. */
export async function findTransfer(
  queryable: Queryable,
  { userId, key }: { userId: string; key: string },
): Promise<{ fingerprint: Buffer } | undefined> {
  const rows = await queryable.query<{ fingerprint: Buffer }>({
    text: 'select fingerprint from ledger.transfer where user_id = $1 and idempotency_key = $2',
    values: [userId, key],
  });
  return rows[0];
}

/** Balances by user; those without accounts are absent. */
export async function readBalances(
  queryable: Queryable,
  userIds: readonly string[],
): Promise<Map<string, Balance>> {
  const rows = await queryable.query<{ owner: string; available: bigint; held: bigint }>({
    name: 'ledger_balances',
    text: `select owner,
                  sum(balance) filter (where kind = 'available')::bigint as available,
                  sum(balance) filter (where kind = 'held')::bigint as held
             from ledger.account
            where owner = any ($1::text[]) and kind in ('available', 'held')
            group by owner`,
    values: [userIds],
  });
  return new Map(
    rows.map((row) => [row.owner, { tokens: Number(row.available), heldTokens: Number(row.held) }]),
  );
}

interface HistoryRow {
  version: bigint;
  created_at: Date;
  kind: HistoryEntry['kind'];
  amount: bigint;
  balance_after: bigint;
  reason: string | null;
  request_id: string | null;
  actor_id: string | null;
}

/** The entries of a user's spendable account, newest first, from below `beforeVersion` on. */
export async function readHistory(
  database: Database,
  page: { userId: string; beforeVersion: bigint | undefined; limit: number },
): Promise<HistoryEntry[]> {
  const rows = await database.query<HistoryRow>({
    text: `select entry.version, transfer.created_at, transfer.kind, entry.amount, entry.balance_after,
                  transfer.reason, transfer.request_id, transfer.actor_id
             from ledger.account
             join ledger.entry on entry.account_id = account.id
             join ledger.transfer on transfer.id = entry.transfer_id
            where account.owner = $1 and account.kind = 'available'
              and ($2::bigint is null or entry.version < $2)
            order by entry.version desc
            limit $3`,
    values: [page.userId, page.beforeVersion ?? null, page.limit],
  });
  return rows.map((row) => ({
    id: row.version.toString(),
    at: row.created_at.toISOString(),
    kind: row.kind,
    tokens: Number(row.amount),
    balanceAfter: Number(row.balance_after),
    reason: row.reason,
    requestId: row.request_id,
    actorId: row.actor_id,
  }));
}
