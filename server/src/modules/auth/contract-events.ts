import { z } from 'zod';
import type { EventDefinitions } from '#base/contract.ts';
import { Role } from '#base/principal.ts';

const userId = z.string();

/**
 * No event holds a user name: what is kept of a deleted person must not tell who it was. Somebody's `userId`
 * is in the payload, and who did it stands in the envelope's `actorId`.
 */
export const authEvents = {
  'user.registered': {
    summary: 'An account was made, by its owner, by an administrator, or by the first start.',
    durable: true,
    payload: z.object({ userId, role: Role, by: z.enum(['registration', 'invite', 'admin', 'first_start']) }),
  },
  'user.deleted': {
    summary: 'An account was deleted.',
    durable: true,
    payload: z.object({ userId }),
  },
  'user.role_changed': {
    summary: 'A user has another role.',
    durable: true,
    payload: z.object({ userId, from: Role, to: Role }),
  },
  'user.password_changed': {
    summary: 'A password was changed, and other sessions ended.',
    durable: true,
    payload: z.object({ userId, by: z.enum(['user', 'admin']) }),
  },
  'auth.signed_in': {
    summary: 'Somebody signed in.',
    durable: true,
    payload: z.object({ userId, sessionId: z.string(), address: z.string() }),
  },
  'auth.sign_in_failed': {
    summary: 'A sign-in failed; `userId` is null when no user has the name.',
    durable: true,
    payload: z.object({ userId: userId.nullable(), address: z.string() }),
  },
  'auth.signed_out': {
    summary: 'A session was ended by its user.',
    durable: true,
    payload: z.object({ userId, sessionId: z.string() }),
  },
  'auth.refresh_reused': {
    summary: 'A refresh token came a second time: it may be stolen, and its session was ended.',
    durable: true,
    payload: z.object({ userId, sessionId: z.string(), address: z.string() }),
  },
  'auth.revoked': {
    summary:
      'Tokens are void: all of a user, or those of one session or API key. Every process forgets them.',
    durable: true,
    payload: z.object({ userId: userId.optional(), credentialId: z.string().optional() }),
  },
  'auth.api_key_created': {
    summary: 'An API key was made.',
    durable: true,
    payload: z.object({ userId, apiKeyId: z.string(), scopes: z.array(z.string()).nullable() }),
  },
  'auth.api_key_revoked': {
    summary: 'An API key was revoked.',
    durable: true,
    payload: z.object({ userId, apiKeyId: z.string() }),
  },
  'auth.invite_created': {
    summary: 'An invitation was made.',
    durable: true,
    payload: z.object({ inviteId: z.string(), role: Role, uses: z.int() }),
  },
  'auth.invite_deleted': {
    summary: 'An invitation was withdrawn.',
    durable: true,
    payload: z.object({ inviteId: z.string() }),
  },
  'auth.signing_key_created': {
    summary: 'A new key for access tokens was published; it signs from `activeFrom` on.',
    durable: true,
    payload: z.object({ kid: z.string(), activeFrom: z.iso.datetime() }),
  },
} as const satisfies EventDefinitions;
