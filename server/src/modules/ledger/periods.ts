import type { BudgetPeriod } from './contract-shapes.ts';

export interface PeriodSpan {
  /** The first day, as PostgreSQL's `date` takes it: 2026-01-31. */
  readonly startDate: string;
  readonly endsAtMs: number;
}

/** The day or month of UTC that a moment lies in. */
export function periodSpan(period: BudgetPeriod, atMs: number): PeriodSpan {
  const at = new Date(atMs);
  const [year, month, day] = [at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate()];
  const start = new Date(Date.UTC(year, month, period === 'day' ? day : 1));
  const endsAtMs = period === 'day' ? Date.UTC(year, month, day + 1) : Date.UTC(year, month + 1, 1);
  return { startDate: start.toISOString().slice(0, 10), endsAtMs };
}
