import { fault } from '#base/fault.ts';
import type { Principal } from '#base/principal.ts';
import type { Handlers } from '#kernel/module.ts';
import type { Balances } from './balances.ts';
import type { Budgets } from './budgets.ts';
import type { ledgerContract } from './contract.ts';
import type { Draws } from './draws.ts';
import type { Reservations } from './reservations.ts';
import type { createSettlements } from './settlements.ts';
import type { createUsage } from './usage.ts';

export interface LedgerServices {
  readonly budgets: Budgets;
  readonly reservations: Reservations;
  readonly settlements: ReturnType<typeof createSettlements>;
  readonly draws: Draws;
  readonly balances: Balances;
  readonly usageOf: ReturnType<typeof createUsage>;
}

/** The ledger's methods, each handed to the part that has its rules. */
export function handlersOf(services: LedgerServices): Handlers<typeof ledgerContract> {
  const { budgets, reservations, settlements, draws, balances, usageOf } = services;

  async function balanceOf(userId: string) {
    const found = await balances.read([userId]);
    return found[userId] ?? { tokens: 0, heldTokens: 0 };
  }

  return {
    'ledger.reserve': ({ params, call }) => reservations.reserve({ ...params, traceId: call.traceId }),
    'ledger.settle': ({ params: { reservationId, ...counts }, call }) =>
      settlements.settle({ reservationId, counts, traceId: call.traceId }),
    'ledger.draw': ({ params, call }) => draws.draw({ ...params, traceId: call.traceId }),
    'ledger.release': ({ params }) => reservations.release(params.reservationId),
    'ledger.credit': ({ params: { tokens, ...params }, call }) =>
      balances.adjust({ ...params, change: { kind: 'by', tokens }, traceId: call.traceId }),
    'ledger.adjust': ({ params, call }) => balances.adjust({ ...params, traceId: call.traceId }),
    'ledger.balances': async ({ params }) => ({ balances: await balances.read(params.userIds) }),
    'ledger.balance': ({ user }) => balanceOf(user.userId),
    'ledger.history': ({ user, params }) =>
      balances.history({ userId: user.userId, cursor: params.cursor, limit: params.limit }),
    'usage.me': async ({ user, params }) => ({
      ...(await usageOf({ userId: user.userId, ...params })),
      balance: await balanceOf(user.userId),
    }),
    'ledger.budget.list': async ({ user }) => ({ budgets: await budgets.list(user.userId) }),
    'ledger.budget.set': async ({ user, params, call }) => {
      refuseApiKey(user);
      const actor = { userId: user.userId, admin: false };
      return {
        budgets: await budgets.set({ ...params, userId: user.userId, actor, traceId: call.traceId }),
      };
    },
    'admin.users.usage': ({ params: { id, ...range } }) => usageOf({ userId: id, ...range }),
    'admin.users.history': ({ params }) =>
      balances.history({ userId: params.id, cursor: params.cursor, limit: params.limit }),
    'admin.users.budgets': async ({ params }) => ({ budgets: await budgets.list(params.id) }),
    'admin.users.setBudget': async ({ user, params: { id, ...change }, call }) => ({
      budgets: await budgets.set({
        ...change,
        userId: id,
        actor: { userId: user.userId, admin: true },
        traceId: call.traceId,
      }),
    }),
  };
}

/** A budget holds a key back even from whoever found it, so no key may change one. */
function refuseApiKey(user: Principal): void {
  if (user.credential.kind === 'apiKey') throw fault('common.forbidden', { needed: 'session' });
}
