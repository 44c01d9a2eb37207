import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { z } from 'zod';
import { fault, isFault } from '#base/fault.ts';
import type { Principal } from '#base/principal.ts';
import { authenticateRequest, presentedToken } from '#kernel/http/credentials.ts';
import { onDeparture } from '#kernel/http/departure.ts';
import { languageOf } from '#kernel/http/language.ts';
import { dataHeaders } from '#kernel/http/security-headers.ts';
import type { HttpKit } from '#kernel/module.ts';
import { ownRequestIds } from '../accounting/accounting.ts';
import type { InferenceCall } from '../attempts.ts';
import type { Candidates } from '../candidates.ts';
import { ChatRequest, CompletionRequest, EmbeddingRequest } from '../contract-requests.ts';
import type { Inference } from '../inference.ts';
import type { InferenceRequest, Piece, QueueNotice, QueuePlace } from '../source.ts';
import { createEventWriter, type EventWriter, streamHeaders } from './event-writer.ts';
import { openAiError } from './openai-errors.ts';
import { parseRequest } from './parse-request.ts';
import type { Revocations } from './revocations.ts';
import { billHeaders, drained, eventsOf, queueHeaders } from './writer.ts';

export interface ApiDeps {
  readonly inference: Inference;
  readonly candidates: Candidates;
  readonly newId: () => string;
  readonly revocations: Revocations;
  readonly maxRequestBytes: number;
  /** A client that takes nothing of its stream for so long is taken for gone. */
  readonly readerStallMs: number;
  readonly log: Logger;
}

const done = 'data: [DONE]\n\n';
const trailerNames = 'x-cds-prompt-tokens, x-cds-completion-tokens, x-cds-charged-tokens, x-cds-cost';

