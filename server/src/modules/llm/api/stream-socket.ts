import type { FastifyInstance } from 'fastify';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { fault, isFault, type Language } from '#base/fault.ts';
import type { Principal } from '#base/principal.ts';
import { authenticateRequest, presentedToken } from '#kernel/http/credentials.ts';
import { languageOf } from '#kernel/http/language.ts';
import { mountWebSocket } from '#kernel/http/websocket.ts';
import type { HttpKit } from '#kernel/module.ts';
import { ChatRequest, CompletionRequest } from '../contract-requests.ts';
import type { InferenceRequest } from '../source.ts';
import { openAiError } from './openai-errors.ts';
import { parseRequest } from './parse-request.ts';
import type { ApiDeps } from './routes.ts';
import { objectsOf } from './writer.ts';

const Id = z.string().min(1).max(100);
const Message = z.union([
  z.strictObject({ id: Id, cancel: z.literal(true) }),
  z.strictObject({ id: Id, endpoint: z.enum(['chat', 'completions']), body: z.unknown() }),
]);

interface Admitted {
  /** Looked at anew for each request: it may end while the connection stays. */
  readonly token: string;
  readonly address: string;
  readonly language: Language;
  readonly traceId: string;
}

const requestsAtOnce = 16;
const bufferedBytes = 1024 * 1024;
/** As at /ws (RFC 6455 section 7.4.2: 4000-4999 are for applications). */
const sessionEnded = 4401;

/**
 * `WS /v1/stream`: several streamed requests on one socket. The client sends `{id, endpoint: 'chat' | 'completions',
 * body}` and may send `{id, cancel: true}`; it receives `{id, queue}` while the request waits, `{id, data}` for each
 * chunk, then `{id, done, usage}` or `{id, error}` with OpenAI's error object. A slow reader slows the model down.
 */
export function mountStreamSocket(app: FastifyInstance, kit: HttpKit, deps: ApiDeps): void {
  const { inference, log, newId } = deps;

  mountWebSocket<Admitted>(app, {
    path: '/v1/stream',
    maxMessageBytes: deps.maxRequestBytes,
    async admit(request) {
      // A browser's upgrade carries its cookie from any page: only the own origin passes the server's origin check.
      const presented = presentedToken(request.headers);
      const user = await authenticateRequest({ headers: request.headers, safe: true }, kit);
      if (presented === undefined || user === null) throw fault('common.unauthenticated');
      checkScope(user);
      return {
        token: presented.token,
        address: request.ip,
        language: languageOf(request.headers['accept-language']),
        traceId: request.id,
      };
    },
    serve: (socket, admitted) => serve(socket, admitted),
  });

  function serve(socket: WebSocket, admitted: Admitted): void {
    const running = new Map<string, AbortController>();
    const left = fault('common.cancelled');
    socket.on('error', () => socket.terminate());
    socket.on('close', () => {
      for (const controller of running.values()) controller.abort(left);
    });
    socket.on('message', (data, isBinary) => {
      void receive(isBinary ? '' : String(data)).catch((error: unknown) => {
        log.error({ err: error, traceId: admitted.traceId }, 'a message of /v1/stream failed');
        socket.close(1011, 'internal error');
      });
    });

    /** A client that takes nothing of what it is told is not read, until it has caught up. */
    const steerReading = () => {
      if (socket.bufferedAmount > bufferedBytes) socket.pause();
      else if (socket.isPaused) socket.resume();
    };
    const send = (message: object) => {
      if (socket.readyState !== WebSocket.OPEN) return;
      socket.send(JSON.stringify(message), steerReading);
      steerReading();
    };
    const tell = (id: string | null, error: unknown) => {
      if (!isFault(error)) log.error({ err: error, traceId: admitted.traceId }, 'a model stream failed');
      const reader = { catalogue: kit.catalogue, limitBytes: deps.maxRequestBytes, ...admitted };
      send({ id, ...openAiError(error, reader).body });
    };

    async function receive(text: string): Promise<void> {
      let message: z.output<typeof Message>;
      try {
        message = Message.parse(JSON.parse(text));
      } catch {
        tell(
          null,
          fault('llm.request_invalid', {
            field: 'message',
            reason: 'it must be {id, endpoint, body} or {id, cancel: true}',
          }),
        );
        return;
      }
      if ('cancel' in message) {
        running.get(message.id)?.abort(left);
        return;
      }
      await run(message.id, message).catch((error: unknown) => tell(message.id, error));
    }

    async function run(
      id: string,
      message: { endpoint: 'chat' | 'completions'; body: unknown },
    ): Promise<void> {
      if (running.has(id))
        throw fault('llm.request_invalid', { field: 'id', reason: 'a request with this id is running' });
      if (running.size >= requestsAtOnce) {
        throw fault('llm.request_invalid', {
          field: 'id',
          reason: `at most ${requestsAtOnce} requests run at once here`,
        });
      }
      const controller = new AbortController();
      running.set(id, controller);
      let unwatch = () => {};
      try {
        const user = await currentUser();
        await kit.takeRate(
          { principal: user, address: admitted.address, rateClass: 'inference' },
          { header: () => undefined },
        );
        const request = requestOf(message);
        const { signal } = controller;
        unwatch = deps.revocations.watch({
          user,
          token: admitted.token,
          end: (reason) => controller.abort(reason),
        });
        const call = {
          user,
          request,
          endpoint: '/v1/stream',
          requestId: newId(),
          repeatable: false,
          signal,
        };
        await forward(id, inference.stream(call), signal);
      } finally {
        unwatch();
        running.delete(id);
      }
    }

    async function currentUser(): Promise<Principal> {
      const user = await kit.identity.authenticate(admitted.token);
      if (user === null) {
        setImmediate(() => socket.close(sessionEnded, 'common.unauthenticated'));
        throw fault('common.unauthenticated');
      }
      checkScope(user);
      return user;
    }

    async function forward(
      id: string,
      stream: ReturnType<typeof inference.stream>,
      signal: AbortSignal,
    ): Promise<void> {
      try {
        for (;;) {
          const step = await stream.next();
          if (step.done === true) {
            send({ id, done: true, usage: step.value });
            return;
          }
          if ('queued' in step.value) send({ id, queue: step.value.queued });
          else for (const data of objectsOf(step.value)) send({ id, data });
          await drained(socket, signal, deps.readerStallMs);
        }
      } finally {
        await stream.return(undefined as never);
      }
    }
  }
}

/** @throws common.forbidden for a key that is confined to something else */
function checkScope({ scopes }: Principal): void {
  if (scopes !== undefined && !scopes.includes('llm')) throw fault('common.forbidden', { needed: 'llm' });
}

function requestOf(message: { endpoint: 'chat' | 'completions'; body: unknown }): InferenceRequest {
  return message.endpoint === 'chat'
    ? { kind: 'chat', body: parseRequest(ChatRequest, message.body) }
    : { kind: 'completion', body: parseRequest(CompletionRequest, message.body) };
}

/** Waits while the client is far behind, and closes the connection of one that takes nothing for `stallMs`. */
async function drained(socket: WebSocket, signal: AbortSignal, stallMs: number): Promise<void> {
  let least = socket.bufferedAmount;
  for (let waitedMs = 0; waitedMs < stallMs; waitedMs += 10) {
    if (socket.bufferedAmount <= bufferedBytes || socket.readyState !== WebSocket.OPEN) return;
    signal.throwIfAborted();
    if (socket.bufferedAmount < least) {
      least = socket.bufferedAmount;
      waitedMs = 0;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  socket.terminate();
}
