import { createReadStream } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';

export type HttpCall = Readonly<{
  method?: string;
  url: string;
  /** Sent as given; `host` and `content-length` are added. */
  headers?: Readonly<Record<string, string>>;
  body?: Uint8Array | string | Readonly<{ file: string; sizeBytes: number }>;
  timeoutMs: number;
  signal: AbortSignal;
  /** Connects there, while the address, its Host header and its TLS name stay: one edge of many. */
  connectTo?: Readonly<{ host: string; port: number }> | undefined;
  /** An answer above this size is an error; without it 256 MiB. */
  mostBytes?: number;
  /** Gets the body piece by piece instead of keeping it. */
  onData?: (chunk: Uint8Array) => void;
}>;

export type HttpAnswer = Readonly<{
  status: number;
  /** Names in lower case; several values of one name joined by a comma. */
  headers: Readonly<Record<string, string>>;
  body: Buffer;
}>;

const MOST_BYTES = 256 * 1024 * 1024;

/**
 * One request on a connection of its own, without redirects, cookies, caches or automatic decompression: what the server
 * says is what the caller sees. The time-out covers the whole exchange. Rejects with the network's own error.
 */
export async function requestHttp(call: HttpCall): Promise<HttpAnswer> {
  const deadline = AbortSignal.timeout(call.timeoutMs);
  const signal = AbortSignal.any([call.signal, deadline]);
  const url = new URL(call.url);
  const client = url.protocol === 'https:' ? https : http;
  const defaultPort = url.protocol === 'https:' ? 443 : 80;
  const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
  const request = client.request(
    {
      method: call.method ?? 'GET',
      host: call.connectTo?.host ?? url.hostname.replace(/^\[|\]$/g, ''),
      port: call.connectTo?.port ?? (url.port === '' ? defaultPort : Number(url.port)),
      path: `${url.pathname}${url.search}`,
      headers: { host: url.host, ...lengthHeader(call), ...call.headers },
      ...(client === https ? { servername: url.hostname.replace(/^\[|\]$/g, '') } : {}),
      agent: false,
      signal,
    },
    resolve,
  );
  request.on('error', reject);
  const sent = sendBody(request, call.body).catch(reject);
  const response = await promise;
  try {
    const body = await readBody(response, call);
    return { status: response.statusCode ?? 0, headers: flatten(response.headers), body };
  } finally {
    request.destroy();
    await sent;
  }
}

/** How often and how patiently to repeat. */
export type RetryPolicy = Readonly<{ retries: number; firstDelayMs: number; signal: AbortSignal }>;

/**
 * Repeats a call on a broken connection, a time-out, 429 and 5xx: with doubled waits, or as long as `Retry-After` says
 * (RFC 9110, section 10.2.3; at most a minute). The last answer or error is handed through.
 */
export async function requestWithRetries(call: HttpCall, policy: RetryPolicy): Promise<HttpAnswer> {
  for (let attempt = 0; ; attempt += 1) {
    const last = attempt >= policy.retries || policy.signal.aborted;
    try {
      const answer = await requestHttp(call);
      if (last || (answer.status !== 429 && answer.status < 500)) return answer;
      await delay(waitMs(answer.headers['retry-after'], attempt, policy), undefined, {
        signal: policy.signal,
      });
    } catch (error) {
      if (last || policy.signal.aborted) throw error;
      await delay(waitMs(undefined, attempt, policy), undefined, { signal: policy.signal });
    }
  }
}

function waitMs(retryAfter: string | undefined, attempt: number, policy: RetryPolicy): number {
  const seconds = Number(retryAfter);
  if (retryAfter !== undefined && Number.isFinite(seconds))
    return Math.min(60_000, Math.max(0, seconds * 1000));
  return Math.min(60_000, policy.firstDelayMs * 2 ** attempt);
}

function lengthHeader(call: HttpCall): Record<string, string> {
  if (call.body === undefined)
    return call.method && call.method !== 'GET' && call.method !== 'HEAD' ? { 'content-length': '0' } : {};
  if (typeof call.body === 'string') return { 'content-length': String(Buffer.byteLength(call.body)) };
  return { 'content-length': String('file' in call.body ? call.body.sizeBytes : call.body.length) };
}

async function sendBody(request: http.ClientRequest, body: HttpCall['body']): Promise<void> {
  if (body === undefined || typeof body === 'string' || !('file' in body)) {
    request.end(body);
    return;
  }
  // A server may answer and close before it has read all; its answer counts, not the broken pipe.
  await pipeline(createReadStream(body.file), request).catch((error: unknown) => {
    if (!request.destroyed) throw error;
  });
}

async function readBody(response: http.IncomingMessage, call: HttpCall): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    bytes += chunk.length;
    if (call.onData) call.onData(chunk);
    else chunks.push(chunk);
    if (bytes > (call.mostBytes ?? MOST_BYTES))
      throw new Error(`${call.url}: answer above ${call.mostBytes ?? MOST_BYTES} bytes`);
  }
  return Buffer.concat(chunks);
}

function flatten(headers: http.IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]],
    ),
  );
}
