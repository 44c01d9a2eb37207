import { randomUUID } from 'node:crypto';
import { fault } from '#base/fault.ts';
import type { Handlers } from '#kernel/module.ts';
import type { authContract } from './contract.ts';
import type { adminMethods } from './contract-admin.ts';
import { type AuthServices, actorOf } from './services.ts';

type AdminHandlers = Pick<Handlers<typeof authContract>, keyof typeof adminMethods>;

/** Either field of `admin.users.setBalance` as a change, exactly one of which must be there. */
function changeOf({ balance, delta }: { balance?: number | undefined; delta?: number | undefined }) {
  if (balance !== undefined && delta === undefined) return { kind: 'to', tokens: balance } as const;
  if (delta !== undefined && balance === undefined) return { kind: 'by', tokens: delta } as const;
  throw fault('common.invalid_params', { field: 'balance', reason: 'give either balance or delta' });
}

/** What administrators do with accounts. */
export function adminHandlers(services: AuthServices): AdminHandlers {
  const { accounts, invites, ledger, passwordChanges } = services;
  return {
    'admin.users.list': ({ params: { cursor, limit, query } }) => accounts.list({ cursor, limit, query }),
    'admin.users.create': ({ params: { username, password, role, tokenBalance }, user, call }) =>
      accounts.create({
        username,
        password,
        by: 'admin',
        actor: actorOf(user, call),
        openingTokens: tokenBalance,
        role: () => role,
      }),
    'admin.users.setBalance': async ({ params, user, call }) => {
      const change = changeOf(params);
      const { id } = await accounts.read(params.id);
      const { balance } = await ledger.call(
        'ledger.adjust',
        {
          userId: id,
          change,
          key: `admin:${params.idempotencyKey ?? randomUUID()}`,
          reason: params.reason ?? '',
          actorId: user.userId,
        },
        call,
      );
      return { id, tokenBalance: balance.tokens };
    },
    'admin.users.setRole': ({ params: { id, role }, user, call }) =>
      accounts.setRole({ userId: id, role, actor: actorOf(user, call) }),
    'admin.users.setPassword': async ({ params: { id, password }, user, call }) => {
      await passwordChanges.set({ userId: id, password, actor: actorOf(user, call) });
      return null;
    },
    'admin.users.delete': async ({ params, user, call }) => {
      await accounts.remove({ userId: params.id, actor: actorOf(user, call) });
      return null;
    },
    'admin.invites.create': ({ params, user, call }) =>
      invites.create({ ...params, actor: actorOf(user, call) }),
    'admin.invites.list': async () => ({ invites: await invites.list() }),
    'admin.invites.delete': async ({ params, user, call }) => {
      await invites.remove({ inviteId: params.id, actor: actorOf(user, call) });
      return null;
    },
  };
}
