import { z } from 'zod';
import type { MethodDefinitions } from '#base/contract.ts';
import { Role } from '#base/principal.ts';
import {
  AdminUser,
  Invite,
  PasswordInput,
  plainText,
  TokenAmount,
  UserId,
  UsernameInput,
} from './contract-shapes.ts';

const Nothing = z.null();

/** What administrators do with accounts. A user's usage, history and budgets are methods of the ledger. */
export const adminMethods = {
  'admin.users.list': {
    summary: 'Lists users, newest first; `query` looks for a part of the name.',
    access: 'admin',
    rateClass: 'read',
    rpc: true,
    http: { verb: 'GET', path: '/admin/users' },
    params: z.strictObject({
      cursor: UserId.optional(),
      limit: z.int().min(1).max(200).default(50),
      query: z.string().max(200).optional(),
    }),
    result: z.object({ users: z.array(AdminUser), nextCursor: z.string().nullable() }),
  },
  'admin.users.create': {
    summary: 'Creates a user.',
    access: 'admin',
    rateClass: 'write',
    rpc: true,
    http: { verb: 'POST', path: '/admin/users', status: 201 },
    params: z.strictObject({
      username: UsernameInput,
      password: PasswordInput,
      role: Role.default('developer'),
      /** The starting balance of the installation if absent. */
      tokenBalance: TokenAmount.optional(),
    }),
    result: AdminUser,
  },
  'admin.users.setBalance': {
    summary: 'Sets a user’s balance, or changes it by an amount; a row of the ledger either way.',
    access: 'admin',
    rateClass: 'write',
    rpc: true,
    http: { verb: 'PUT', path: '/admin/users/:id/balance' },
    params: z.strictObject({
      id: UserId,
      /** The new balance; give this or `delta`. */
      balance: TokenAmount.optional(),
      delta: z.int().min(-1_000_000_000_000_000).max(1_000_000_000_000_000).optional(),
      reason: z.string().trim().max(500).regex(plainText, 'control characters are not allowed').optional(),
      /** The same key changes the balance once, however often it is sent. */
      idempotencyKey: z
        .string()
        .regex(/^[\w.:-]{1,100}$/, 'must be letters, digits and . _ : -')
        .optional(),
    }),
    result: z.object({ id: UserId, tokenBalance: TokenAmount }),
  },
  'admin.users.setRole': {
    summary: 'Changes a user’s role, in force at once.',
    access: 'admin',
    rateClass: 'write',
    rpc: true,
    http: { verb: 'PUT', path: '/admin/users/:id/role' },
    params: z.strictObject({ id: UserId, role: Role }),
    result: AdminUser,
  },
  'admin.users.setPassword': {
    summary: 'Gives a user a new password and ends all of the user’s sessions.',
    access: 'admin',
    rateClass: 'auth',
    rpc: true,
    http: { verb: 'PUT', path: '/admin/users/:id/password', status: 204 },
    params: z.strictObject({ id: UserId, password: PasswordInput }),
    result: Nothing,
  },
  'admin.users.delete': {
    summary: 'Deletes a user: access ends at once, usage history stays without the name.',
    access: 'admin',
    rateClass: 'write',
    rpc: true,
    http: { verb: 'DELETE', path: '/admin/users/:id', status: 204 },
    params: z.strictObject({ id: UserId }),
    result: Nothing,
  },
  'admin.invites.create': {
    summary: 'Makes an invitation code, shown once.',
    access: 'admin',
    rateClass: 'write',
    rpc: true,
    http: { verb: 'POST', path: '/admin/invites', status: 201 },
    params: z.strictObject({
      role: Role.default('developer'),
      uses: z.int().min(1).max(1_000).default(1),
      lifetimeHours: z
        .int()
        .min(1)
        .max(24 * 90)
        .default(24 * 7),
    }),
    result: Invite.extend({ inviteCode: z.string() }),
  },
  'admin.invites.list': {
    summary: 'Lists the invitations that still work.',
    access: 'admin',
    rateClass: 'read',
    rpc: true,
    http: { verb: 'GET', path: '/admin/invites' },
    params: z.strictObject({}),
    result: z.object({ invites: z.array(Invite) }),
  },
  'admin.invites.delete': {
    summary: 'Withdraws an invitation.',
    access: 'admin',
    rateClass: 'write',
    rpc: true,
    http: { verb: 'DELETE', path: '/admin/invites/:id', status: 204 },
    params: z.strictObject({ id: z.uuid() }),
    result: Nothing,
  },
} as const satisfies MethodDefinitions;
