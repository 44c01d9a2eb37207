import type { Agent, Dispatcher } from 'undici';
import { fault } from '#base/fault.ts';
import { withoutKeys } from './redact.ts';

export interface UpstreamRequest {
  readonly provider: string;
  readonly url: string;
  readonly key: string | undefined;
  readonly body: string;
  readonly signal: AbortSignal;
  /** Until the head of the answer, and between two pieces of its body. */
  readonly timeoutMs: number;
}

export interface UpstreamAnswer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly body: Dispatcher.ResponseData['body'];
}

/** Connections to providers: kept alive, redirects never followed (a key must not travel to another host). */
export function createUpstream(): AsyncDisposable & {
  /** @throws llm.provider_timeout, llm.provider_failed, or the signal's reason */
  post(request: UpstreamRequest): Promise<UpstreamAnswer>;
  getJson(url: string, timeoutMs: number): Promise<unknown>;
} {
  let agent: Agent | undefined;

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

  return {
    async post({ provider, url, key, body, signal, timeoutMs }) {
      try {
        const answer = await (agent ?? (await connections())).request({
          ...placeOf(url),
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            accept: 'application/json, text/event-stream',
            ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
          },
          body,
          signal,
          headersTimeout: timeoutMs,
          bodyTimeout: timeoutMs,
        });
        const retryAfter = answer.headers['retry-after'];
        return {
          status: answer.statusCode,
          retryAfter: typeof retryAfter === 'string' ? retryAfter : undefined,
          body: answer.body,
        };
      } catch (error) {
        if (signal.aborted) throw signal.reason;
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

function placeOf(url: string): { origin: string; path: string } {
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
