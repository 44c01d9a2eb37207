import { fault } from '#base/fault.ts';
import type { Database, Transaction } from '#kernel/database/database.ts';
import type { Publish } from '#kernel/module.ts';
import { type BudgetState, noteCrossing, readBudgets, writeBudget } from './budget-store.ts';
import type { ledgerContract } from './contract.ts';
import type { BudgetPeriod } from './contract-shapes.ts';
import { lockAccounts } from './store.ts';
import type { Budget } from './types.ts';

/** More than anybody needs; keeps one user from filling the table with keys that do not exist. */
const maxBudgetsPerUser = 200;

export interface BudgetChange {
  readonly userId: string;
  readonly apiKeyId: string | null;
  readonly period: BudgetPeriod;
  /** Null removes the budget. */
  readonly limitTokens: number | null;
  readonly actor: { readonly userId: string; readonly admin: boolean };
  readonly traceId: string;
}

export interface Budgets {
  list(userId: string): Promise<Budget[]>;
  /**
   * Sets or removes a budget and returns those that are left.
   * @throws ledger.budget_locked when an administrator set it and the actor is none, ledger.too_many_budgets
   */
  set(change: BudgetChange): Promise<Budget[]>;
  /** The budgets that apply to a request, in the periods of `atMs`. Call it with the user's accounts locked. */
  applying(
    transaction: Transaction,
    request: { userId: string; apiKeyId: string | null; atMs: number },
  ): Promise<BudgetState[]>;
  /** Announces, once per period and limit, that use crossed 80 or 100 percent. */
  announceCrossings(
    transaction: Transaction,
    crossing: { userId: string; budgets: readonly BudgetState[]; traceId: string },
  ): Promise<void>;
  /** Announces that a request was refused: the budget is as good as used up. */
  announceRefusal(
    transaction: Transaction,
    refusal: { userId: string; budget: BudgetState; traceId: string },
  ): Promise<void>;
}

export interface BudgetDeps {
  readonly database: Database;
  readonly publish: Publish<typeof ledgerContract>;
  readonly now: () => number;
}

/** The first budget that `tokens` more would exceed, reserved tokens included. */
export function firstExceeded(budgets: readonly BudgetState[], tokens: bigint): BudgetState | undefined {
  return budgets.find((budget) => budget.usedTokens + budget.heldTokens + tokens > budget.limitTokens);
}

/** Limits per user and per API key, per day and per month of UTC, in balance tokens. */
export function createBudgets({ database, publish, now }: BudgetDeps): Budgets {
  async function announce(
    transaction: Transaction,
    crossing: { userId: string; budget: BudgetState; percent: 80 | 100; traceId: string },
  ): Promise<void> {
    const { userId, budget, percent, traceId } = crossing;
    if (!(await noteCrossing(transaction, { userId, budget, percent }))) return;
    await publish(
      'ledger.budget_reached',
      {
        userId,
        apiKeyId: budget.apiKeyId === '' ? null : budget.apiKeyId,
        period: budget.period,
        percent,
        usedTokens: Number(budget.usedTokens),
        limitTokens: Number(budget.limitTokens),
        resetsAt: new Date(budget.endsAtMs).toISOString(),
      },
      { transaction, traceId },
    );
  }

  async function list(userId: string): Promise<Budget[]> {
    const budgets = await readBudgets(database, { userId, atMs: now() });
    return budgets.map((budget) => ({
      apiKeyId: budget.apiKeyId === '' ? null : budget.apiKeyId,
      period: budget.period,
      limitTokens: Number(budget.limitTokens),
      usedTokens: Number(budget.usedTokens),
      heldTokens: Number(budget.heldTokens),
      resetsAt: new Date(budget.endsAtMs).toISOString(),
      setByAdmin: budget.setByAdmin,
    }));
  }

  return {
    list,
    async set(change) {
      const { userId, period, limitTokens, actor } = change;
      const apiKeyId = change.apiKeyId ?? '';
      await database.transaction(async (transaction) => {
        await lockAccounts(transaction, userId);
        const present = await readBudgets(transaction, { userId, atMs: now() });
        const known = present.find((budget) => budget.apiKeyId === apiKeyId && budget.period === period);
        if (known?.setByAdmin === true && !actor.admin) throw fault('ledger.budget_locked');
        if (known === undefined && limitTokens !== null && present.length >= maxBudgetsPerUser) {
          throw fault('ledger.too_many_budgets', { limit: maxBudgetsPerUser });
        }
        await writeBudget(transaction, {
          userId,
          apiKeyId,
          period,
          limitTokens: limitTokens === null ? null : BigInt(limitTokens),
          byAdmin: actor.admin,
        });
        await publish(
          'ledger.budget_changed',
          { userId, apiKeyId: change.apiKeyId, period, limitTokens, actorId: actor.userId },
          { transaction, traceId: change.traceId, actorId: actor.userId },
        );
      });
      return list(userId);
    },
    applying: (transaction, request) => readBudgets(transaction, request),
    async announceCrossings(transaction, { userId, budgets, traceId }) {
      for (const budget of budgets) {
        if (budget.endsAtMs <= now() || budget.usedTokens === 0n) continue;
        for (const percent of [80, 100] as const) {
          if (budget.usedTokens * 100n < budget.limitTokens * BigInt(percent)) continue;
          await announce(transaction, { userId, budget, percent, traceId });
        }
      }
    },
    announceRefusal: (transaction, refusal) => announce(transaction, { ...refusal, percent: 100 }),
  };
}
