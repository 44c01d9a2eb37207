import { z } from 'zod';

/**
 * Shapes that several methods of the ledger's contract share. Tokens are whole numbers; a balance token is one
 * token of a model with weight 1. Money is an exact decimal text in units of the installation's currency
 * (`CDS_LEDGER_CURRENCY`), such as "0.000150"; nothing here is ever a float. Times are ISO 8601 in UTC.
 */

export const UserId = z.string().regex(/^[\w.:-]{1,100}$/, 'must be an id');
export const ApiKeyId = z.string().regex(/^[\w.:-]{1,100}$/, 'must be an id');

/** Whole tokens; the bound keeps every sum within what JSON carries exactly. */
export const Tokens = z.int().min(0).max(1_000_000_000_000_000);
export const SignedTokens = z.int().min(-1_000_000_000_000_000).max(1_000_000_000_000_000);

/** Counts of one request, as a model's tokenizer tells them. */
export const TokenCount = z.int().min(0).max(100_000_000);

/** What the caller gives a change so that repeating it changes nothing. */
export const IdempotencyKey = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[^\p{Cc}\p{Cs}]+$/u, 'control characters are not allowed');

/** A price: up to 9 digits before and 12 after the point, never negative, no exponent. */
export const DecimalPrice = z
  .string()
  .regex(/^\d{1,9}(\.\d{1,12})?$/, 'must be a plain decimal such as "0.00000015"');

/** A sum of money: exact, trailing zeros cut, at most 12 digits after the point. */
export const Money = z.string().regex(/^-?\d{1,26}(\.\d{1,12})?$/);

/** What a model costs. Fixed at the reservation, so that a change meanwhile does not change the bill. */
export const ModelPrice = z.strictObject({
  /** Balance tokens per token of the model, exact decimal; a request's tokens are rounded up once. */
  tokenWeight: z
    .string()
    .regex(/^\d{1,6}(\.\d{1,6})?$/, 'must be a plain decimal such as "1.5"')
    .default('1'),
  /** Money per prompt token. */
  promptTokenCost: DecimalPrice.default('0'),
  /** Money per prompt token that came from a provider's cache; as other prompt tokens if absent. */
  cachedPromptTokenCost: DecimalPrice.optional(),
  /** Money per generated token. */
  completionTokenCost: DecimalPrice.default('0'),
});
export type ModelPrice = z.output<typeof ModelPrice>;

export const ReservationStatus = z.enum(['held', 'settled', 'released', 'expired']);
export type ReservationStatus = z.infer<typeof ReservationStatus>;

export const Reservation = z.object({
  reservationId: z.uuid(),
  /** Tokens put aside. */
  tokens: Tokens,
  status: ReservationStatus,
  expiresAt: z.iso.datetime(),
  /** Of what it will cost (ISO 4217). */
  currency: z.string(),
  /** True when this request had reserved before; then nothing was put aside again. */
  replayed: z.boolean(),
});

export const Settlement = z.object({
  /** Balance tokens that the request used. */
  chargedTokens: Tokens,
  /** The part of them that neither the reservation nor the balance covered: it was not taken. */
  uncoveredTokens: Tokens,
  /** Reserved tokens that went back to the balance. */
  returnedTokens: Tokens,
  cost: Money,
  currency: z.string(),
  replayed: z.boolean(),
});

export const Balance = z.object({
  /** What can be spent now. */
  tokens: Tokens,
  /** Put aside for requests that are running. */
  heldTokens: Tokens,
});

export const BudgetPeriod = z.enum(['day', 'month']);
export type BudgetPeriod = z.infer<typeof BudgetPeriod>;

export const Budget = z.object({
  /** Null: the budget of the user as a whole. */
  apiKeyId: ApiKeyId.nullable(),
  period: BudgetPeriod,
  limitTokens: Tokens,
  /** Spent in the running period; days and months are those of UTC. */
  usedTokens: Tokens,
  heldTokens: Tokens,
  /** When the running period ends and counting begins anew. */
  resetsAt: z.iso.datetime(),
  /** True when an administrator set it: the user can't change it then. */
  setByAdmin: z.boolean(),
});

export const UsageGroupBy = z.enum(['model', 'day', 'endpoint']);
export type UsageGroupBy = z.infer<typeof UsageGroupBy>;

const usageFigures = {
  requests: z.int(),
  promptTokens: Tokens,
  cachedPromptTokens: Tokens,
  completionTokens: Tokens,
  chargedTokens: Tokens,
  cost: Money,
};

export const Usage = z.object({
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  groupBy: UsageGroupBy,
  currency: z.string(),
  total: z.object(usageFigures),
  /** The 1,000 largest groups at most (of days the newest); `key` is a model, an endpoint or a date such as 2026-01-31. */
  groups: z.array(z.object({ key: z.string(), ...usageFigures })),
});

/** `from` included, `to` excluded; the last 30 days by default, 400 days at most. */
export const UsageRange = {
  from: z.iso.datetime({ offset: true }).or(z.iso.date()).optional(),
  to: z.iso.datetime({ offset: true }).or(z.iso.date()).optional(),
  groupBy: UsageGroupBy.default('model'),
};

export const HistoryEntry = z.object({
  id: z.string(),
  at: z.iso.datetime(),
  kind: z.enum(['credit', 'debit', 'reserve', 'settle', 'release', 'expire']),
  /** Change of what can be spent. */
  tokens: SignedTokens,
  /** What could be spent afterwards. */
  balanceAfter: Tokens,
  reason: z.string().nullable(),
  requestId: z.string().nullable(),
  /** Who made a manual change. */
  actorId: z.string().nullable(),
});

export const HistoryPage = {
  cursor: z
    .string()
    .regex(/^\d{1,19}$/)
    .optional(),
  limit: z.int().min(1).max(200).default(50),
};

export const History = z.object({ entries: z.array(HistoryEntry), nextCursor: z.string().nullable() });
