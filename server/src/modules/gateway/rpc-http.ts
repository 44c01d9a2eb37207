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

/** Why the credential that came does not count, which only some methods mind; else who asks. */
async function identify(request: FastifyRequest, kit: HttpKit): Promise<Principal | null | Fault> {
  try {
    return await authenticateRequest({ headers: request.headers, safe: false }, kit);
  } catch (error) {
    if (isFault(error)) return error;
    throw error;
  }
}

async function answer(request: FastifyRequest, reply: FastifyReply, options: RpcHttpOptions): Promise<void> {
  const { kit, executor, log } = options;
  const { raw } = reply;
  const traceId = request.id;
  const { authorization, cookie } = request.headers;
  const language = languageOf(request.headers['accept-language']);
  const who = authorization === undefined && cookie === undefined ? null : await identify(request, kit);
  let limited: Fault | undefined;
  const caller: CallerContext = {
    principal: who instanceof Fault ? null : who,
    denied: who instanceof Fault ? who : undefined,
    address: request.ip,
    language,
    traceId,
    reply: { header: (name, value) => raw.setHeader(name, value) },
    transport: options.transport,
    onLimited: (reason) => {
      limited = reason;
    },
    onSignal: (abort) =>
      raw.once('close', () => {
        if (!raw.writableFinished) abort(fault('common.cancelled'));
      }),
  };
  const text = await dispatchRpc(typeof request.body === 'string' ? request.body : '', {
    catalogue: kit.catalogue,
    language,
    traceId,
    execute: (call) => executor.execute(call, caller),
    onUnexpected: (error, method) => log.error({ err: error, traceId, method }, 'a call failed'),
  });
  if (limited !== undefined) {
    raw.setHeader('retry-after', Math.ceil(Number(limited.data.retryAfterMs ?? 1_000) / 1_000));
    if (text?.startsWith('{')) raw.statusCode = 429;
  }
  sendRaw(reply, text);
}

/** Past Fastify's own way of sending, which does for any answer what this one does not need. */
function sendRaw(reply: FastifyReply, text: string | null): void {
  const { raw } = reply;
  reply.hijack();
  if (text === null) {
    raw.statusCode = 204;
    raw.end();
    return;
  }
  raw.setHeader('content-type', 'application/json; charset=utf-8');
  raw.setHeader('content-length', Buffer.byteLength(text));
  raw.setHeader('cache-control', 'no-store');
  raw.end(text);
}

function sendJson(reply: FastifyReply, text: string): FastifyReply {
  return reply
    .header('content-type', 'application/json; charset=utf-8')
    .header('cache-control', 'no-store')
    .send(text);
}
