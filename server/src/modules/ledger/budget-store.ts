import type { Database, Queryable, Transaction } from '#kernel/database/database.ts';
import type { BudgetPeriod } from './contract-shapes.ts';
import { periodSpan } from './periods.ts';

const periods: readonly BudgetPeriod[] = ['day', 'month'];

/** A budget in its running period. An empty `apiKeyId` stands for the user as a whole. */
export interface BudgetState {
  readonly apiKeyId: string;
  readonly period: BudgetPeriod;
  readonly periodStart: string;
  readonly endsAtMs: number;
  readonly limitTokens: bigint;
  readonly usedTokens: bigint;
  readonly heldTokens: bigint;
  readonly setByAdmin: boolean;
}

interface BudgetRow {
  api_key_id: string;
  period: BudgetPeriod;
  limit_tokens: bigint;
  used_tokens: bigint;
  held_tokens: bigint;
  set_by_admin: boolean;
}

/** A user's budgets in the period of `atMs`; with `apiKeyId` only the user's own and that key's. */
export async function readBudgets(
  queryable: Queryable,
  query: { userId: string; atMs: number; apiKeyId?: string | null },
): Promise<BudgetState[]> {
  const spans = { day: periodSpan('day', query.atMs), month: periodSpan('month', query.atMs) };
  const rows = await queryable.query<BudgetRow>({
    name: 'ledger_budgets',
    text: `select budget.api_key_id, budget.period, budget.limit_tokens, budget.set_by_admin,
                  coalesce(spent.used_tokens, 0)::bigint as used_tokens,
                  coalesce(spent.held_tokens, 0)::bigint as held_tokens
             from ledger.budget
             left join ledger.budget_use as spent
               on spent.user_id = budget.user_id and spent.api_key_id = budget.api_key_id
              and spent.period = budget.period
              and spent.period_start = case budget.period when 'day' then $2::date else $3::date end
            where budget.user_id = $1 and ($4::text[] is null or budget.api_key_id = any ($4))
            order by budget.api_key_id, budget.period`,
    values: [
      query.userId,
      spans.day.startDate,
      spans.month.startDate,
      query.apiKeyId === undefined ? null : ['', query.apiKeyId ?? ''],
    ],
  });
  return rows.map((row) => ({
    apiKeyId: row.api_key_id,
    period: row.period,
    periodStart: spans[row.period].startDate,
    endsAtMs: spans[row.period].endsAtMs,
    limitTokens: row.limit_tokens,
    usedTokens: row.used_tokens,
    heldTokens: row.held_tokens,
    setByAdmin: row.set_by_admin,
  }));
}

export interface UseChange {
  readonly userId: string;
  readonly apiKeyId: string | null;
  /** The time of the reservation: what it uses counts in the periods in which it began. */
  readonly atMs: number;
}

function useKeys(change: UseChange): readonly unknown[] {
  const subjects = change.apiKeyId === null ? [''] : ['', change.apiKeyId];
  const rows = subjects.flatMap((apiKeyId) =>
    periods.map((period) => ({ apiKeyId, period, start: periodSpan(period, change.atMs).startDate })),
  );
  return [
    change.userId,
    rows.map((row) => row.apiKeyId),
    rows.map((row) => row.period),
    rows.map((row) => row.start),
  ];
}

/** Counts reserved tokens in their day and month, for the user and for the key. */
export async function addHeldUse(
  transaction: Transaction,
  change: UseChange & { heldTokens: bigint },
): Promise<void> {
  await transaction.execute({
    name: 'ledger_use_hold',
    text: `insert into ledger.budget_use as spent (user_id, api_key_id, period, period_start, held_tokens)
           select $1, row.api_key_id, row.period, row.period_start, $5
             from unnest($2::text[], $3::text[], $4::date[]) as row (api_key_id, period, period_start)
           on conflict (user_id, api_key_id, period, period_start) do update
             set held_tokens = spent.held_tokens + excluded.held_tokens`,
    values: [...useKeys(change), change.heldTokens],
  });
}

/** Turns what was held into what was used. The counters exist since the reservation. */
export async function settleUse(
  transaction: Transaction,
  change: UseChange & { heldTokens: bigint; usedTokens: bigint },
): Promise<void> {
  await transaction.execute({
    name: 'ledger_use_settle',
    text: `update ledger.budget_use as spent
              set held_tokens = spent.held_tokens - $5, used_tokens = spent.used_tokens + $6
             from unnest($2::text[], $3::text[], $4::date[]) as row (api_key_id, period, period_start)
            where spent.user_id = $1 and spent.api_key_id = row.api_key_id
              and spent.period = row.period and spent.period_start = row.period_start`,
    values: [...useKeys(change), change.heldTokens, change.usedTokens],
  });
}

/** True the first time that a crossing is noted in its period under its limit. */
export async function noteCrossing(
  transaction: Transaction,
  crossing: { userId: string; budget: BudgetState; percent: 80 | 100 },
): Promise<boolean> {
  const { userId, budget, percent } = crossing;
  const added = await transaction.execute({
    text: `insert into ledger.budget_notice (user_id, api_key_id, period, period_start, limit_tokens, percent)
           values ($1, $2, $3, $4, $5, $6) on conflict do nothing`,
    values: [userId, budget.apiKeyId, budget.period, budget.periodStart, budget.limitTokens, percent],
  });
  return added === 1;
}

/** Sets a budget, or removes it with a limit of null. */
export async function writeBudget(
  transaction: Transaction,
  budget: {
    userId: string;
    apiKeyId: string;
    period: BudgetPeriod;
    limitTokens: bigint | null;
    byAdmin: boolean;
  },
): Promise<void> {
  const subject = [budget.userId, budget.apiKeyId, budget.period];
  if (budget.limitTokens === null) {
    await transaction.execute({
      text: 'delete from ledger.budget where user_id = $1 and api_key_id = $2 and period = $3',
      values: subject,
    });
    return;
  }
  await transaction.execute({
    text: `insert into ledger.budget (user_id, api_key_id, period, limit_tokens, set_by_admin)
           values ($1, $2, $3, $4, $5)
           on conflict (user_id, api_key_id, period) do update
             set limit_tokens = excluded.limit_tokens, set_by_admin = excluded.set_by_admin`,
    values: [...subject, budget.limitTokens, budget.byAdmin],
  });
}

/** Removes counters and notices of periods that ended long ago; usage rows keep the history. */
export async function removeOldPeriods(database: Database, beforeMs: number): Promise<void> {
  const before = new Date(beforeMs).toISOString().slice(0, 10);
  for (const table of ['budget_use', 'budget_notice']) {
    await database.execute({
      text: `delete from ledger.${table} where period_start < $1::date`,
      values: [before],
    });
  }
}
