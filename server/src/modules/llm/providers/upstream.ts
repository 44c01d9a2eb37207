import type { Agent } from 'undici';
import { fault } from '#base/fault.ts';
import { Exchange, type ExchangeBody, type ExchangeEnds, type ExchangeHead } from './exchange.ts';
import { withoutKeys } from './redact.ts';

export interface UpstreamRequest extends ExchangeEnds {
  readonly provider: string;
  readonly url: string;
  readonly key: string | undefined;
  readonly body: string;
  /** Until the head of the answer, and between two pieces of its body. */
  readonly timeoutMs: number;
}

export interface UpstreamAnswer extends ExchangeHead {
  readonly body: ExchangeBody;
}

/** Connections to providers: kept alive, redirects never followed (a key must not travel to another host). */
export function createUpstream(): AsyncDisposable & {
  /** @throws llm.provider_timeout, llm.provider_failed, or the signal's reason */
  post(request: UpstreamRequest): Promise<UpstreamAnswer>;
  getJson(url: string, timeoutMs: number): Promise<unknown>;
} {
  let agent: Agent | undefined;
  const places = new Map<string, Place>();

  /** Loaded with the first request: a platform without providers starts sooner without it. */
  async function connections(): Promise<Agent> {
    if (agent !== undefined) return agent;
    const undici = await import('undici');
    agent ??= new undici.Agent({
      connections: 256,
      keepAliveTimeout: 20_000,
      connect: { timeout: 10_000 },
    });
    return agent;
  }

  /** Few addresses are asked again and again, and taking one apart costs as much as a small answer's JSON. */
  function knownPlace(url: string): Place {
    let place = places.get(url);
    if (place === undefined) {
      place = placeOf(url);
      if (places.size >= mostPlaces) places.clear();
      places.set(url, place);
    }
    return place;
  }

  return {
    async post({ provider, url, key, body, timeoutMs, ...ends }) {
      const { signal } = ends;
      let exchange: Exchange | undefined;
      try {
        const { origin, path } = knownPlace(url);
        const connected = agent ?? (await connections());
        signal.throwIfAborted();
        exchange = new Exchange(ends);
        const headers = ['content-type', 'application/json', 'accept', 'application/json, text/event-stream'];
        if (key !== undefined) headers.push('authorization', `Bearer ${key}`);
        connected.dispatch(
          { origin, path, method: 'POST', headers, body, headersTimeout: timeoutMs, bodyTimeout: timeoutMs },
          exchange,
        );
        const { status, retryAfter } = await exchange.head;
        return { status, retryAfter, body: exchange };
      } catch (error) {
        if (signal.aborted && exchange?.outlives !== true) throw signal.reason;
        throw upstreamFault(error, { provider, key, timeoutMs });
      }
    },
    async getJson(url, timeoutMs) {
      const { statusCode, body } = await (await connections()).request({
        ...placeOf(url),
        method: 'GET',
        signal: AbortSignal.timeout(timeoutMs),
      });
      if (statusCode !== 200) {
        await body.dump();
        throw fault('llm.provider_failed', { provider: new URL(url).host, reason: `status ${statusCode}` });
      }
      return body.json();
    },
    [Symbol.asyncDispose]: async () => agent?.destroy(),
  };
}

interface Place {
  readonly origin: string;
  readonly path: string;
}

const mostPlaces = 1_000;

function placeOf(url: string): Place {
  const { origin, pathname, search } = new URL(url);
  return { origin, path: `${pathname}${search}` };
}

/** What went wrong on the way, in words that hold no address: a base address may carry a key. */
export function upstreamFault(
  error: unknown,
  { provider, key, timeoutMs }: { provider: string; key: string | undefined; timeoutMs: number },
) {
  const { code, message } = error as { code?: string; message?: string };
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT') {
    return fault('llm.provider_timeout', { provider, timeoutMs });
  }
  return fault('llm.provider_failed', {
    provider,
    reason: withoutKeys(reasons[code ?? ''] ?? code ?? message ?? 'no answer', key),
  });
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'it refuses connections',
  ENOTFOUND: 'its host name is unknown',
  UND_ERR_CONNECT_TIMEOUT: 'it can’t be reached in time',
  UND_ERR_SOCKET: 'it closed the connection',
  ECONNRESET: 'it closed the connection',
};
