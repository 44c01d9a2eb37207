import { type Fault, fault } from '#base/fault.ts';

export type CooldownCause = 'key' | 'credit' | 'limit' | 'timeout' | 'failure';

interface Cooldown {
  readonly cause: CooldownCause;
  readonly status: number;
  readonly untilMs: number;
}

/** How long a provider, or one model of it, is left alone after a refusal that names no time of its own. */
const usualMs: Readonly<Record<CooldownCause, number>> = {
  key: 5 * 60_000,
  credit: 10 * 60_000,
  limit: 20_000,
  timeout: 5_000,
  failure: 0,
};

const longestMs = 60 * 60_000;

/** Which refusals stop all models of a provider: those about its key or account. */
const wholeProvider: ReadonlySet<CooldownCause> = new Set(['key', 'credit']);

/** What a status says about the provider; undefined: it is about the request, and nothing cools down. */
export function causeOf(status: number): CooldownCause | undefined {
  if (status === 401 || status === 403) return 'key';
  if (status === 402) return 'credit';
  if (status === 429) return 'limit';
  if (status === 408 || status === 504) return 'timeout';
  if (status >= 500) return 'failure';
  return undefined;
}

/** Milliseconds of a `Retry-After` header (RFC 9110 section 10.2.3): seconds or a date. */
export function retryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,9}(\.\d+)?$/.test(header.trim())) return Math.ceil(Number(header) * 1_000);
  const dateMs = Date.parse(header);
  return Number.isNaN(dateMs) ? undefined : Math.max(0, dateMs - nowMs);
}

export interface Cooldowns {
  note(
    target: { provider: string; model: string },
    refusal: { status: number; retryAfter: string | undefined },
  ): void;
  /** Why this model must not be asked now; undefined when it may. */
  refusal(provider: string, model: string): Fault | undefined;
  /** For the provider as a whole, or the longest among its models. */
  stateOf(provider: string): { readonly untilMs: number; readonly cause: CooldownCause } | undefined;
  clear(provider: string): void;
}

/** Typed cooldowns, in memory: after a restart a provider is asked again, which costs one refusal. */
export function createCooldowns(now: () => number): Cooldowns {
  const cooling = new Map<string, Map<string, Cooldown>>();

  function active(provider: string, model: string): Cooldown | undefined {
    const found = cooling.get(provider)?.get(model);
    if (found === undefined) return undefined;
    if (found.untilMs > now()) return found;
    cooling.get(provider)?.delete(model);
    return undefined;
  }

  return {
    note({ provider, model }, { status, retryAfter }) {
      const cause = causeOf(status);
      if (cause === undefined) return;
      const waitMs = Math.min(retryAfterMs(retryAfter, now()) ?? usualMs[cause], longestMs);
      if (waitMs <= 0) return;
      const ofProvider = cooling.get(provider) ?? new Map<string, Cooldown>();
      cooling.set(provider, ofProvider);
      ofProvider.set(wholeProvider.has(cause) ? '' : model, { cause, status, untilMs: now() + waitMs });
    },
    refusal(provider, model) {
      const found = active(provider, '') ?? active(provider, model);
      if (found === undefined) return undefined;
      return faultOf(provider, { status: found.status, waitMs: found.untilMs - now() });
    },
    stateOf(provider) {
      let longest: Cooldown | undefined;
      for (const model of [...(cooling.get(provider)?.keys() ?? [])]) {
        const found = active(provider, model);
        if (found !== undefined && (longest === undefined || found.untilMs > longest.untilMs))
          longest = found;
      }
      return longest;
    },
    clear: (provider) => void cooling.delete(provider),
  };
}

/** A refusal by a provider in the platform's terms. */
export function faultOf(
  provider: string,
  { status, waitMs }: { readonly status: number; readonly waitMs: number | undefined },
): Fault {
  switch (causeOf(status)) {
    case 'key':
    case 'credit':
      return fault('llm.provider_refused', { provider, status });
    case 'limit':
      return fault('llm.provider_limited', { provider, retryAfterMs: Math.ceil(waitMs ?? usualMs.limit) });
    default:
      return fault('llm.provider_failed', { provider, reason: `status ${status}` });
  }
}
