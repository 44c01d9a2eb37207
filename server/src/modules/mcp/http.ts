import { Readable } from 'node:stream';
import type { McpHttpHandler, Server } from '@modelcontextprotocol/server';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { RateClass } from '#base/contract.ts';
import { fault, isFault } from '#base/fault.ts';
import type { Principal } from '#base/principal.ts';
import { authenticateRequest, presentedToken } from '#kernel/http/credentials.ts';
import { onDeparture } from '#kernel/http/departure.ts';
import { languageOf } from '#kernel/http/language.ts';
import type { HttpKit } from '#kernel/module.ts';
import { parseRpcMessage, type RpcMessage } from '#kernel/rpc/envelope.ts';
import type { McpCaller } from './call.ts';
import type { McpConfig } from './config.ts';

export interface McpHttpOptions {
  readonly kit: HttpKit;
  /** Loads what makes a server for one request of a caller. Called with the first request. */
  readonly loadServer: () => Promise<(caller: McpCaller) => Server>;
  /** The bucket that calls of a tool draw from; undefined for an unknown tool. */
  readonly rateClassOf: (toolName: string) => RateClass | undefined;
  readonly config: McpConfig;
  readonly log: Logger;
}

/** The headers that the protocol knows. Credentials stay outside of the library. */
const passedHeaders = /^(?:accept|content-type|last-event-id|mcp-[a-z-]+)$/;

/**
 * `/mcp`: MCP by streamable HTTP, without sessions, so that any replica answers any request. Foreign hosts and origins
 * are refused by the server as on every path; here a bearer token is asked for, also to begin, and cookies never
 * count: no page in a browser can speak in the name of who is signed in there.
 */
export function mountMcp(app: FastifyInstance, options: McpHttpOptions): AsyncDisposable {
  const { kit, config } = options;
  let handler: Promise<McpHttpHandler> | undefined;
  const underWay = new Map<string, number>();

  /** A load that failed is tried again with the next request. */
  function loadOnce(): Promise<McpHttpHandler> {
    handler ??= loadHandler(options).catch((error: unknown) => {
      handler = undefined;
      throw error;
    });
    return handler;
  }

  async function answer(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const principal = await identify(request, kit, reply);
    await takeRates(request, reply, { principal, options });
    // Its `close` was told before anybody listened: it would count for ever.
    if (reply.raw.closed) throw fault('common.cancelled');
    const { userId } = principal;
    const count = underWay.get(userId) ?? 0;
    if (count >= config.callsAtOnce) throw fault('mcp.busy', { limit: config.callsAtOnce });
    underWay.set(userId, count + 1);
    reply.raw.once('close', () => {
      const left = (underWay.get(userId) ?? 1) - 1;
      if (left > 0) underWay.set(userId, left);
      else underWay.delete(userId);
    });
    return forward(request, reply, { handler: await loadOnce(), principal });
  }

  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) =>
      done(null, body),
    );
    scope.route({
      method: ['GET', 'POST', 'DELETE'],
      url: '/mcp',
      bodyLimit: config.bodyLimitBytes,
      exposeHeadRoute: false,
      handler: answer,
    });
  });
  return { [Symbol.asyncDispose]: async () => (await handler)?.close() };
}

/** The protocol's library is loaded with the first request: many an installation never has one. */
async function loadHandler({ loadServer, config, log }: McpHttpOptions): Promise<McpHttpHandler> {
  const [{ createMcpHandler }, createServer] = await Promise.all([
    import('@modelcontextprotocol/server'),
    loadServer(),
  ]);
  return createMcpHandler(({ authInfo }) => createServer(callerOf(authInfo)), {
    maxRequestBodySize: config.bodyLimitBytes,
    // Nothing is announced, so there is nothing to hold a connection open for.
    maxSubscriptions: 0,
    onerror: (error) => log.debug({ err: error }, 'a request to /mcp was refused'),
  });
}

async function identify(request: FastifyRequest, kit: HttpKit, reply: FastifyReply): Promise<Principal> {
  try {
    const { headers, ip } = request;
    const presented = presentedToken(headers);
    const principal =
      presented === undefined || presented.fromCookie
        ? null
        : await authenticateRequest({ headers, safe: false }, kit);
    if (principal !== null) return principal;
    await kit.takeRate({ principal: null, address: ip, rateClass: 'read' }, reply);
    throw fault('common.unauthenticated');
  } catch (error) {
    if (isFault(error, 'common.unauthenticated')) reply.header('www-authenticate', 'Bearer');
    throw error;
  }
}

/** Each call of a tool draws from the bucket of its method, as at /rpc; everything else from that of reading. */
async function takeRates(
  request: FastifyRequest,
  reply: FastifyReply,
  { principal, options }: { principal: Principal; options: McpHttpOptions },
): Promise<void> {
  const { kit, rateClassOf } = options;
  for (const toolName of toolNamesIn(messageOf(request))) {
    const rateClass = (toolName === undefined ? undefined : rateClassOf(toolName)) ?? 'read';
    await kit.takeRate({ principal, address: request.ip, rateClass }, reply);
  }
}

/** What was sent; refuses bad JSON, deep values and long batches. */
function messageOf(request: FastifyRequest): RpcMessage | undefined {
  return typeof request.body === 'string' ? parseRpcMessage(request.body) : undefined;
}

function toolNamesIn(message: RpcMessage | undefined): (string | undefined)[] {
  return (message?.items ?? [undefined]).map((item) => {
    if (item?.kind !== 'request' || item.request.method !== 'tools/call') return undefined;
    const { name } = (item.request.params ?? {}) as { name?: unknown };
    return typeof name === 'string' ? name : undefined;
  });
}

interface Forwarded {
  readonly handler: McpHttpHandler;
  readonly principal: Principal;
}

async function forward(
  request: FastifyRequest,
  reply: FastifyReply,
  { handler, principal }: Forwarded,
): Promise<unknown> {
  const leaving = new AbortController();
  onDeparture(reply.raw, () => leaving.abort(fault('common.cancelled')));
  const caller: McpCaller = {
    principal,
    address: request.ip,
    language: languageOf(request.headers['accept-language']),
    traceId: request.id,
  };
  const body = typeof request.body === 'string' ? request.body : undefined;
  const response = await handler.fetch(
    new Request(`http://${request.headers.host ?? 'localhost'}/mcp`, {
      method: request.method,
      headers: Object.entries(request.headers).filter(
        (entry): entry is [string, string] => passedHeaders.test(entry[0]) && typeof entry[1] === 'string',
      ),
      signal: leaving.signal,
      ...(body === undefined ? {} : { body }),
    }),
    {
      authInfo: { token: '', clientId: principal.userId, scopes: [], extra: { caller } },
      ...(body === undefined ? {} : { parsedBody: JSON.parse(body) as unknown }),
    },
  );
  for (const [name, value] of response.headers) reply.header(name, value);
  reply.header('cache-control', 'no-store').code(response.status);
  if (response.body === null) return reply.send();
  return reply.send(Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]));
}

/** The caller that `forward` put beside the request; the library only passes it on. */
function callerOf(authInfo: { readonly extra?: Record<string, unknown> } | undefined): McpCaller {
  const caller = authInfo?.extra?.caller;
  if (caller === undefined) throw new Error('a request reached the MCP server without a caller');
  return caller as McpCaller;
}
