import { fault } from '#base/fault.ts';
import type { Database } from '#kernel/database/database.ts';
import type { UsageGroupBy } from './contract-shapes.ts';
import type { Usage } from './types.ts';
import { sumUsage } from './usage-store.ts';

const dayMs = 24 * 3_600_000;
const maxDays = 400;
const defaultDays = 30;
const maxGroups = 1_000;

export interface UsageQuestion {
  readonly userId: string;
  /** ISO date or time; a date begins at 00:00 UTC. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly groupBy: UsageGroupBy;
}

export interface UsageDeps {
  readonly database: Database;
  readonly now: () => number;
  readonly currency: string;
}

/** Answers what a user used in a period. @throws ledger.range_invalid */
export function createUsage({ database, now, currency }: UsageDeps) {
  return async function usageOf(question: UsageQuestion): Promise<Usage> {
    // One millisecond more, so that what was used at this very moment is in it.
    const toMs = question.to === undefined ? now() + 1 : Date.parse(question.to);
    const fromMs = question.from === undefined ? toMs - defaultDays * dayMs : Date.parse(question.from);
    if (!(fromMs < toMs) || toMs - fromMs > maxDays * dayMs) {
      throw fault('ledger.range_invalid', { limitDays: maxDays });
    }
    const { userId, groupBy } = question;
    const sums = await sumUsage(database, { userId, fromMs, toMs, groupBy, currency, maxGroups });
    return {
      from: new Date(fromMs).toISOString(),
      to: new Date(toMs).toISOString(),
      groupBy,
      currency,
      ...sums,
    };
  };
}
