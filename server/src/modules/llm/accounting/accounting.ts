import { formatDecimal, moneyScale } from '#base/decimal.ts';
import { balanceTokensOf, costOf, type ModelPrice } from '#base/pricing.ts';
import type { Principal } from '#base/principal.ts';
import type { Meter } from './meter.ts';

/** What a finished request came to. */
export interface Bill extends Readonly<Meter> {
  readonly model: string;
  readonly chargedTokens: number;
  readonly cost: string;
  readonly currency: string;
}

/** How the ids begin that the platform gives to requests. No client may name one of its own so: each is billed once. */
export const ownRequestIds = 'req_';

export interface HoldRequest {
  readonly user: Principal;
  /** Unique per user and request: what has it is billed once. */
  readonly requestId: string;
  /** The client named the id: its repetition is told, not carried out. */
  readonly repeatable: boolean;
  readonly model: string;
  readonly endpoint: string;
  readonly price: ModelPrice;
  readonly promptTokens: number;
  readonly maxCompletionTokens: number;
}

/** Tokens put aside for one request. Exactly one of the two ends it. */
export interface Hold {
  settle(meter: Meter): Promise<Bill>;
  release(): Promise<void>;
}

export interface Accounting {
  /** @throws ledger.insufficient_balance, ledger.budget_exceeded, llm.request_repeated */
  hold(request: HoldRequest): Promise<Hold>;
}

/** The bill of a request, by the arithmetic that the ledger charges with. */
export function billOf(request: HoldRequest, meter: Meter, currency: string): Bill {
  const { model, price } = request;
  return {
    model,
    promptTokens: meter.promptTokens,
    cachedPromptTokens: meter.cachedPromptTokens,
    completionTokens: meter.completionTokens,
    chargedTokens: Number(balanceTokensOf(meter.promptTokens + meter.completionTokens, price)),
    cost: formatDecimal(costOf(meter, price), moneyScale),
    currency,
  };
}
