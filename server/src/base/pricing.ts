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

const mostKnown = 1_000;
const knownPrices = new Map<string, bigint>();
const knownWeights = new Map<string, bigint>();
const unitsPerWeight = 10n ** BigInt(weightScale);

/** Few prices are read for every request: taking their texts apart was two percent of a request's processor time. */
function unitsOf(text: string, scale: number, known: Map<string, bigint>): bigint {
  let units = known.get(text);
  if (units === undefined) {
    units = parseDecimal(text, scale);
    if (known.size >= mostKnown) known.clear();
    known.set(text, units);
  }
  return units;
}

const pricePerToken = (text: string) => unitsOf(text, moneyScale, knownPrices);

/** Balance tokens of so many model tokens: weight × tokens, rounded up once for the whole request. */
export function balanceTokensOf(modelTokens: number, price: ModelPrice): bigint {
  const weight = unitsOf(price.tokenWeight, weightScale, knownWeights);
  return divideUp(weight * BigInt(modelTokens), unitsPerWeight);
}

/**
 * The exact cost of a request in units of 10^-12 of the currency. A token is billed once: those from a cache at
 * the cache's price, the other prompt tokens at the prompt's.
 */
export function costOf(counts: TokenCounts, price: ModelPrice): bigint {
  const perPromptToken = pricePerToken(price.promptTokenCost);
  const perCachedToken =
    price.cachedPromptTokenCost === undefined ? perPromptToken : pricePerToken(price.cachedPromptTokenCost);
  const perCompletionToken = pricePerToken(price.completionTokenCost);
  return (
    BigInt(counts.promptTokens - counts.cachedPromptTokens) * perPromptToken +
    BigInt(counts.cachedPromptTokens) * perCachedToken +
    BigInt(counts.completionTokens) * perCompletionToken
  );
}
