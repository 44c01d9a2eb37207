import { formatDecimal, moneyScale, parseDecimal } from '#base/decimal.ts';
import type { TokenCounts } from '#base/pricing.ts';
import type { Database, Transaction } from '#kernel/database/database.ts';
import type { UsageGroupBy } from './contract-shapes.ts';
import type { StoredReservation } from './reservation-store.ts';

export interface Charge {
  readonly counts: TokenCounts;
  readonly chargedTokens: bigint;
  readonly uncoveredTokens: bigint;
  readonly returnedTokens: bigint;
  /** Units of 10^-12 of the currency. */
  readonly cost: bigint;
  readonly currency: string;
}

export async function insertUsage(
  transaction: Transaction,
  { reservation, charge, atMs }: { reservation: StoredReservation; charge: Charge; atMs: number },
): Promise<void> {
  await transaction.execute({
    name: 'ledger_usage_insert',
    text: `insert into ledger.usage
             (reservation_id, user_id, api_key_id, request_id, model, endpoint, prompt_tokens, cached_prompt_tokens,
              completion_tokens, charged_tokens, uncovered_tokens, returned_tokens, cost, currency, created_at)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
    values: [
      reservation.id,
      reservation.userId,
      reservation.apiKeyId,
      reservation.requestId,
      reservation.model,
      reservation.endpoint,
      charge.counts.promptTokens,
      charge.counts.cachedPromptTokens,
      charge.counts.completionTokens,
      charge.chargedTokens,
      charge.uncoveredTokens,
      charge.returnedTokens,
      formatDecimal(charge.cost, moneyScale),
      charge.currency,
      new Date(atMs),
    ],
  });
}

/** Whether the request was charged, by whatever reservation. */
export async function isCharged(
  transaction: Transaction,
  { userId, requestId }: { userId: string; requestId: string },
): Promise<boolean> {
  const rows = await transaction.query({
    name: 'ledger_usage_by_request',
    text: 'select request_id from ledger.usage where user_id = $1 and request_id = $2',
    values: [userId, requestId],
  });
  return rows.length > 0;
}

interface UsageRow {
  prompt_tokens: bigint;
  cached_prompt_tokens: bigint;
  completion_tokens: bigint;
  charged_tokens: bigint;
  uncovered_tokens: bigint;
  returned_tokens: bigint;
  cost: string;
  currency: string;
}

/** What a settled reservation was charged. */
export async function findCharge(
  transaction: Transaction,
  reservationId: string,
): Promise<Charge | undefined> {
  const [row] = await transaction.query<UsageRow>({
    text: `select prompt_tokens, cached_prompt_tokens, completion_tokens, charged_tokens, uncovered_tokens,
                  returned_tokens, cost::text as cost, currency
             from ledger.usage where reservation_id = $1`,
    values: [reservationId],
  });
  if (row === undefined) return undefined;
  return {
    counts: {
      promptTokens: Number(row.prompt_tokens),
      cachedPromptTokens: Number(row.cached_prompt_tokens),
      completionTokens: Number(row.completion_tokens),
    },
    chargedTokens: row.charged_tokens,
    uncoveredTokens: row.uncovered_tokens,
    returnedTokens: row.returned_tokens,
    cost: parseDecimal(row.cost, moneyScale),
    currency: row.currency,
  };
}

export interface UsageFigures {
  readonly requests: number;
  readonly promptTokens: number;
  readonly cachedPromptTokens: number;
  readonly completionTokens: number;
  readonly chargedTokens: number;
  readonly cost: string;
}

interface FiguresRow {
  key: string | null;
  requests: bigint;
  prompt_tokens: bigint;
  cached_prompt_tokens: bigint;
  completion_tokens: bigint;
  charged_tokens: bigint;
  cost: string;
}

const groupExpressions: Readonly<Record<UsageGroupBy, string>> = {
  model: 'model',
  endpoint: 'endpoint',
  day: "to_char(created_at at time zone 'UTC', 'YYYY-MM-DD')",
};

export interface UsageQuery {
  readonly userId: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly groupBy: UsageGroupBy;
  /** Costs in another currency, from before it was changed, are not mixed in. */
  readonly currency: string;
  readonly maxGroups: number;
}

/** Sums of a period, in total (key null) and by group: the largest first, of days the newest. */
export async function sumUsage(
  database: Database,
  query: UsageQuery,
): Promise<{ total: UsageFigures; groups: (UsageFigures & { key: string })[] }> {
  const group = groupExpressions[query.groupBy];
  const order = query.groupBy === 'day' ? 'key desc' : 'charged_tokens desc, key';
  const rows = await database.query<FiguresRow>({
    text: `select ${group} as key, count(*) as requests,
                  coalesce(sum(prompt_tokens), 0)::bigint as prompt_tokens,
                  coalesce(sum(cached_prompt_tokens), 0)::bigint as cached_prompt_tokens,
                  coalesce(sum(completion_tokens), 0)::bigint as completion_tokens,
                  coalesce(sum(charged_tokens), 0)::bigint as charged_tokens,
                  coalesce(sum(cost) filter (where currency = $4), 0)::text as cost
             from ledger.usage
            where user_id = $1 and created_at >= $2 and created_at < $3
            group by grouping sets ((), (${group}))
            order by grouping(${group}) desc, ${order}
            limit $5`,
    values: [query.userId, new Date(query.fromMs), new Date(query.toMs), query.currency, query.maxGroups + 1],
  });
  const [total, ...groups] = rows.map(figuresOf);
  if (total === undefined) throw new Error('a sum without groups has one row');
  const { key: _none, ...figures } = total;
  return { total: figures, groups: groups.map((row) => ({ ...row, key: row.key ?? '' })) };
}

function figuresOf(row: FiguresRow): UsageFigures & { key: string | null } {
  return {
    key: row.key,
    requests: Number(row.requests),
    promptTokens: Number(row.prompt_tokens),
    cachedPromptTokens: Number(row.cached_prompt_tokens),
    completionTokens: Number(row.completion_tokens),
    chargedTokens: Number(row.charged_tokens),
    cost: formatDecimal(parseDecimal(row.cost, moneyScale), moneyScale),
  };
}
