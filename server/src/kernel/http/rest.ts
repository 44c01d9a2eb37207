import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { HttpBinding, MethodDefinition, RateClass } from '#base/contract.ts';
import { fault, isFault } from '#base/fault.ts';
import type { Principal } from '#base/principal.ts';
import { coerceText } from '../config/coerce.ts';
import { LazyCall } from '../rpc/call-context.ts';
import { authorize, type BoundMethod } from '../rpc/method.ts';
import { closeSessionCookies, cookieNames, openSessionCookies, readCookies } from './cookies.ts';
import { authenticateRequest, type CredentialCheck } from './credentials.ts';
import { onDeparture } from './departure.ts';
import { languageOf } from './language.ts';

/** Takes one request's share of its rate limit, or throws common.rate_limited. */
export type TakeRate = (
  request: { principal: Principal | null; address: string; rateClass: RateClass },
  reply: { header(name: string, value: string | number): unknown },
) => void | Promise<void>;

export interface RestOptions extends CredentialCheck {
  readonly secure: boolean;
  readonly takeRate: TakeRate;
}

type BoundRest = BoundMethod & { readonly definition: MethodDefinition & { readonly http: HttpBinding } };

const unsafe = new Set(['POST', 'PUT', 'DELETE']);

/** The class of a method that names none: by what its access lets it do. */
export function rateClassOf(definition: MethodDefinition): RateClass {
  if (definition.rateClass !== undefined) return definition.rateClass;
  if (definition.http !== undefined) return definition.http.verb === 'GET' ? 'read' : 'write';
  return definition.access === 'viewer' || definition.access === 'public' ? 'read' : 'write';
}

/** Mounts the REST face of every method that has one. */
export function mountRest(app: FastifyInstance, methods: readonly BoundMethod[], options: RestOptions): void {
  for (const bound of methods) {
    const { definition } = bound;
    if (definition.http === undefined || definition.access === 'service') continue;
    const method = bound as BoundRest;
    app.route({
      method: definition.http.verb,
      url: definition.http.path,
      handler: (request, reply) => answer({ method, request, reply, options }),
    });
  }
}

interface Exchange {
  readonly method: BoundRest;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly options: RestOptions;
}

async function answer(exchange: Exchange): Promise<unknown> {
  const { method, request, reply, options } = exchange;
  const binding = method.definition.http;
  const open = method.definition.access === 'public';
  const safe = !unsafe.has(request.method);
  // A public method must work with a stale cookie too: signing in again is the way out of it.
  const principal = open ? null : await whoAsks(exchange, safe);
  await options.takeRate(
    { principal, address: request.ip, rateClass: rateClassOf(method.definition) },
    reply,
  );
  authorize(method, principal);
  const call = new LazyCall({
    principal,
    traceId: request.id,
    address: request.ip,
    language: languageOf(request.headers['accept-language']),
    onSignal: (abort) => onDeparture(reply.raw, () => abort(fault('common.cancelled'))),
  });
  const result = await method.invoke(gatherParams(exchange), call);
  const body = binding.session === undefined ? result : await applySession(exchange, result);
  reply.header('cache-control', 'no-store');
  reply.code(binding.status ?? 200);
  return binding.status === 204 ? reply.send() : reply.send(body);
}

/** Whoever tries one credential after the other draws from the bucket of the address, as at /rpc. */
async function whoAsks(
  { method, request, reply, options }: Exchange,
  safe: boolean,
): Promise<Principal | null> {
  try {
    return await authenticateRequest({ headers: request.headers, safe }, options);
  } catch (error) {
    if (isFault(error, 'common.unauthenticated')) {
      const rateClass = rateClassOf(method.definition);
      await options.takeRate({ principal: null, address: request.ip, rateClass }, reply);
    }
    throw error;
  }
}

/** Path over query over body; texts of path and query are read by the schema's types. */
function gatherParams({ method, request }: Exchange): Record<string, unknown> {
  const { shape } = method.definition.params;
  const params: Record<string, unknown> = {};
  if (typeof request.body === 'object' && request.body !== null) Object.assign(params, request.body);
  else if (request.body !== undefined && request.body !== null) {
    throw fault('common.invalid_params', { field: 'body', reason: 'it must be a JSON object' });
  }
  for (const [key, text] of Object.entries({ ...(request.query as object), ...(request.params as object) })) {
    const schema = Object.hasOwn(shape, key) ? shape[key] : undefined;
    params[key] = schema === undefined || typeof text !== 'string' ? text : coerceText(schema, text);
  }
  if ('refreshToken' in shape) {
    const cookie = refreshCookieOf({ method, request });
    if (cookie !== undefined) params.refreshToken = cookie;
  }
  return params;
}

/** The refresh token that a browser sent by itself; undefined where the body names one. */
function refreshCookieOf({ method, request }: Pick<Exchange, 'method' | 'request'>): string | undefined {
  if (method.definition.http.session === undefined) return undefined;
  const named = (request.body as { readonly refreshToken?: unknown } | null | undefined)?.refreshToken;
  return named === undefined ? readCookies(request.headers.cookie).get(cookieNames.refresh) : undefined;
}

interface SessionResult {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly expiresIn: number;
  readonly refreshExpiresIn: number;
}

/**
 * A browser that asks for cookies (`x-cds-session: cookie`) gets its tokens there and never sees them; nor does one
 * whose cookie was exchanged, whatever a script in its page asks for.
 */
async function applySession(
  { method, request, reply, options }: Exchange,
  result: unknown,
): Promise<unknown> {
  const { session } = method.definition.http;
  if (session === 'close') {
    reply.header('set-cookie', closeSessionCookies(options.secure));
    return result;
  }
  const renewsCookie = session === 'renew' && refreshCookieOf({ method, request }) !== undefined;
  if (request.headers['x-cds-session'] !== 'cookie' && !renewsCookie) return result;
  const { accessToken, refreshToken, ...rest } = result as SessionResult;
  const principal = await options.identity.authenticate(accessToken);
  if (principal?.credential.kind !== 'session')
    throw new Error('a session method answered with a token of no session');
  reply.header(
    'set-cookie',
    openSessionCookies(options.csrfKey, {
      accessToken,
      refreshToken,
      expiresIn: rest.expiresIn,
      refreshExpiresIn: rest.refreshExpiresIn,
      sessionId: principal.credential.sessionId,
      secure: options.secure,
    }),
  );
  return rest;
}
