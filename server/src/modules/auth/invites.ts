import { fault } from '#base/fault.ts';
import { newId } from '#base/ids.ts';
import type { Role } from '#base/principal.ts';
import type { Database } from '#kernel/database/database.ts';
import { type Actor, eventOf } from './accounts.ts';
import { deleteInvite, insertInvite, listInvites, type StoredInvite } from './invite-store.ts';
import { createOpaqueToken } from './opaque-token.ts';
import type { Invite, PublishAuth } from './types.ts';

export interface Invites {
  /** The code is in this answer and nowhere else. */
  create(input: {
    role: Role;
    uses: number;
    lifetimeHours: number;
    actor: Actor;
  }): Promise<Invite & { inviteCode: string }>;
  list(): Promise<Invite[]>;
  /** @throws auth.invite_unknown */
  remove(input: { inviteId: string; actor: Actor }): Promise<void>;
}

export interface InviteDeps {
  readonly database: Database;
  readonly publish: PublishAuth;
  readonly now: () => number;
}

/** Invitation codes: they decide the role of whoever registers with one, as often as they say. */
export function createInvites({ database, publish, now }: InviteDeps): Invites {
  return {
    async create({ role, uses, lifetimeHours, actor }) {
      const atMs = now();
      const { token, hash, prefix } = createOpaqueToken('cdi_');
      const expiresAtMs = atMs + lifetimeHours * 3_600_000;
      const invite = { id: newId(atMs), prefix, role, createdAtMs: atMs, expiresAtMs, usesLeft: uses };
      await database.transaction(async (transaction) => {
        await insertInvite(transaction, { ...invite, hash });
        const event = { inviteId: invite.id, role, uses };
        await publish('auth.invite_created', event, eventOf(transaction, actor));
      });
      return { ...describe(invite), inviteCode: token };
    },
    list: async () => (await listInvites(database, now())).map(describe),
    async remove({ inviteId, actor }) {
      await database.transaction(async (transaction) => {
        if (!(await deleteInvite(transaction, inviteId))) throw fault('auth.invite_unknown');
        await publish('auth.invite_deleted', { inviteId }, eventOf(transaction, actor));
      });
    },
  };
}

function describe(invite: StoredInvite): Invite {
  return {
    id: invite.id,
    prefix: invite.prefix,
    role: invite.role,
    createdAt: new Date(invite.createdAtMs).toISOString(),
    expiresAt: new Date(invite.expiresAtMs).toISOString(),
    usesLeft: invite.usesLeft,
  };
}
