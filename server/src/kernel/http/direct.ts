import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { traceIdOf } from '../telemetry/trace.ts';
import type { OriginPolicy } from './origin.ts';

/** A request whose body is read. */
export interface DirectRequest {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly traceId: string;
  readonly address: string;
  readonly response: ServerResponse;
}

/** Answers all by itself, security headers and trace id included; must not throw. */
export type DirectAnswer = (request: DirectRequest) => void;

export interface DirectRoutes {
  /** JSON texts that are posted to exactly this path go to `answer`; the path needs an ordinary route all the same. */
  add(path: string, answer: DirectAnswer): void;
}

export interface DirectOptions {
  readonly origins: OriginPolicy;
  readonly bodyLimitBytes: number;
  readonly trustProxy: boolean;
}

const jsonTypes = new Set(['application/json', 'application/json; charset=utf-8']);

/**
 * A way past Fastify for the requests that cost most by their number: its search for the route, its objects and hooks are
 * a good part of a small call (docs/decisions/0121-ordinary-calls-go-past-fastify.md). It takes only what needs no
 * decision: a known host, no origin, a length within the limit, JSON. Everything else goes the ordinary way and is
 * refused or served there.
 */
export function addDirectRoutes(app: FastifyInstance, options: DirectOptions): DirectRoutes {
  const { origins, bodyLimitBytes, trustProxy } = options;
  const routes = new Map<string, DirectAnswer>();
  let closing = false;
  app.addHook('preClose', async () => {
    closing = true;
  });

  function take(request: IncomingMessage, response: ServerResponse): boolean {
    const answer = routes.get(request.url ?? '');
    if (answer === undefined || request.method !== 'POST' || closing) return false;
    const { headers } = request;
    const lengthBytes = Number(headers['content-length']);
    const ordinary =
      jsonTypes.has(headers['content-type'] ?? '') &&
      lengthBytes <= bodyLimitBytes &&
      headers.origin === undefined &&
      origins.hostAllowed(headers.host);
    // Whose address the proxy tells is not guessed here.
    if (!ordinary || (trustProxy && headers['x-forwarded-for'] !== undefined)) return false;
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () =>
      answer({
        headers,
        body: textOf(chunks),
        traceId: traceIdOf(headerOf(headers.traceparent)),
        address: request.socket.remoteAddress ?? '',
        response,
      }),
    );
    return true;
  }

  const [ordinary] = app.server.listeners('request');
  if (ordinary === undefined) throw new Error('the HTTP server has nobody who answers');
  app.server.removeAllListeners('request');
  app.server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    if (!take(request, response)) ordinary.call(app.server, request, response);
  });
  return { add: (path, answer) => void routes.set(path, answer) };
}

function textOf(chunks: readonly Buffer[]): string {
  const [first] = chunks;
  return (chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks)).toString('utf8');
}

function headerOf(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}
