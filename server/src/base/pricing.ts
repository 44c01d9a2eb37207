import { divideUp, moneyScale, parseDecimal, weightScale } from './decimal.ts';

/** What a model costs, as exact decimal texts. */
export interface ModelPrice {
  /** Balance tokens per token of the model. */
  readonly tokenWeight: string;
  /** Money per prompt token. */
  readonly promptTokenCost: string;
  /** Money per prompt token that came from a cache; as other prompt tokens if absent. */
  readonly cachedPromptTokenCost?: string | undefined;
  /** Money per generated token. */
  readonly completionTokenCost: string;
}

/** What a model's tokenizer counted for one request; `promptTokens` include the cached ones. */
export interface TokenCounts {
  readonly promptTokens: number;
  readonly cachedPromptTokens: number;
  readonly completionTokens: number;
}

/** Balance tokens of so many model tokens: weight × tokens, rounded up once for the whole request. */
export function balanceTokensOf(modelTokens: number, price: ModelPrice): bigint {
  const weight = parseDecimal(price.tokenWeight, weightScale);
  return divideUp(weight * BigInt(modelTokens), 10n ** BigInt(weightScale));
}

/**
 * The exact cost of a request in units of 10^-12 of the currency. A token is billed once: those from a cache at
 * the cache's price, the other prompt tokens at the prompt's.
 */
export function costOf(counts: TokenCounts, price: ModelPrice): bigint {
  const perPromptToken = parseDecimal(price.promptTokenCost, moneyScale);
  const perCachedToken =
    price.cachedPromptTokenCost === undefined
      ? perPromptToken
      : parseDecimal(price.cachedPromptTokenCost, moneyScale);
  const perCompletionToken = parseDecimal(price.completionTokenCost, moneyScale);
  return (
    BigInt(counts.promptTokens - counts.cachedPromptTokens) * perPromptToken +
    BigInt(counts.cachedPromptTokens) * perCachedToken +
    BigInt(counts.completionTokens) * perCompletionToken
  );
}
