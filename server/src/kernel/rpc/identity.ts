import type { Principal } from '#base/principal.ts';

/** What a verified token stands for, and until when it may be believed without asking again. */
export interface Introspection {
  readonly principal: Principal;
  readonly expiresAtMs: number;
}

interface Subject {
  readonly userId?: string;
  readonly credentialId?: string;
}

/** Turns a bearer token (JWT or API key) into a principal; null when it is not valid now. */
export interface Identity {
  authenticate(token: string): Promise<Principal | null>;
  /** The cached answer if there is a fresh one; undefined when `authenticate` must be awaited. */
  peek(token: string): Principal | undefined;
  /** Forgets what is known of a user's or a credential's tokens, at once. */
  forget(subject: Subject): void;
}

export interface IdentityOptions {
  readonly introspect: (token: string) => Promise<Introspection | null>;
  readonly now: () => number;
  /** How long an answer is believed: the upper bound of how late a revocation takes effect. */
  readonly maxAgeMs?: number;
  readonly maxEntries?: number;
}

interface Entry extends Introspection {
  readonly askedAtMs: number;
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
  /** For each question under way, what was forgotten since it was asked. */
  const underWay = new Set<Subject[]>();

  function peek(token: string): Principal | undefined {
    const entry = entries.get(token);
    if (entry === undefined) return undefined;
    const nowMs = now();
    // A clock that was set back would keep the entry for as long as it was set back.
    if (nowMs >= entry.askedAtMs && nowMs < entry.freshUntilMs) return entry.principal;
    entries.delete(token);
    return undefined;
  }

  async function verify(token: string): Promise<Principal | null> {
    // The answer is as old as the question: what it says may have ended while it was on its way.
    const askedAtMs = now();
    const forgotten: Subject[] = [];
    underWay.add(forgotten);
    const answer = await introspect(token).finally(() => underWay.delete(forgotten));
    if (answer === null || answer.expiresAtMs <= now()) return null;
    if (forgotten.some((subject) => belongsTo(answer.principal, subject))) return verify(token);
    if (entries.size >= maxEntries) {
      const oldest = entries.keys().next();
      if (!oldest.done) entries.delete(oldest.value);
    }
    const freshUntilMs = Math.min(askedAtMs + maxAgeMs, answer.expiresAtMs);
    entries.set(token, { ...answer, askedAtMs, freshUntilMs });
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
    forget(subject) {
      for (const forgotten of underWay) forgotten.push(subject);
      for (const [token, { principal }] of entries) if (belongsTo(principal, subject)) entries.delete(token);
    },
  };
}

function belongsTo({ userId, credential }: Principal, subject: Subject): boolean {
  const id =
    credential.kind === 'session'
      ? credential.sessionId
      : credential.kind === 'apiKey'
        ? credential.apiKeyId
        : '';
  return userId === subject.userId || (subject.credentialId !== undefined && id === subject.credentialId);
}
