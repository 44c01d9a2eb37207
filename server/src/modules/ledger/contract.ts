import { z } from 'zod';
import { defineContract } from '#base/contract.ts';
import { ledgerFaults } from './contract-faults.ts';
import {
  ApiKeyId,
  Balance,
  Budget,
  BudgetPeriod,
  History,
  HistoryPage,
  IdempotencyKey,
  ModelPrice,
  Reservation,
  Settlement,
  SignedTokens,
  TokenCount,
  Tokens,
  Usage,
  UsageRange,
  UserId,
} from './contract-shapes.ts';

const LifetimeMs = z
  .int()
  .min(1_000)
  .max(24 * 3_600_000);
const BudgetList = z.object({ budgets: z.array(Budget) });
/** Null removes the budget. */
const budgetLimit = { period: BudgetPeriod, limitTokens: Tokens.nullable() };

/**
 * Token balances, reservations, budgets and what was used. A request reserves before it runs
 * (`ledger.reserve`), then settles with the real counts or releases; what does neither expires. A user id is all
 * that the ledger knows of a person.
 *
 * Rule for settling more than was reserved: the excess is taken from the balance as far as that reaches, never
 * below zero; what remains is recorded as `uncoveredTokens`, announced as `ledger.uncovered`, and not charged later.
 */
