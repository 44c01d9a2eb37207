import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';

/** A request as a test's script sees it. */
export interface Asked {
  /** Counted from zero. */
  readonly index: number;
  readonly model: string;
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  readonly tools: readonly string[];
  /** The last message. */
  readonly last: string;
  readonly all: string;
}

/** Words of an answer that come before the rest of it, each when the test lets it. */
interface Slowly {
  readonly slowly?: AsyncIterable<string>;
}

/** What the provider is to do; the last ones are faults. */
export type Said =
  | ({
      readonly text: string;
      readonly usage?: { readonly prompt_tokens: number; readonly completion_tokens: number } | null;
      readonly cut?: boolean;
    } & Slowly)
  | ({
      readonly tool: string;
      readonly input: object;
      /** The arguments break off in the middle. */
      readonly cut?: boolean;
    } & Slowly)
  | { readonly status: number; readonly retryAfter?: string }
  | { readonly hang: true }
  | { readonly dropMidway: true };

export interface ScriptedProvider extends AsyncDisposable {
  readonly url: string;
  readonly asked: readonly Asked[];
  /** Requests that wait for an answer. */
  readonly open: number;
}

/** A small server that speaks OpenAI's API and answers as the script says; only for tests. */
export async function scriptedProvider(
  script: (asked: Asked) => Said | Promise<Said>,
): Promise<ScriptedProvider> {
  const asked: Asked[] = [];
  let open = 0;
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    if (request.method !== 'POST') return void response.writeHead(404).end();
    const body = JSON.parse(Buffer.concat(parts).toString()) as {
      stream?: boolean;
      model: string;
      messages: { role: string; content: string | null }[];
      tools?: { function: { name: string } }[];
    };
    const messages = body.messages.map(({ role, content }) => ({ role, content: content ?? '' }));
    const entry: Asked = {
      index: asked.length,
      model: body.model,
      messages,
      tools: (body.tools ?? []).map((tool) => tool.function.name),
      last: messages.at(-1)?.content ?? '',
      all: messages.map(({ content }) => content).join('\n'),
    };
    asked.push(entry);
    open += 1;
    response.once('close', () => {
      open -= 1;
    });
    await answer(response, await script(entry), { stream: body.stream === true, index: entry.index });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}/v1`,
    asked,
    get open() {
      return open;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function answer(
  response: ServerResponse,
  said: Said,
  { stream, index }: { stream: boolean; index: number },
): Promise<void> {
  if ('hang' in said) return;
  if ('status' in said) {
    response
      .writeHead(said.status, {
        'content-type': 'application/json',
        ...(said.retryAfter === undefined ? {} : { 'retry-after': said.retryAfter }),
      })
      .end('{"error":{"message":"no"}}');
    return;
  }
  if ('dropMidway' in said) {
    response.writeHead(200, { 'content-type': stream ? 'text/event-stream' : 'application/json' });
    response.write(
      stream
        ? 'data: {"id":"x","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"half"}}]}\n\n'
        : '{"id":"x","obj',
    );
    setTimeout(() => response.destroy(), 20);
    return;
  }
  const message =
    'tool' in said
      ? {
          role: 'assistant',
          content: null,
          tool_calls: [
            {
              index: 0,
              id: `call_${index}`,
              type: 'function',
              function: { name: said.tool, arguments: argumentsOf(said) },
            },
          ],
        }
      : { role: 'assistant', content: said.text };
  const finish_reason = said.cut === true ? 'length' : 'tool' in said ? 'tool_calls' : 'stop';
  const usage = 'tool' in said ? undefined : said.usage;
  const told = usage === undefined ? { prompt_tokens: 100, completion_tokens: 20 } : usage;
  const shared = {
    id: `chat-${index}`,
    created: 1,
    model: 'strong',
    ...(told === null
      ? {}
      : { usage: { ...told, total_tokens: told.prompt_tokens + told.completion_tokens } }),
  };
  if (!stream) {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify({
        ...shared,
        object: 'chat.completion',
        choices: [{ index: 0, message, finish_reason }],
      }),
    );
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const chunk = (part: object) =>
    response.write(`data: ${JSON.stringify({ ...shared, object: 'chat.completion.chunk', ...part })}\n\n`);
  for await (const content of said.slowly ?? [])
    chunk({ choices: [{ index: 0, delta: { content }, finish_reason: null }] });
  chunk({ choices: [{ index: 0, delta: message, finish_reason: null }] });
  chunk({ choices: [{ index: 0, delta: {}, finish_reason }] });
  response.end('data: [DONE]\n\n');
}

function argumentsOf({ input, cut = false }: Extract<Said, { tool: string }>): string {
  const whole = JSON.stringify(input);
  return cut ? whole.slice(0, Math.floor(whole.length / 2)) : whole;
}
