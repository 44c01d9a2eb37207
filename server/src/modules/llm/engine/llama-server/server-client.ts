import { createParser } from 'eventsource-parser';
import { Pool } from 'undici';
import { z } from 'zod';
import { fault } from '#base/fault.ts';

const Refusal = z.object({
  error: z.object({
    type: z.string().optional(),
    message: z.string().optional(),
    n_prompt_tokens: z.number().optional(),
    n_ctx: z.number().optional(),
  }),
});

const connectionsAtMost = 128;
const answerBytesAtMost = 256 << 20;

/** The HTTP face of a llama-server (tools/server/README.md of llama.cpp), over its Unix socket. */
export class ServerClient {
  readonly #pool: Pool;
  readonly #model: string;

  constructor(socketPath: string, model: string) {
    this.#model = model;
    this.#pool = new Pool('http://llama-server', {
      socketPath,
      connections: connectionsAtMost,
      // Prompts are computed in silence, and a full server lets requests wait.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  async healthy(signal: AbortSignal): Promise<boolean> {
    try {
      const { statusCode, body } = await this.#pool.request({ path: '/health', method: 'GET', signal });
      await body.dump();
      return statusCode === 200;
    } catch {
      signal.throwIfAborted();
      return false;
    }
  }

  /** @throws llm.context_length_exceeded, llm.engine_failed */
  async ask<Schema extends z.ZodType>(
    path: string,
    question: { readonly body: unknown | null; readonly schema: Schema; readonly signal: AbortSignal },
  ): Promise<z.output<Schema>> {
    const { body, schema, signal } = question;
    const answer = await this.#send(path, body, signal);
    const text = await this.#text(answer.body);
    if (answer.statusCode !== 200) throw this.#refusal(text);
    const parsed = schema.safeParse(parsedJson(text));
    if (!parsed.success) throw this.#failed(`${path} answered something else than expected`);
    return parsed.data;
  }

  /** Server-sent events as JSON values; leaving the loop ends the request there too. */
  async *stream(path: string, body: unknown, signal: AbortSignal): AsyncGenerator<unknown, void, undefined> {
    const answer = await this.#send(path, body, signal);
    if (answer.statusCode !== 200) throw this.#refusal(await this.#text(answer.body));
    const values: unknown[] = [];
    const parser = createParser({ onEvent: ({ data }) => values.push(parsedJson(data)) });
    try {
      for await (const part of answer.body.setEncoding('utf8')) {
        parser.feed(String(part));
        for (let value = values.shift(); value !== undefined; value = values.shift()) {
          if (Refusal.safeParse(value).success) throw this.#refusal(JSON.stringify(value));
          yield value;
        }
      }
    } catch (error) {
      signal.throwIfAborted();
      throw error instanceof Error && error.name === 'Fault'
        ? error
        : this.#failed('its stream broke off', error);
    } finally {
      answer.body.destroy();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.destroy();
  }

  async #send(path: string, body: unknown | null, signal: AbortSignal) {
    try {
      return await this.#pool.request({
        path,
        signal,
        method: body === null ? 'GET' : 'POST',
        headers: { 'content-type': 'application/json' },
        ...(body === null ? {} : { body: JSON.stringify(body) }),
      });
    } catch (error) {
      signal.throwIfAborted();
      throw this.#failed('it does not answer', error);
    }
  }

  async #text(body: AsyncIterable<unknown>): Promise<string> {
    const parts: Buffer[] = [];
    let length = 0;
    for await (const part of body) {
      const bytes = part as Buffer;
      length += bytes.length;
      if (length > answerBytesAtMost) throw this.#failed('its answer is too long');
      parts.push(bytes);
    }
    return Buffer.concat(parts).toString('utf8');
  }

  #refusal(text: string): Error {
    const { error } = Refusal.safeParse(parsedJson(text)).data ?? { error: undefined };
    if (error?.type === 'exceed_context_size_error') {
      return fault('llm.context_length_exceeded', {
        model: this.#model,
        neededTokens: (error.n_prompt_tokens ?? 0) + 1,
        contextSize: error.n_ctx ?? 0,
      });
    }
    return this.#failed((error?.message ?? 'it refused the request').slice(0, 300));
  }

  #failed(reason: string, cause?: unknown): Error {
    return fault('llm.engine_failed', { model: this.#model, reason }, { cause });
  }
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