export const ledgerContract = defineContract('ledger', {
  faults: ledgerFaults,
  methods: {
    'ledger.reserve': {
      summary: 'Puts tokens aside for a request, within balance and budgets.',
      access: 'service',
      params: z.strictObject({
        /** Unique per user: the same request reserves, and is billed, once. */
        requestId: IdempotencyKey,
        userId: UserId,
        apiKeyId: ApiKeyId.nullable().default(null),
        model: z.string().min(1).max(300),
        /** Which path or method asked, such as `/v1/chat/completions`. */
        endpoint: z.string().min(1).max(200),
        promptTokens: TokenCount,
        maxCompletionTokens: TokenCount,
        price: ModelPrice.prefault({}),
        /** After so long an unsettled reservation is released by itself. */
        lifetimeMs: LifetimeMs.default(900_000),
      }),
      result: Reservation,
    },
    'ledger.settle': {
      summary: 'Charges what a reserved request really used and returns the rest.',
      access: 'service',
      params: z.strictObject({
        reservationId: z.uuid(),
        /** All prompt tokens, the cached ones included. */
        promptTokens: TokenCount,
        cachedPromptTokens: TokenCount.default(0),
        completionTokens: TokenCount,
      }),
      result: Settlement,
    },
    'ledger.draw': {
      summary: 'Charges several finished requests to one reservation that was made ahead for them.',
      access: 'service',
      params: z.strictObject({
        reservationId: z.uuid(),
        /** A request id that was charged before is not charged again. */
        uses: z
          .array(
            z.strictObject({
              requestId: IdempotencyKey,
              model: z.string().min(1).max(300),
              endpoint: z.string().min(1).max(200),
              promptTokens: TokenCount,
              cachedPromptTokens: TokenCount.default(0),
              completionTokens: TokenCount,
              price: ModelPrice.prefault({}),
            }),
          )
          .max(500),
        /** Returns what is left; nothing can be drawn afterwards. */
        close: z.boolean().default(false),
        /** All that is put aside beyond so much is returned; what is told is what requests still run on. */
        keepTokens: Tokens.optional(),
        /** What is still put aside lives so much longer from now: requests are running on it. */
        lifetimeMs: LifetimeMs.optional(),
      }),
      result: z.object({ chargedTokens: Tokens, uncoveredTokens: Tokens, returnedTokens: Tokens }),
    },
    'ledger.release': {
      summary: 'Returns everything that was reserved for a request that failed.',
      access: 'service',
      params: z.strictObject({ reservationId: z.uuid() }),
      result: z.object({ returnedTokens: Tokens, replayed: z.boolean() }),
    },
    'ledger.credit': {
      summary: 'Adds tokens to a balance, once per key; with 0 tokens it only opens the account.',
      access: 'service',
      params: z.strictObject({
        userId: UserId,
        tokens: Tokens,
        key: IdempotencyKey,
        reason: z.string().max(500),
        actorId: z.string().max(100).nullable().default(null),
      }),
      result: z.object({ balance: Balance, replayed: z.boolean() }),
    },
    'ledger.adjust': {
      summary: 'Changes a balance by an amount, or to an amount, once per key.',
      access: 'service',
      params: z.strictObject({
        userId: UserId,
        change: z.discriminatedUnion('kind', [
          z.strictObject({ kind: z.literal('to'), tokens: Tokens }),
          z.strictObject({ kind: z.literal('by'), tokens: SignedTokens }),
        ]),
        key: IdempotencyKey,
        reason: z.string().max(500),
        actorId: z.string().max(100).nullable().default(null),
      }),
      result: z.object({ balance: Balance, replayed: z.boolean() }),
    },
    'ledger.balances': {
      summary: 'Reads the balances of users; of one without an account zero.',
      access: 'service',
      params: z.strictObject({ userIds: z.array(UserId).min(1).max(500) }),
      result: z.object({ balances: z.record(z.string(), Balance) }),
    },
    'ledger.balance': {
      summary: 'The caller’s balance.',
      access: 'viewer',
      rateClass: 'read',
      params: z.strictObject({}),
      result: Balance,
    },
    'ledger.history': {
      summary: 'Lists the changes of the caller’s balance, newest first.',
      access: 'viewer',
      rateClass: 'read',
      params: z.strictObject(HistoryPage),
      result: History,
    },
    'usage.me': {
      summary: 'The caller’s tokens and cost.',
      access: 'viewer',
      rateClass: 'read',
      params: z.strictObject(UsageRange),
      result: Usage.extend({ balance: Balance }),
    },
    'ledger.budget.list': {
      summary: 'The caller’s budgets and how far they are used.',
      access: 'viewer',
      rateClass: 'read',
      params: z.strictObject({}),
      result: BudgetList,
    },
    'ledger.budget.set': {
      summary: 'Sets or removes a budget of one of the caller’s API keys.',
      access: 'developer',
      rateClass: 'write',
      params: z.strictObject({ apiKeyId: ApiKeyId, ...budgetLimit }),
      result: BudgetList,
    },
    'admin.users.usage': {
      summary: 'A user’s tokens and cost; also of users that were deleted.',
      access: 'admin',
      rateClass: 'read',
      rpc: true,
      http: { verb: 'GET', path: '/admin/users/:id/usage' },
      params: z.strictObject({ id: UserId, ...UsageRange }),
      result: Usage,
    },
    'admin.users.history': {
      summary: 'Lists the changes of a user’s balance, newest first.',
      access: 'admin',
      rateClass: 'read',
      rpc: true,
      http: { verb: 'GET', path: '/admin/users/:id/history' },
      params: z.strictObject({ id: UserId, ...HistoryPage }),
      result: History,
    },
    'admin.users.budgets': {
      summary: 'A user’s budgets and how far they are used.',
      access: 'admin',
      rateClass: 'read',
      rpc: true,
      http: { verb: 'GET', path: '/admin/users/:id/budgets' },
      params: z.strictObject({ id: UserId }),
      result: BudgetList,
    },
    'admin.users.setBudget': {
      summary: 'Sets or removes a budget of a user or of one of the user’s API keys.',
      access: 'admin',
      rateClass: 'write',
      rpc: true,
      http: { verb: 'PUT', path: '/admin/users/:id/budgets' },
      params: z.strictObject({ id: UserId, apiKeyId: ApiKeyId.nullable().default(null), ...budgetLimit }),
      result: BudgetList,
    },
  },
  events: {
    'ledger.balance_changed': {
      summary: 'An administrator or a credit changed a balance.',
      durable: true,
      payload: z.object({
        userId: UserId,
        tokens: SignedTokens,
        balanceAfter: Tokens,
        reason: z.string(),
        actorId: z.string().nullable(),
      }),
    },
    'ledger.settled': {
      summary: 'A request was charged.',
      durable: false,
      payload: z.object({
        userId: UserId,
        requestId: z.string(),
        model: z.string(),
        chargedTokens: Tokens,
        balanceAfter: Tokens,
      }),
    },
    'ledger.drawn': {
      summary: 'Several requests were charged together.',
      durable: false,
      payload: z.object({ userId: UserId, requests: z.int(), chargedTokens: Tokens, balanceAfter: Tokens }),
    },
    'ledger.uncovered': {
      summary: 'A request used more than its reservation and the balance covered.',
      durable: true,
      payload: z.object({ userId: UserId, requestId: z.string(), uncoveredTokens: Tokens }),
    },
    'ledger.budget_reached': {
      summary: 'Use of a budget crossed 80 or 100 percent, once per period and limit.',
      durable: true,
      payload: z.object({
        userId: UserId,
        apiKeyId: ApiKeyId.nullable(),
        period: BudgetPeriod,
        percent: z.union([z.literal(80), z.literal(100)]),
        usedTokens: Tokens,
        limitTokens: Tokens,
        resetsAt: z.iso.datetime(),
      }),
    },
    'ledger.budget_changed': {
      summary: 'A budget was set or removed.',
      durable: true,
      payload: z.object({
        userId: UserId,
        apiKeyId: ApiKeyId.nullable(),
        period: BudgetPeriod,
        limitTokens: Tokens.nullable(),
        actorId: z.string(),
      }),
    },
    'ledger.reservation_expired': {
      summary: 'A reservation that nobody settled was released by itself.',
      durable: true,
      payload: z.object({ userId: UserId, requestId: z.string(), tokens: Tokens }),
    },
  },
});
