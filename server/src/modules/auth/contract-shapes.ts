import { z } from 'zod';
import { Role } from '#base/principal.ts';

/** Shapes that several methods of auth's contract share. Times are ISO 8601 in UTC, token amounts are whole. */

export const UserId = z.uuid();

/**
 * Bounded only: what a name may look like is a rule of registration, answered with a text of its own. Sign-in
 * takes any bounded text, so that it can't be told whether a name is possible.
 */
export const UsernameInput = z.string().min(1).max(200);
export const PasswordInput = z.string().min(1).max(1_024);

/** Access tokens, refresh tokens and API keys are all far shorter. */
export const TokenInput = z.string().min(1).max(4_096);

/** Text that people type and see: no control characters. */
export const plainText = /^[^\p{Cc}\p{Cs}]*$/u;

export const TokenAmount = z.int().min(0).max(1_000_000_000_000_000);

export const User = z.object({
  id: UserId,
  username: z.string(),
  role: Role,
  /** Balance tokens that can be spent now. */
  tokenBalance: TokenAmount,
  createdAt: z.iso.datetime(),
});

export const AdminUser = User.extend({
  lastSignInAt: z.iso.datetime().nullable(),
});

const tokenPair = {
  /** JWT for `Authorization: Bearer`. */
  accessToken: z.string(),
  /** Works once; the answer brings the next one. */
  refreshToken: z.string(),
  /** Life of the access token in seconds. */
  expiresIn: z.int().positive(),
  /** Life of the refresh token in seconds: how long the session lasts without use. */
  refreshExpiresIn: z.int().positive(),
};

export const TokenPair = z.object(tokenPair);
export const SignedIn = z.object({ user: User, ...tokenPair });

/** A namespace of methods: `project`, `run`, `llm`, `auth`, `admin` … */
export const Scope = z.string().regex(/^[a-z][a-zA-Z]{0,39}$/, 'must be a namespace such as "project"');

export const ApiKey = z.object({
  id: z.uuid(),
  name: z.string(),
  /** The first characters of the key, to recognise it by. */
  prefix: z.string(),
  /** Null: everything that the user's role may. */
  scopes: z.array(z.string()).nullable(),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime().nullable(),
  /** Exact to a minute. */
  lastUsedAt: z.iso.datetime().nullable(),
});

export const Session = z.object({
  id: z.uuid(),
  createdAt: z.iso.datetime(),
  lastSeenAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
  /** Network address of the sign-in. */
  address: z.string(),
  /** True for the session that asks. */
  current: z.boolean(),
});

export const Invite = z.object({
  id: z.uuid(),
  /** The first characters of the code, to recognise it by. */
  prefix: z.string(),
  role: Role,
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
  /** Registrations that are left. */
  usesLeft: z.int(),
});

/** RFC 7517; only what the public half of an Ed25519 key has (RFC 8037). */
export const PublicKey = z.object({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  x: z.string(),
  kid: z.string(),
  alg: z.literal('EdDSA'),
  use: z.literal('sig'),
});
