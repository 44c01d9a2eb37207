import { formatDecimal, moneyScale } from '#base/decimal.ts';
import type { Transaction } from '#kernel/database/database.ts';
import type { ReservationStatus } from './contract-shapes.ts';

export interface DrawnUsageRow {
  readonly requestId: string;
  readonly model: string;
  readonly endpoint: string;
  readonly promptTokens: number;
  readonly cachedPromptTokens: number;
  readonly completionTokens: number;
  readonly chargedTokens: bigint;
  /** Units of 10^-12 of the currency. */
  readonly cost: bigint;
}

export interface DrawInput {
  readonly reservationId: string;
  readonly rows: readonly DrawnUsageRow[];
  readonly close: boolean;
  /** What is still put aside lives at least until then; null: as long as before. */
  readonly keepUntilMs: number | null;
  readonly currency: string;
  readonly atMs: number;
}

/** What was charged, and of whom. */
export interface DrawnRow {
  readonly userId: string;
  readonly apiKeyId: string | null;
  readonly createdAtMs: number;
  /** How many requests were charged; those of before are not among them. */
  readonly requests: number;
  readonly lastRequestId: string | null;
  readonly chargedTokens: bigint;
  readonly uncoveredTokens: bigint;
  readonly returnedTokens: bigint;
  readonly balanceAfter: bigint;
  readonly hasBudgets: boolean;
}

interface ResultRow {
  state: ReservationStatus;
  owner_id: string;
  key_id: string | null;
  begun_at: Date;
  requests: bigint;
  last_request: string | null;
  charged: bigint;
  uncovered: bigint;
  returned: bigint;
  balance_after: bigint;
  has_budgets: boolean;
}

/**
 * Books finished requests on their reservation: usage rows, transfer, budgets and what is left of it, in one journey.
 * `closed` tells a reservation that gives nothing more; undefined that there is none.
 */
export async function drawOn(
  transaction: Transaction,
  input: DrawInput,
): Promise<DrawnRow | { readonly closed: ReservationStatus } | undefined> {
  const { rows, keepUntilMs } = input;
  const [row] = await transaction.query<ResultRow>({
    name: 'ledger_draw',
    text: `select * from ledger.draw($1, $2, $3, $4, $5, $6::text[], $7::text[], $8::text[], $9::bigint[],
                                     $10::bigint[], $11::bigint[], $12::bigint[], $13::numeric[])`,
    values: [
      input.reservationId,
      input.close,
      keepUntilMs === null ? null : new Date(keepUntilMs),
      new Date(input.atMs),
      input.currency,
      rows.map((use) => use.requestId),
      rows.map((use) => use.model),
      rows.map((use) => use.endpoint),
      rows.map((use) => use.promptTokens),
      rows.map((use) => use.cachedPromptTokens),
      rows.map((use) => use.completionTokens),
      rows.map((use) => use.chargedTokens),
      rows.map((use) => formatDecimal(use.cost, moneyScale)),
    ],
  });
  if (row === undefined) return undefined;
  if (row.state === 'settled' || row.state === 'released') return { closed: row.state };
  return {
    userId: row.owner_id,
    apiKeyId: row.key_id,
    createdAtMs: row.begun_at.getTime(),
    requests: Number(row.requests),
    lastRequestId: row.last_request,
    chargedTokens: row.charged,
    uncoveredTokens: row.uncovered,
    returnedTokens: row.returned,
    balanceAfter: row.balance_after,
    hasBudgets: row.has_budgets,
  };
}

/** Takes from a reservation what was returned of it; the rest stays put aside. */
export async function shrinkReservation(
  transaction: Transaction,
  change: { readonly reservationId: string; readonly byTokens: bigint },
): Promise<void> {
  await transaction.execute({
    text: 'update ledger.reservation set tokens = tokens - $2 where id = $1',
    values: [change.reservationId, change.byTokens],
  });
}
