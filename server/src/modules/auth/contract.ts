import { z } from 'zod';
import { defineContract } from '#base/contract.ts';
import { adminMethods } from './contract-admin.ts';
import { authEvents } from './contract-events.ts';
import { authFaults } from './contract-faults.ts';
import { serviceMethods } from './contract-service.ts';
import {
  ApiKey,
  PasswordInput,
  PublicKey,
  plainText,
  Scope,
  Session,
  SignedIn,
  TokenInput,
  TokenPair,
  User,
  UsernameInput,
} from './contract-shapes.ts';

const Nothing = z.null();

/**
 * Users, sessions, access tokens and API keys. Requests carry `Authorization: Bearer <JWT or API key>`, browsers
 * the session's cookie. Too many wrong passwords answer common.rate_limited (429) with `retryAfterMs`.
 */
export const authContract = defineContract('auth', {
  faults: authFaults,
  events: authEvents,
  methods: {
    'auth.status': {
      summary: 'What a sign-in page must know before anybody has signed in.',
      access: 'public',
      rateClass: 'read',
      rpc: true,
      http: { verb: 'GET', path: '/auth/status' },
      params: z.strictObject({}),
      result: z.object({
        registration: z.enum(['open', 'invite', 'closed']),
        /** True until somebody has signed in for the first time. */
        firstRun: z.boolean(),
        /** The administrator's name, as long as `firstRun` is true. */
        firstAdmin: z.string().nullable(),
        /** Name of the file in the data folder that holds the first password, while it is still there. */
        firstPasswordFile: z.string().nullable(),
        minimumPasswordLength: z.int(),
        version: z.string(),
      }),
    },
    'auth.register': {
      summary: 'Makes an account and signs in.',
      access: 'public',
      rateClass: 'auth',
      http: { verb: 'POST', path: '/auth/register', status: 201, session: 'open' },
      params: z.strictObject({
        username: UsernameInput,
        password: PasswordInput,
        /** Needed where registration is by invitation only. */
        inviteCode: z.string().min(1).max(100).optional(),
      }),
      result: SignedIn,
    },
    'auth.login': {
      summary: 'Signs in with user name and password.',
      access: 'public',
      rateClass: 'auth',
      http: { verb: 'POST', path: '/auth/login', session: 'open' },
      params: z.strictObject({ username: UsernameInput, password: PasswordInput }),
      result: SignedIn,
    },
    'auth.refresh': {
      summary: 'Exchanges a refresh token for a new pair; each works once, a second use ends the session.',
      access: 'public',
      rateClass: 'auth',
      http: { verb: 'POST', path: '/auth/refresh', session: 'renew' },
      /** Browsers send it in their cookie. */
      params: z.strictObject({ refreshToken: TokenInput.optional() }),
      result: TokenPair,
    },
    'auth.logout': {
      summary: 'Ends the session.',
      access: 'viewer',
      rateClass: 'auth',
      http: { verb: 'POST', path: '/auth/logout', status: 204, session: 'close' },
      params: z.strictObject({ refreshToken: TokenInput.optional() }),
      result: Nothing,
    },
    'auth.me': {
      summary: 'The signed-in user.',
      access: 'viewer',
      rateClass: 'read',
      rpc: true,
      http: { verb: 'GET', path: '/auth/me' },
      params: z.strictObject({}),
      result: User,
    },
    'auth.password': {
      summary: 'Changes the caller’s password and ends every other session.',
      access: 'viewer',
      rateClass: 'auth',
      rpc: true,
      http: { verb: 'POST', path: '/auth/password', status: 204 },
      params: z.strictObject({ currentPassword: PasswordInput, newPassword: PasswordInput }),
      result: Nothing,
    },
    'auth.apiKey.generate': {
      summary: 'Makes an API key, shown once.',
      access: 'viewer',
      rateClass: 'write',
      rpc: true,
      http: { verb: 'POST', path: '/auth/api-key/generate', status: 201 },
      params: z.strictObject({
        name: z.string().trim().min(1).max(100).regex(plainText, 'control characters are not allowed'),
        /** Namespaces that the key is confined to; without it everything that the role may. */
        scopes: z.array(Scope).min(1).max(50).optional(),
        expiresAt: z.iso.datetime({ offset: true }).optional(),
      }),
      result: ApiKey.extend({ apiKey: z.string() }),
    },
    'auth.apiKey.list': {
      summary: 'Lists the caller’s API keys.',
      access: 'viewer',
      rateClass: 'read',
      rpc: true,
      http: { verb: 'GET', path: '/auth/api-key' },
      params: z.strictObject({}),
      result: z.object({ apiKeys: z.array(ApiKey) }),
    },
    'auth.apiKey.revoke': {
      summary: 'Revokes an API key; on every service within a second.',
      access: 'viewer',
      rateClass: 'write',
      rpc: true,
      http: { verb: 'DELETE', path: '/auth/api-key/revoke', status: 204 },
      params: z.strictObject({ id: z.uuid() }),
      result: Nothing,
    },
    'auth.session.list': {
      summary: 'Lists where the caller is signed in.',
      access: 'viewer',
      rateClass: 'read',
      rpc: true,
      http: { verb: 'GET', path: '/auth/sessions' },
      params: z.strictObject({}),
      result: z.object({ sessions: z.array(Session) }),
    },
    'auth.session.revoke': {
      summary: 'Ends one of the caller’s sessions.',
      access: 'viewer',
      rateClass: 'write',
      rpc: true,
      http: { verb: 'DELETE', path: '/auth/sessions/:id', status: 204 },
      params: z.strictObject({ id: z.uuid() }),
      result: Nothing,
    },
    'auth.jwks': {
      summary: 'The public keys of access tokens (RFC 7517).',
      access: 'public',
      rateClass: 'read',
      rpc: false,
      http: { verb: 'GET', path: '/.well-known/jwks.json' },
      params: z.strictObject({}),
      result: z.object({ keys: z.array(PublicKey) }),
    },
    ...adminMethods,
    ...serviceMethods,
  },
});
