import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { type Fault, fault } from '#base/fault.ts';
import type { Principal } from '#base/principal.ts';
import { type TestWorld, testWorld } from '#kernel/testing/world.ts';
import { ledgerContract } from '#modules/ledger/contract.ts';
import { ledger } from '#modules/ledger/module.ts';
import type { HoldRequest } from '../accounting/accounting.ts';
import type { PurseDeps } from '../accounting/purses.ts';

/** A ledger on a real database, and what is needed to hold and charge by it. */
export interface AccountingWorld extends AsyncDisposable {
  readonly world: TestWorld;
  /** A new user with so many tokens. */
  userWith(tokens: number): Promise<string>;
  balanceOf(userId: string): Promise<{ tokens: number; heldTokens: number } | undefined>;
  requestsOf(userId: string): Promise<number>;
  deps(change?: Partial<PurseDeps>): PurseDeps;
  /** Does what a ledger does once its time has come: releases what has expired. */
  sweep(): Promise<void>;
}

export async function accountingWorld(): Promise<AccountingWorld> {
  const world = await testWorld([ledger]);
  const client = world.client(ledgerContract);
  return {
    world,
    async userWith(tokens) {
      const userId = randomUUID();
      await client.call('ledger.credit', { userId, tokens, key: 'start', reason: 'start' }, world.call(null));
      return userId;
    },
    async balanceOf(userId) {
      return (await client.call('ledger.balances', { userIds: [userId] }, world.call(null))).balances[userId];
    },
    async requestsOf(userId) {
      return (await client.call('usage.me', {}, world.call({ userId }))).total.requests;
    },
    deps: (change = {}) => ({
      ledger: client,
      systemCall: () => world.call(null),
      lifetimeMs: 900_000,
      log: pino({ level: 'silent' }),
      now: world.clock.now,
      newId: randomUUID,
      idleMs: 0,
      ...change,
    }),
    sweep: async () => world.platform.composition.runtimes.get('ledger')?.recover?.(),
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

/** A ledger whose calls are refused while it is away, as when the service restarts or the network is cut. */
export function ledgerThatGoesAway(ledgerClient: PurseDeps['ledger']) {
  const state: { away: boolean; refusals: number; as: Fault } = {
    away: false,
    refusals: 0,
    as: fault('common.unavailable', { service: 'ledger' }),
  };
  const cut: PurseDeps['ledger'] = {
    ...ledgerClient,
    call(method, params, call) {
      if (!state.away) return ledgerClient.call(method, params, call);
      state.refusals += 1;
      return Promise.reject(state.as);
    },
  };
  return { state, cut };
}

export const testPrice = {
  tokenWeight: '1',
  promptTokenCost: '0.000001',
  completionTokenCost: '0.000002',
};

/** A request that holds 100 tokens, unless it is said to hold others. */
export function askFor(
  userId: string,
  change: Partial<HoldRequest> & { apiKeyId?: string } = {},
): HoldRequest {
  const { apiKeyId, ...rest } = change;
  const credential: Principal['credential'] =
    apiKeyId === undefined ? { kind: 'session', sessionId: 's' } : { kind: 'apiKey', apiKeyId };
  return {
    user: { userId, username: 'someone', role: 'developer', credential },
    requestId: randomUUID(),
    repeatable: false,
    model: 'm',
    endpoint: '/v1/chat/completions',
    price: testPrice,
    promptTokens: 60,
    maxCompletionTokens: 40,
    ...rest,
  };
}

/** What such a request has used: 70 tokens. */
export const testUse = { promptTokens: 60, cachedPromptTokens: 0, completionTokens: 10 };
