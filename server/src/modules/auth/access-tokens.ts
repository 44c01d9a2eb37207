import { errors, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import { newId } from '#base/ids.ts';
import { Role } from '#base/principal.ts';
import type { SigningKeys } from './signing-keys.ts';

const Claims = z.object({
  sub: z.uuid(),
  sid: z.uuid(),
  username: z.string(),
  role: Role,
  iat: z.int(),
  exp: z.int(),
  jti: z.uuid(),
});
export type Claims = z.output<typeof Claims>;

export interface TokenSubject {
  readonly userId: string;
  readonly username: string;
  readonly role: Role;
  readonly sessionId: string;
}

export interface AccessTokens {
  sign(subject: TokenSubject): Promise<{ accessToken: string; expiresIn: number }>;
  /** The claims of a token that one of our keys signed and that has not run out; undefined for every other. */
  verify(token: string): Promise<Claims | undefined>;
}

export interface AccessTokenDeps {
  readonly keys: Pick<SigningKeys, 'current' | 'publicKey'>;
  readonly now: () => number;
  readonly lifetimeSeconds: number;
}

/**
 * Access tokens: JWT (RFC 7519) signed with EdDSA (RFC 8037), and nothing else: the algorithm is ours to say, never
 * the token's, and a key is taken from our own set by its id alone (RFC 8725 sections 3.1 and 3.5).
 */
export function createAccessTokens({ keys, now, lifetimeSeconds }: AccessTokenDeps): AccessTokens {
  return {
    async sign({ userId, username, role, sessionId }) {
      const { kid, privateKey } = await keys.current();
      const nowMs = now();
      const issuedAt = Math.floor(nowMs / 1000);
      const accessToken = await new SignJWT({ username, role, sid: sessionId })
        .setProtectedHeader({ alg: 'EdDSA', typ: 'JWT', kid })
        .setSubject(userId)
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + lifetimeSeconds)
        .setJti(newId(nowMs))
        .sign(privateKey);
      return { accessToken, expiresIn: lifetimeSeconds };
    },
    async verify(token) {
      try {
        const { payload } = await jwtVerify(
          token,
          async ({ kid }) => {
            const key = typeof kid === 'string' ? await keys.publicKey(kid) : undefined;
            if (key === undefined) throw new errors.JWKSNoMatchingKey();
            return key;
          },
          { algorithms: ['EdDSA'], typ: 'JWT', currentDate: new Date(now()), clockTolerance: 0 },
        );
        return Claims.safeParse(payload).data;
      } catch (error) {
        if (error instanceof errors.JOSEError || error instanceof TypeError) return undefined;
        throw error;
      }
    },
  };
}
