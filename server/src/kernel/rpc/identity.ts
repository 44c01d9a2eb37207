import type { Principal } from '#base/principal.ts';

/** What a verified token stands for, and until when it may be believed without asking again. */
export interface Introspection {
  readonly principal: Principal;
  readonly expiresAtMs: number;
}

/** Turns a bearer token (JWT or API key) into a principal; null when it is not valid now. */
export interface Identity {
  authenticate(token: string): Promise<Principal | null>;
  /** The cached answer if there is a fresh one; undefined when `authenticate` must be awaited. */
  peek(token: string): Principal | undefined;
  /** Forgets what is known of a user's or a credential's tokens, at once. */
  forget(subject: { userId?: string; credentialId?: string }): void;
}

export interface IdentityOptions {
  readonly introspect: (token: string) => Promise<Introspection | null>;
  readonly now: () => number;
  /** How long an answer is believed: the upper bound of how late a revocation takes effect. */
  readonly maxAgeMs?: number;
  readonly maxEntries?: number;
}

interface Entry extends Introspection {
  readonly freshUntilMs: number;
}

/**
 * A bounded cache before token verification (an EdDSA verification costs about 150 µs). Entries live at most
 * 900 ms and never past the token's end, so that a revocation holds on every service within one second even
 * when its event is lost. Only valid tokens are kept: guessing fills nothing.
 */
export function createIdentity(options: IdentityOptions): Identity {
  const { introspect, now, maxAgeMs = 900, maxEntries = 10_000 } = options;
  const entries = new Map<string, Entry>();
  const pending = new Map<string, Promise<Principal | null>>();

  function peek(token: string): Principal | undefined {
    const entry = entries.get(token);
    if (entry === undefined) return undefined;
    if (now() < entry.freshUntilMs) return entry.principal;
    entries.delete(token);
    return undefined;
  }

  async function verify(token: string): Promise<Principal | null> {
    const answer = await introspect(token);
    const nowMs = now();
    if (answer === null || answer.expiresAtMs <= nowMs) return null;
    if (entries.size >= maxEntries) {
      const oldest = entries.keys().next();
      if (!oldest.done) entries.delete(oldest.value);
    }
    entries.set(token, { ...answer, freshUntilMs: Math.min(nowMs + maxAgeMs, answer.expiresAtMs) });
    return answer.principal;
  }

  return {
    peek,
    authenticate(token) {
      const known = peek(token);
      if (known !== undefined) return Promise.resolve(known);
      const running = pending.get(token);
      if (running !== undefined) return running;
      const verification = verify(token).finally(() => pending.delete(token));
      pending.set(token, verification);
      return verification;
    },
    forget({ userId, credentialId }) {
      for (const [token, { principal }] of entries) {
        const { credential } = principal;
        const id =
          credential.kind === 'session'
            ? credential.sessionId
            : credential.kind === 'apiKey'
              ? credential.apiKeyId
              : '';
        if (principal.userId === userId || (credentialId !== undefined && id === credentialId))
          entries.delete(token);
      }
    },
  };
}