/** OpenAI's API under `/v1`: all its errors are OpenAI's error objects, those of sign-in and limits included. */
export function mountApi(app: FastifyInstance, kit: HttpKit, deps: ApiDeps): void {
  const { inference, candidates, log } = deps;
  const fixedHeaders = Object.entries(dataHeaders(kit.secure)).flat();
  app.register(
    async (scope) => {
      scope.setErrorHandler((error, request, reply) => refuse(error, request, reply));
      scope.setNotFoundHandler((request, reply) =>
        refuse(
          fault('common.method_not_found', { method: request.url.split('?', 1)[0]?.slice(0, 200) }),
          request,
          reply,
        ),
      );
      scope.get('/models', async (request, reply) => {
        await admit(request, 'read', reply);
        return candidates.list();
      });
      scope.get('/models/*', async (request, reply) => {
        await admit(request, 'read', reply);
        const model = (request.params as { '*': string })['*'];
        const found = (await candidates.list()).data.find((candidate) => candidate.id === model);
        if (found === undefined) throw fault('llm.model_not_found', { model: model.slice(0, 100) });
        return found;
      });
      const route = (path: string, schema: z.ZodType, kind: InferenceRequest['kind']) =>
        scope.post(
          path,
          { bodyLimit: deps.maxRequestBytes, config: { ownHeaders: true } },
          async (request, reply) => {
            const headers = [...fixedHeaders, 'x-trace-id', request.id];
            try {
              const header = (name: string, value: string | number) => headers.push(name, String(value));
              const user = await admit(request, 'inference', { header });
              const body = parseRequest(schema, request.body);
              await answer({ request, reply, headers, user, wanted: { kind, body } as InferenceRequest });
            } catch (error) {
              setHeaders(reply, headers);
              throw error;
            }
          },
        );
      route('/chat/completions', ChatRequest, 'chat');
      route('/completions', CompletionRequest, 'completion');
      route('/embeddings', EmbeddingRequest, 'embedding');
    },
    { prefix: '/v1' },
  );

  async function admit(
    request: FastifyRequest,
    rateClass: 'read' | 'inference',
    limits: Parameters<HttpKit['takeRate']>[1],
  ): Promise<Principal> {
    const safe = request.method === 'GET';
    const user = await whoAsks(request, safe).catch(async (error: unknown) => {
      // Whoever tries one key after the other draws from the bucket of the address.
      if (isFault(error, 'common.unauthenticated'))
        await kit.takeRate({ principal: null, address: request.ip, rateClass }, limits);
      throw error;
    });
    const taken = kit.takeRate({ principal: user, address: request.ip, rateClass }, limits);
    if (taken instanceof Promise) await taken;
    if (user === null) throw fault('common.unauthenticated');
    if (user.scopes !== undefined && !user.scopes.includes('llm'))
      throw fault('common.forbidden', { needed: 'llm' });
    return user;
  }

  async function whoAsks(request: FastifyRequest, safe: boolean): Promise<Principal | null> {
    return authenticateRequest({ headers: request.headers, safe }, kit);
  }

  async function answer(exchange: Exchange): Promise<void> {
    const { request, reply, headers, user, wanted } = exchange;
    const controller = new AbortController();
    onDeparture(reply.raw, () => controller.abort(fault('common.cancelled')));
    const unwatch = deps.revocations.watch({
      user,
      token: presentedToken(request.headers)?.token ?? '',
      end: (reason) => controller.abort(reason),
    });
    const call: InferenceCall = {
      user,
      request: wanted,
      endpoint: request.url.split('?', 1)[0] ?? '/v1',
      requestId: requestIdOf(request, deps.newId),
      repeatable: request.headers['idempotency-key'] !== undefined,
      signal: controller.signal,
    };
    headers.push('x-request-id', call.requestId);
    const streaming = wanted.kind !== 'embedding' && wanted.body.stream === true;
    try {
      await (streaming ? sendStream(exchange, call) : sendWhole(exchange, call));
    } catch (error) {
      if (!reply.raw.closed) throw error;
      // The client has left: nobody is there to be told.
      if (!isFault(error))
        log.warn({ err: error, traceId: request.id }, 'a request whose client left failed');
      reply.hijack();
      reply.raw.destroy();
    } finally {
      unwatch();
    }
  }

  async function sendWhole({ reply, headers }: Exchange, call: InferenceCall): Promise<void> {
    let place: QueuePlace | undefined;
    const { answer: whole, bill } = await inference.whole({
      ...call,
      onQueued: (now) => {
        place ??= now;
      },
    });
    // It was awaited for its bill alone.
    call.signal.throwIfAborted();
    // A text goes out with the head in one write; a buffer would take two.
    const body = 'json' in whole ? whole.json.toString() : JSON.stringify(whole.object);
    reply.hijack();
    headers.push('content-type', 'application/json; charset=utf-8', 'cache-control', 'no-store');
    headers.push('content-length', String(Buffer.byteLength(body)));
    if (place !== undefined) headers.push(...queueHeaders(place));
    for (const [name, value] of billHeaders(bill)) headers.push(name, value);
    reply.raw.writeHead(200, headers);
    reply.raw.end(body);
  }

  async function sendStream(exchange: Exchange, call: InferenceCall): Promise<void> {
    const { request, reply, headers } = exchange;
    const { raw } = reply;
    let writer: EventWriter | undefined;
    const begin = (piece: Piece | QueueNotice | undefined): EventWriter => {
      reply.hijack();
      headers.push(...streamHeaders(request.raw, trailerNames));
      if (piece !== undefined && 'queued' in piece) headers.push(...queueHeaders(piece.queued));
      raw.writeHead(200, headers);
      return createEventWriter(raw);
    };
    try {
      const bill = await inference.pour(call, (piece) => {
        writer ??= begin(piece);
        // Awaited only when it must be: this runs for every token of every stream.
        return writer.write(eventsOf(piece)) ? undefined : drained(raw, call.signal, deps.readerStallMs);
      });
      writer ??= begin(undefined);
      writer.end(done, billHeaders(bill));
    } catch (error) {
      if (writer === undefined) throw error;
      if (raw.closed || raw.destroyed) raw.destroy();
      else writer.end(brokenEvent(error, exchange), []);
    }
  }

  /** After the first piece the status is sent: the fault goes into the stream, and no `[DONE]` follows. */
  function brokenEvent(error: unknown, { request }: Exchange): string {
    if (!isFault(error)) log.error({ err: error, traceId: request.id }, 'a model stream failed');
    const { body } = openAiError(error, readerOf(request));
    return `event: error\ndata: ${JSON.stringify(body)}\n\n`;
  }

  function refuse(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const { status, retryAfterMs, body } = openAiError(error, readerOf(request));
    if (!reply.raw.hasHeader('x-trace-id')) setHeaders(reply, [...fixedHeaders, 'x-trace-id', request.id]);
    // The SDKs show it with every error; a request that got none of its own has its trace.
    if (!reply.raw.hasHeader('x-request-id')) reply.raw.setHeader('x-request-id', request.id);
    if (status >= 500 && !isFault(error))
      log.error({ err: error, traceId: request.id }, 'a model request failed');
    if (retryAfterMs !== undefined) reply.header('retry-after', Math.max(1, Math.ceil(retryAfterMs / 1_000)));
    void reply
      .code(status)
      .header('content-type', 'application/json; charset=utf-8')
      .header('cache-control', 'no-store')
      .send(JSON.stringify(body));
  }

  function readerOf(request: FastifyRequest) {
    return {
      catalogue: kit.catalogue,
      language: languageOf(request.headers['accept-language']),
      traceId: request.id,
      limitBytes: deps.maxRequestBytes,
    };
  }
}

interface Exchange {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /** Names and values in turn: they go out with the head all at once. */
  readonly headers: string[];
  readonly user: Principal;
  readonly wanted: InferenceRequest;
}

function setHeaders(reply: FastifyReply, headers: readonly string[]): void {
  if (reply.raw.headersSent) return;
  for (let index = 0; index < headers.length; index += 2) {
    reply.raw.setHeader(headers[index] ?? '', headers[index + 1] ?? '');
  }
}

/** The client's own idempotency key, so that a repetition is not billed twice; else a new id. */
function requestIdOf(request: FastifyRequest, newId: () => string): string {
  const given = request.headers['idempotency-key'];
  if (typeof given !== 'string' || given === '') return newId();
  if (!/^[\x21-\x7e]{1,150}$/.test(given) || given.startsWith(ownRequestIds)) {
    throw fault('llm.request_invalid', {
      field: 'Idempotency-Key',
      reason: `it must be 1 to 150 printable ASCII characters, and not begin with ${ownRequestIds}`,
    });
  }
  return given;
}
