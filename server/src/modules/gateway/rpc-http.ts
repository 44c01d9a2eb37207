import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { Fault, fault, isFault } from '#base/fault.ts';
import type { Principal } from '#base/principal.ts';
import { authenticateRequest } from '#kernel/http/credentials.ts';
import { languageOf } from '#kernel/http/language.ts';
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
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) =>
      done(null, body),
    );
    scope.setErrorHandler((error: FastifyError | Fault, request, reply) => {
      const known = readingFault(error, app.initialConfig.bodyLimit ?? 0);
      const language = languageOf(request.headers['accept-language']);
      const reader = { catalogue: kit.catalogue, language, traceId: request.id };
      if (!isFault(known)) options.log.error({ err: error, traceId: request.id }, '/rpc failed');
      const { status } = kit.catalogue.describe(known, reader);
      const unsupported = error instanceof Error && 'statusCode' in error && error.statusCode === 415;
      reply.code(unsupported ? 415 : status);
      return sendJson(reply, JSON.stringify({ jsonrpc: '2.0', id: null, error: rpcErrorOf(known, reader) }));
    });
    scope.post('/rpc', (request, reply) => answer(request, reply, options));
  });
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

async function answer(
  request: FastifyRequest,
  reply: FastifyReply,
  options: RpcHttpOptions,
): Promise<unknown> {
  const { kit } = options;
  let principal: Principal | null = null;
  let denied: Fault | undefined;
  try {
    const known = authenticateRequest({ headers: request.headers, safe: false }, kit);
    principal = known instanceof Promise ? await known : known;
  } catch (error) {
    if (!isFault(error)) throw error;
    denied = error;
  }
  const language = languageOf(request.headers['accept-language']);
  const caller: CallerContext = {
    principal,
    denied,
    address: request.ip,
    language,
    traceId: request.id,
    reply,
    transport: options.transport,
    onSignal: (abort) =>
      reply.raw.once('close', () => {
        if (!reply.raw.writableFinished) abort(fault('common.cancelled'));
      }),
  };
  let limited: Fault | undefined;
  const body = typeof request.body === 'string' ? request.body : '';
  const text = await dispatchRpc(body, {
    catalogue: kit.catalogue,
    language,
    traceId: request.id,
    execute: async (call) => {
      try {
        return await options.executor.execute(call, caller);
      } catch (error) {
        if (isFault(error, 'common.rate_limited')) limited = error;
        throw error;
      }
    },
    onUnexpected: (error, method) =>
      options.log.error({ err: error, traceId: request.id, method }, 'a call failed'),
  });
  if (limited !== undefined) {
    const seconds = Math.ceil(Number(limited.data.retryAfterMs ?? 1_000) / 1_000);
    reply.header('retry-after', seconds);
    if (text?.startsWith('{')) reply.code(429);
  }
  return text === null ? reply.code(204).send() : sendJson(reply, text);
}

function sendJson(reply: FastifyReply, text: string): FastifyReply {
  return reply
    .header('content-type', 'application/json; charset=utf-8')
    .header('cache-control', 'no-store')
    .send(text);
}
