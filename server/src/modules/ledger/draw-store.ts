import { formatDecimal, moneyScale } from '#base/decimal.ts';
import type { Transaction } from '#kernel/database/database.ts';
import type { StoredReservation } from './reservation-store.ts';

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

/** Writes many usage rows in one statement; returns the request ids that had none before. */
export async function insertDrawnUsage(
  transaction: Transaction,
  usage: {
    readonly reservation: StoredReservation;
    readonly rows: readonly DrawnUsageRow[];
    readonly currency: string;
    readonly atMs: number;
  },
): Promise<ReadonlySet<string>> {
  const { reservation, rows, currency, atMs } = usage;
  const written = await transaction.query<{ request_id: string }>({
    name: 'ledger_usage_draw',
    text: `insert into ledger.usage
             (reservation_id, user_id, api_key_id, request_id, model, endpoint, prompt_tokens, cached_prompt_tokens,
              completion_tokens, charged_tokens, uncovered_tokens, returned_tokens, cost, currency, created_at)
           select $1, $2, $3, row.request_id, row.model, row.endpoint, row.prompt_tokens, row.cached_prompt_tokens,
                  row.completion_tokens, row.charged_tokens, 0, 0, row.cost, $4, $5
             from unnest($6::text[], $7::text[], $8::text[], $9::bigint[], $10::bigint[], $11::bigint[],
                         $12::bigint[], $13::numeric[])
                  as row (request_id, model, endpoint, prompt_tokens, cached_prompt_tokens, completion_tokens,
                          charged_tokens, cost)
           on conflict (user_id, request_id) do nothing
           returning request_id`,
    values: [
      reservation.id,
      reservation.userId,
      reservation.apiKeyId,
      currency,
      new Date(atMs),
      rows.map((row) => row.requestId),
      rows.map((row) => row.model),
      rows.map((row) => row.endpoint),
      rows.map((row) => row.promptTokens),
      rows.map((row) => row.cachedPromptTokens),
      rows.map((row) => row.completionTokens),
      rows.map((row) => row.chargedTokens),
      rows.map((row) => formatDecimal(row.cost, moneyScale)),
    ],
  });
  return new Set(written.map((row) => row.request_id));
}

/** Takes from a reservation what was drawn; the rest stays put aside until then. */
export async function keepReservation(
  transaction: Transaction,
  change: { readonly reservationId: string; readonly byTokens: bigint; readonly expiresAtMs: number },
): Promise<void> {
  await transaction.execute({
    name: 'ledger_reservation_keep',
    text: 'update ledger.reservation set tokens = tokens - $2, expires_at = $3 where id = $1',
    values: [change.reservationId, change.byTokens, new Date(change.expiresAtMs)],
  });
}

export async function noteUncovered(
  transaction: Transaction,
  usage: { readonly userId: string; readonly requestId: string; readonly tokens: bigint },
): Promise<void> {
  await transaction.execute({
    text: 'update ledger.usage set uncovered_tokens = $3 where user_id = $1 and request_id = $2',
    values: [usage.userId, usage.requestId, usage.tokens],
  });
}
