import { formatDecimal, moneyScale, parseDecimal } from '#base/decimal.ts';
import { fault } from '#base/fault.ts';
import type { Budget, Usage } from '../contract-shapes.ts';

/** Money per token, in units of 10^-12 of the currency. */
export interface Price {
  readonly promptToken: bigint;
  readonly completionToken: bigint;
}

/** What a call under way may come to. */
export interface Held {
  readonly tokens: number;
  readonly cost: string;
}

export interface Spent {
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** True when nobody told the counts. */
  readonly estimated: boolean;
  /** In units of 10^-12; by default at the price of the hold. */
  readonly cost?: bigint;
}

export interface Hold {
  /** Most tokens that the answer may have. */
  readonly maxTokens: number;
  /** Enters what was really used, in the place of what was held. */
  settle(spent: Spent): Promise<void>;
  /** Nothing was used. */
  release(): Promise<void>;
}

/** What one task has spent, over all of its models and starts. */
export interface Spending {
  usage(): Usage;
  /**
   * Puts the most that a call can cost aside, so that no call begins that could go beyond the budget. The answer is made
   * shorter where the budget asks for it.
   * @throws agents.budget_tokens, agents.budget_cost
   */
  hold(call: {
    readonly promptTokens: number;
    readonly maxTokens: number;
    readonly price: Price;
  }): Promise<Hold>;
}

/** An answer of less is of no use. */
const leastAnswer = 64;
const microUnits = 10n ** BigInt(moneyScale - 6);

export function tokensOf({ promptTokens, completionTokens, estimatedTokens }: Usage): number {
  return promptTokens + completionTokens + estimatedTokens;
}

/** What a process that died in the middle of a call may have spent counts as spent. */
export function withLost(usage: Usage, held: Held): Usage {
  return {
    ...usage,
    estimatedTokens: usage.estimatedTokens + held.tokens,
    cost: add(usage.cost, parseDecimal(held.cost, moneyScale)),
  };
}

export function createSpending(parts: {
  readonly budget: Budget;
  readonly used: Usage;
  /** Makes it durable; `held` belongs to a call under way. */
  readonly save: (usage: Usage, held: Held | null) => Promise<void>;
}): Spending {
  const { budget, save } = parts;
  let used = parts.used;

  function limitOfAnswer(call: { promptTokens: number; maxTokens: number; price: Price }): number {
    const { promptTokens, price } = call;
    const byTokens = budget.tokens - tokensOf(used) - promptTokens;
    if (byTokens < leastAnswer)
      throw fault('agents.budget_tokens', { limit: budget.tokens, used: tokensOf(used) });
    const most = Math.min(call.maxTokens, byTokens);
    if (budget.cost === null) return most;
    const limit = BigInt(budget.cost) * microUnits;
    const left = limit - parseDecimal(used.cost, moneyScale) - BigInt(promptTokens) * price.promptToken;
    const affordable =
      left < 0n ? -1n : price.completionToken === 0n ? BigInt(most) : left / price.completionToken;
    if (affordable < BigInt(leastAnswer)) {
      throw fault('agents.budget_cost', { limit: formatDecimal(limit, moneyScale), used: used.cost });
    }
    return affordable < BigInt(most) ? Number(affordable) : most;
  }

  return {
    usage: () => used,
    async hold(call) {
      const { promptTokens, price } = call;
      const maxTokens = limitOfAnswer(call);
      const costOf = (prompt: number, completion: number) =>
        BigInt(prompt) * price.promptToken + BigInt(completion) * price.completionToken;
      const held = {
        tokens: promptTokens + maxTokens,
        cost: formatDecimal(costOf(promptTokens, maxTokens), moneyScale),
      };
      await save(used, held);
      return {
        maxTokens,
        async settle(spent) {
          const { estimated } = spent;
          used = {
            calls: used.calls + 1,
            promptTokens: used.promptTokens + (estimated ? 0 : spent.promptTokens),
            completionTokens: used.completionTokens + (estimated ? 0 : spent.completionTokens),
            estimatedTokens:
              used.estimatedTokens + (estimated ? spent.promptTokens + spent.completionTokens : 0),
            cost: add(used.cost, spent.cost ?? costOf(spent.promptTokens, spent.completionTokens)),
          };
          await save(used, null);
        },
        release: () => save(used, null),
      };
    },
  };
}

function add(sum: string, cost: bigint): string {
  return formatDecimal(parseDecimal(sum, moneyScale) + cost, moneyScale);
}
