import type { IncomingMessage } from 'node:http';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { Fault, fault, isFault } from '#base/fault.ts';
import type { FaultCatalogue } from '../rpc/fault-catalogue.ts';
import { traceIdOf } from '../telemetry/trace.ts';
import { languageOf } from './language.ts';
import type { OriginPolicy } from './origin.ts';
import { dataHeaders, securityHeaders } from './security-headers.ts';
import { isWebSocketUpgrade } from './websocket.ts';

export interface HttpServerOptions {
  readonly catalogue: FaultCatalogue;
  readonly origins: OriginPolicy;
  readonly log: Logger;
  readonly bodyLimitBytes: number;
  readonly trustProxy: boolean;
  /** Reached by TLS: decides HSTS and the Secure flag of cookies. */
  readonly secure: boolean;
  /** Offered each request that no route knows; true when it has answered. */
  readonly fallback?: (request: FastifyRequest, reply: FastifyReply) => boolean;
}

const corsHeaders = {
  'access-control-allow-methods': 'GET, POST, PUT, DELETE',
  // Those of MCP (streamable HTTP) too: a client in a page of a listed origin sends them with each request.
  'access-control-allow-headers':
    'authorization, content-type, traceparent, last-event-id, mcp-protocol-version, mcp-session-id, mcp-method, mcp-name',
  'access-control-expose-headers':
    'x-trace-id, www-authenticate, retry-after, ratelimit-policy, ratelimit-limit, ratelimit-remaining, ratelimit-reset',
  'access-control-max-age': '600',
};

/** Contracts check what comes in; without this, Fastify loads its own two schema compilers at every start. */
function noRouteSchemas(): never {
  throw new Error('routes have no schemas of their own here: a contract checks what comes in');
}

/**
 * The one HTTP stack: trace ids, security headers, host and origin checks, problem details (RFC 9457), access log.
 * Slow clients are cut: 20 s for headers, 60 s for a request without progress on its body.
 */
export function createHttpServer(options: HttpServerOptions): FastifyInstance {
  const { catalogue, origins, log } = options;
  const ofPages = Object.entries(securityHeaders(options.secure));
  const ofData = Object.entries(dataHeaders(options.secure));
  const app = fastify({
    logger: false,
    bodyLimit: options.bodyLimitBytes,
    // The one proxy in front is believed, and what it adds at the end of X-Forwarded-For: the rest the client wrote.
    trustProxy: options.trustProxy && ((_address, hop) => hop === 0),
    requestTimeout: 60_000,
    keepAliveTimeout: 65_000,
    forceCloseConnections: true,
    exposeHeadRoutes: true,
    genReqId: (request: IncomingMessage) => traceIdOf(headerOf(request.headers.traceparent)),
    routerOptions: { maxParamLength: 512 },
    schemaController: {
      compilersFactory: { buildValidator: noRouteSchemas, buildSerializer: noRouteSchemas },
    },
    http: {
      headersTimeout: 20_000,
      maxHeaderSize: 16 * 1024,
      shouldUpgradeCallback: isWebSocketUpgrade,
    },
  });

  app.addHook('onRequest', (request, reply, done) => {
    const { raw } = reply;
    if (!writesOwnHeaders(request)) {
      const page = request.method === 'GET' || request.method === 'HEAD';
      for (const [name, value] of page ? ofPages : ofData) raw.setHeader(name, value);
      raw.setHeader('x-trace-id', request.id);
    }
    if (!origins.hostAllowed(request.headers.host)) return done(fault('common.foreign_origin'));
    const { origin } = request.headers;
    if (origin !== undefined && !isOpenToAnyOrigin(request)) return done(admitOrigin(request, reply, origin));
    done();
  });

  function admitOrigin(request: FastifyRequest, reply: FastifyReply, origin: string): Fault | undefined {
    if (origins.corsAllowed(origin)) {
      // On the raw answer, where routes that send past Fastify have them too.
      reply.raw.setHeader('access-control-allow-origin', origin);
      reply.raw.setHeader('vary', 'origin');
      if (request.method === 'OPTIONS') reply.headers(corsHeaders);
      return undefined;
    }
    return origins.originAllowed(origin, request.headers.host) ? undefined : fault('common.foreign_origin');
  }

  app.options('/*', (_request, reply) => reply.code(204).send());

  // Fastify listens to the end of each answer only when somebody wants to know.
  if (log.isLevelEnabled('debug')) {
    app.addHook('onResponse', (request, reply, done) => {
      const durationMs = Math.round(reply.elapsedTime * 10) / 10;
      // The path without its query: queries may carry what must not be logged.
      const path = request.url.split('?', 1)[0];
      log.debug(
        { traceId: request.id, verb: request.method, path, status: reply.statusCode, durationMs },
        'request',
      );
      done();
    });
  }

  app.setNotFoundHandler((request, reply) => {
    if (options.fallback?.(request, reply) === true) return;
    sendProblem(
      fault('common.method_not_found', { method: request.url.split('?', 1)[0]?.slice(0, 200) }),
      request,
      reply,
    );
  });
  app.setErrorHandler((error, request, reply) => sendProblem(error, request, reply));

  function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const known = asFault(error, options.bodyLimitBytes);
    if (!isFault(known))
      log.error({ err: error, traceId: request.id, path: request.url.split('?', 1)[0] }, 'request failed');
    const problem = catalogue.describe(known, {
      language: languageOf(request.headers['accept-language']),
      traceId: request.id,
    });
    if (problem.code === 'common.rate_limited' && typeof problem.data.retryAfterMs === 'number') {
      reply.header('retry-after', Math.ceil(problem.data.retryAfterMs / 1000));
    }
    void reply
      .code(problem.status)
      .header('content-type', 'application/problem+json; charset=utf-8')
      .header('cache-control', 'no-store')
      .send(
        JSON.stringify({
          ...problem.data,
          type: `urn:cyberdevstudio:fault:${problem.code}`,
          title: problem.code,
          status: problem.status,
          detail: problem.detail,
          code: problem.code,
          hint: problem.hint,
          traceId: request.id,
        }),
      );
  }

  return app;
}

/** A route with `config: { ownHeaders: true }` sends security headers and trace id by itself, all at once. */
function writesOwnHeaders(request: FastifyRequest): boolean {
  return (request.routeOptions.config as { ownHeaders?: boolean }).ownHeaders === true;
}

/** A route that heeds no cookie and whose address is itself the permission. */
function isOpenToAnyOrigin(request: FastifyRequest): boolean {
  return (request.routeOptions.config as { anyOrigin?: boolean }).anyOrigin === true;
}

/** Fastify's own refusals in our terms; anything unknown stays what it is and becomes common.internal. */
function asFault(error: unknown, bodyLimitBytes: number): unknown {
  if (error instanceof Fault || !(error instanceof Error)) return error;
  const { code, statusCode } = error as { code?: string; statusCode?: number };
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return fault('common.too_large', { limitBytes: bodyLimitBytes });
  if (error instanceof SyntaxError) return fault('common.parse_error', {}, { cause: error });
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    return fault(
      'common.invalid_request',
      { reason: 'the content type is not supported here' },
      { cause: error },
    );
  }
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return fault('common.invalid_request', { reason: 'the HTTP request is not valid' }, { cause: error });
  }
  return error;
}

function headerOf(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}
