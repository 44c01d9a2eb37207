import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface UpstreamCall {
  readonly path: string;
  readonly authorization: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into what was asked freely
  readonly body: any;
  /** Resolves when the connection of the call has ended. */
  readonly closed: Promise<void>;
}

export type Behaviour = (call: UpstreamCall, response: ServerResponse) => void | Promise<void>;

export interface TestUpstream extends AsyncDisposable {
  readonly url: string;
  readonly calls: UpstreamCall[];
  /** What the model of this name does. */
  on(model: string, behaviour: Behaviour): void;
}

/** A provider over real HTTP whose models do what a test says. */
export async function testUpstream(): Promise<TestUpstream> {
  const behaviours = new Map<string, Behaviour>();
  const calls: UpstreamCall[] = [];
  const server = createServer((request, response) => void serve(request, response));

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const part of request.setEncoding('utf8')) text += part;
    const closed = new Promise<void>((resolve) => response.once('close', () => resolve()));
    const body = text === '' ? {} : JSON.parse(text);
    const call = { path: request.url ?? '', authorization: request.headers.authorization, body, closed };
    calls.push(call);
    const behaviour = behaviours.get(body.model);
    if (behaviour === undefined) response.writeHead(404).end('{"error":{"message":"no such model"}}');
    else await behaviour(call, response);
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    on: (model, behaviour) => void behaviours.set(model, behaviour),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

export const upstreamUsage = {
  prompt_tokens: 20,
  completion_tokens: 3,
  total_tokens: 23,
  prompt_tokens_details: { cached_tokens: 8 },
};

/** The events of an answer in three pieces, its usage last. */
export function answerEvents(texts: readonly string[] = ['one', ' two', ' three']): string[] {
  const chunk = (choices: object[], rest: object = {}) =>
    `data: ${JSON.stringify({ id: 'x', object: 'chat.completion.chunk', created: 1, model: 'up', choices, ...rest })}\n\n`;
  return [
    ...texts.map((content) => chunk([{ index: 0, delta: { content }, finish_reason: null }])),
    chunk([{ index: 0, delta: {}, finish_reason: 'stop' }]),
    chunk([], { usage: upstreamUsage }),
    'data: [DONE]\n\n',
  ];
}

/** Answers whole or streamed, as asked, without faults. */
export const wellBehaved: Behaviour = ({ body }, response) => {
  if (body.stream === true) {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(answerEvents().join(''));
    return;
  }
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(
    JSON.stringify({
      id: 'x',
      object: 'chat.completion',
      created: 1,
      model: 'up',
      choices: [
        { index: 0, message: { role: 'assistant', content: 'one two three' }, finish_reason: 'stop' },
      ],
      usage: upstreamUsage,
    }),
  );
};

/** Sends parts one by one, each in a packet of its own. */
export function sending(
  parts: readonly (string | Buffer)[],
  then: 'end' | 'cut' | 'hang' = 'end',
  everyMs = 2,
): Behaviour {
  return async (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const part of parts) {
      response.write(part);
      await sleep(everyMs);
    }
    if (then === 'end') response.end();
    if (then === 'cut') response.destroy();
  };
}

/** Refuses with a status. */
export function refusing(
  status: number,
  headers: Record<string, string> = {},
  text = '{"error":{"message":"refused"}}',
): Behaviour {
  return (_, response) => void response.writeHead(status, headers).end(text);
}
