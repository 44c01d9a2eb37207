import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { FastifyError, FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { Fault, fault, isFault } from '#base/fault.ts';
import type { Principal } from '#base/principal.ts';
import { authenticateRequest } from '#kernel/http/credentials.ts';
import { onDeparture } from '#kernel/http/departure.ts';
import type { DirectRequest } from '#kernel/http/direct.ts';
import { languageOf } from '#kernel/http/language.ts';
import { dataHeaders } from '#kernel/http/security-headers.ts';
import type { HttpKit } from '#kernel/module.ts';
import { dispatchRpc, rpcErrorOf } from '#kernel/rpc/dispatch.ts';
import type { CallerContext, Executor } from './executor.ts';

export interface RpcHttpOptions {
  readonly kit: HttpKit;
  readonly executor: Executor;
  readonly transport: CallerContext['transport'];
  readonly log: Logger;
}

/**
 * `POST /rpc`. The HTTP status is 200 for every answer that JSON-RPC gives and 204 where nothing may be answered;
 * 429 for a single call over its limit, and 413 or 415 for what can't be read at all.
 */
export function mountRpcHttp(app: FastifyInstance, options: RpcHttpOptions): void {
  const { kit } = options;
  const fixedHeaders = [...Object.entries(dataHeaders(kit.secure)).flat(), ...answerHeaders];
  const route: Route = { ...options, fixedHeaders };
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) =>
      done(null, body),
    );
    scope.setErrorHandler((error: FastifyError | Fault, request, reply) => {
      reply.hijack();
      refuse(error, { headers: request.headers, traceId: request.id, response: reply.raw });
    });
    scope.post('/rpc', { config: { ownHeaders: true } }, (request, reply) => {
      reply.hijack();
      serve({
        headers: request.headers,
        body: typeof request.body === 'string' ? request.body : '',
        traceId: request.id,
        address: request.ip,
        response: reply.raw,
      });
    });
  });
  kit.direct.add('/rpc', serve);

  function serve(request: DirectRequest): void {
    answer(request, route).catch((error: FastifyError | Fault) => refuse(error, request));
  }

  function refuse(error: FastifyError | Fault, request: Omit<DirectRequest, 'body' | 'address'>): void {
    const { headers, traceId, response } = request;
    const known = readingFault(error, app.initialConfig.bodyLimit ?? 0);
    const reader = { catalogue: kit.catalogue, language: languageOf(headers['accept-language']), traceId };
    if (!isFault(known)) options.log.error({ err: error, traceId }, '/rpc failed');
    const { status } = kit.catalogue.describe(known, reader);
    const unsupported = error instanceof Error && 'statusCode' in error && error.statusCode === 415;
    const text = JSON.stringify({ jsonrpc: '2.0', id: null, error: rpcErrorOf(known, reader) });
    send(response, {
      status: unsupported ? 415 : status,
      text,
      headers: [...fixedHeaders, 'x-trace-id', traceId],
    });
  }
}

/** What keeps a request from being read, in our terms. */
function readingFault(error: FastifyError | Fault, limitBytes: number): unknown {
  if (error instanceof Fault) return error;
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') return fault('common.too_large', { limitBytes });
  if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500) {
    const reason = error.statusCode === 415 ? 'send content-type: application/json' : 'it can’t be read';
    return fault('common.invalid_request', { reason }, { cause: error });
  }
  return error;
}

const answerHeaders = ['content-type', 'application/json; charset=utf-8', 'cache-control', 'no-store'];

/**
 * Who asks; or, as a value, why the credential that came does not count, since only some methods mind.
 * No promise where the credential is known: each costs half a microsecond.
 */
function identify(
  headers: IncomingHttpHeaders,
  kit: HttpKit,
): Principal | null | Fault | Promise<Principal | Fault> {
  try {
    const known = authenticateRequest({ headers, safe: false }, kit);
    return known instanceof Promise ? known.catch(faultOf) : known;
  } catch (error) {
    return faultOf(error);
  }
}

function faultOf(error: unknown): Fault {
  if (isFault(error)) return error;
  throw error;
}

interface Route extends RpcHttpOptions {
  /** Names and values in turn. */
  readonly fixedHeaders: readonly string[];
}

async function answer(request: DirectRequest, route: Route): Promise<void> {
  const { kit, executor, log } = route;
  const { traceId, response } = request;
  const language = languageOf(request.headers['accept-language']);
  const identified = identify(request.headers, kit);
  const who = identified instanceof Promise ? await identified : identified;
  const headers = [...route.fixedHeaders, 'x-trace-id', traceId];
  let limited: Fault | undefined;
  const caller: CallerContext = {
    principal: who instanceof Fault ? null : who,
    denied: who instanceof Fault ? who : undefined,
    address: request.address,
    language,
    traceId,
    reply: { header: (name, value) => setLast(headers, name, String(value)) },
    transport: route.transport,
    onLimited: (reason) => {
      limited = reason;
    },
    onSignal: (abort) => onDeparture(response, () => abort(fault('common.cancelled'))),
  };
  const text = await dispatchRpc(request.body, {
    catalogue: kit.catalogue,
    language,
    traceId,
    execute: (call) => executor.execute(call, caller),
    onUnexpected: (error, method) => log.error({ err: error, traceId, method }, 'a call failed'),
  });
  let status = text === null ? 204 : 200;
  if (limited !== undefined) {
    headers.push('retry-after', String(Math.ceil(Number(limited.data.retryAfterMs ?? 1_000) / 1_000)));
    if (text?.startsWith('{')) status = 429;
  }
  send(response, { status, text, headers });
}

/** Each call of a batch tells its limit; the last one counts. */
function setLast(headers: string[], name: string, value: string): void {
  for (let index = headers.length - 2; index >= 0; index -= 2) {
    if (headers[index] === name) {
      headers[index + 1] = value;
      return;
    }
  }
  headers.push(name, value);
}

interface Answer {
  readonly status: number;
  readonly text: string | null;
  readonly headers: string[];
}

/** Writes head and body at once, past Fastify's own way, which costs a call a tenth of its time. */
function send(response: ServerResponse, { status, text, headers }: Answer): void {
  if (text === null) {
    response.writeHead(status, headers);
    response.end();
    return;
  }
  headers.push('content-length', String(Buffer.byteLength(text)));
  response.writeHead(status, headers);
  response.end(text);
}
