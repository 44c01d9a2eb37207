import { randomInt } from 'node:crypto';
import { z } from 'zod';
import { fault } from '#base/fault.ts';
import { Answer } from '../answer.ts';
import { constraintsOf } from '../constraints.ts';
import type {
  Embeddings,
  Engine,
  GenerateChunk,
  GenerateRequest,
  GenerateResult,
  GenerateUsage,
  TokenLogprob,
} from '../engine.ts';
import { residentBytesOf } from '../resident-bytes.ts';
import { type ToolSyntax, toolSyntaxOf } from '../tools/syntax.ts';
import type { ServerClient } from './server-client.ts';
import { type ServerProcess, type ServerProcessOptions, startServerProcess } from './server-process.ts';
import { chatBody, samplingBody } from './server-requests.ts';

export interface LlamaServerOptions extends ServerProcessOptions {
  /** What the model's file says that it can do. */
  readonly capabilities: Engine['capabilities'];
}

const Properties = z.object({ chat_template: z.string().optional() });
const Rendered = z.object({ prompt: z.string() });
const Tokens = z.object({ tokens: z.array(z.unknown()) });

const Logprob = z.object({ token: z.string(), bytes: z.array(z.int()), logprob: z.number().nullable() });
const Step = z.object({
  content: z.string(),
  stop: z.boolean(),
  stop_type: z.string().optional(),
  tokens_evaluated: z.int().optional(),
  tokens_predicted: z.int().optional(),
  timings: z
    .object({
      cache_n: z.int(),
      prompt_n: z.int(),
      predicted_n: z.int(),
      prompt_per_second: z.number().nullable(),
      predicted_per_second: z.number().nullable(),
    })
    .optional(),
  completion_probabilities: z.array(Logprob.extend({ top_logprobs: z.array(Logprob).optional() })).optional(),
});
type Step = z.output<typeof Step>;

const EmbeddingAnswer = z.object({
  data: z.array(z.object({ index: z.int(), embedding: z.array(z.number()) })),
  usage: z.object({ prompt_tokens: z.int() }),
});

/**
 * A supervised llama-server as an engine. It renders the chat template, tokenizes and computes; grammars, tool calls
 * and checks are this side's own, because the server lets some of them slip.
 * @throws llm.engine_failed
 */
export async function startLlamaServer(options: LlamaServerOptions): Promise<LlamaServerEngine> {
  const server = await startServerProcess(options);
  const properties = await server.client.ask('/props', {
    body: null,
    schema: Properties,
    signal: options.signal,
  });
  return new LlamaServerEngine(server, options, toolSyntaxOf(properties.chat_template ?? ''));
}

export class LlamaServerEngine implements Engine {
  readonly kind = 'llama-server';
  readonly contextSize: number;
  readonly parallel: number;
  readonly capabilities: Engine['capabilities'];
  readonly ended: Engine['ended'];
  readonly #server: ServerProcess;
  readonly #client: ServerClient;
  readonly #modelId: string;
  readonly #toolSyntax: ToolSyntax;
  #active = 0;
  #promptRate: number | null = null;
  #completionRate: number | null = null;

  constructor(server: ServerProcess, options: LlamaServerOptions, toolSyntax: ToolSyntax) {
    this.#server = server;
    this.#client = server.client;
    this.#modelId = options.modelId;
    this.#toolSyntax = toolSyntax;
    this.contextSize = options.contextSize;
    this.parallel = options.parallel;
    this.capabilities = options.capabilities;
    this.ended = server.ended;
  }

  async countTokens(request: GenerateRequest, signal: AbortSignal): Promise<number> {
    constraintsOf(request, this.#toolSyntax);
    const content = await this.#promptText(request, signal);
    const body = { content, add_special: true, parse_special: true };
    const { tokens } = await this.#client.ask('/tokenize', { body, schema: Tokens, signal });
    if (tokens.length >= this.contextSize) throw this.#tooLong(tokens.length);
    return tokens.length;
  }

  async *generate(
    request: GenerateRequest,
    options: Parameters<Engine['generate']>[1],
  ): AsyncGenerator<GenerateChunk, GenerateResult, undefined> {
    const { signal } = options;
    const constraints = constraintsOf(request, this.#toolSyntax);
    const answer = new Answer({ modelId: this.#modelId, ...constraints });
    const promptTokens = await this.countTokens(request, signal);
    const body = {
      ...samplingBody(request, randomInt(2 ** 31)),
      ...(constraints.grammar === null ? {} : { grammar: constraints.grammar }),
      ...(request.prompt.kind === 'infill'
        ? { input_prefix: request.prompt.prefix, input_suffix: request.prompt.suffix, prompt: '' }
        : { prompt: await this.#promptText(request, signal) }),
    };
    const path = request.prompt.kind === 'infill' ? '/infill' : '/completion';
    let usage: GenerateUsage = { promptTokens, cachedPromptTokens: 0, completionTokens: 0 };
    this.#active += 1;
    try {
      for await (const value of this.#client.stream(path, body, signal)) {
        const step = Step.safeParse(value).data;
        if (step === undefined) throw this.#failed('its stream holds something else than expected');
        usage = this.#measured(step, usage);
        options.onUsage?.(usage);
        answer.push(step.content, request.topLogprobs === null ? null : () => logprobsOf(step));
        if (step.stop)
          answer.end(step.stop_type === 'limit' ? 'length' : 'stop', { cut: step.stop_type !== 'eos' });
        yield* answer.takeChunks();
        if (answer.finish !== null) break;
      }
    } finally {
      this.#active -= 1;
    }
    if (answer.finish === null) throw this.#failed('its stream ended too early');
    const problem = answer.problem();
    if (problem !== null) throw problem;
    return { finish: answer.finish, ...usage };
  }

  async embed(texts: readonly string[], signal: AbortSignal): Promise<Embeddings> {
    if (texts.some((text) => text === '')) {
      throw fault('llm.request_invalid', { reason: 'a text is empty', field: 'input' });
    }
    const body = { input: texts, encoding_format: 'float' };
    const { data, usage } = await this.#client.ask('/v1/embeddings', {
      body,
      schema: EmbeddingAnswer,
      signal,
    });
    const vectors = data.toSorted((a, b) => a.index - b.index).map(({ embedding }) => unitLength(embedding));
    if (vectors.length !== texts.length) throw this.#failed('it gave another number of vectors');
    return { vectors, promptTokens: usage.prompt_tokens };
  }

  get processId(): number | undefined {
    return this.#server.processId;
  }

  status(): ReturnType<Engine['status']> {
    return {
      residentBytes: residentBytesOf(this.#server.processId),
      activeSequences: this.#active,
      promptTokensPerSecond: this.#promptRate,
      completionTokensPerSecond: this.#completionRate,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }

  async #promptText(request: GenerateRequest, signal: AbortSignal): Promise<string> {
    const { prompt } = request;
    if (prompt.kind === 'text') return prompt.text;
    if (prompt.kind === 'infill') return `${prompt.prefix}${prompt.suffix}`;
    if (!this.capabilities.chat) {
      throw fault('llm.capability_missing', { model: this.#modelId, capability: 'chat' });
    }
    const rendered = await this.#client.ask('/apply-template', {
      body: chatBody(prompt),
      schema: Rendered,
      signal,
    });
    return rendered.prompt;
  }

  #measured(step: Step, before: GenerateUsage): GenerateUsage {
    const { timings } = step;
    if (timings === undefined) return before;
    this.#promptRate = timings.prompt_per_second ?? this.#promptRate;
    this.#completionRate = timings.predicted_per_second ?? this.#completionRate;
    // The end of the text is a token for the server, and none of the answer.
    const ended = step.stop && step.stop_type === 'eos' ? 1 : 0;
    return {
      promptTokens: timings.cache_n + timings.prompt_n,
      cachedPromptTokens: timings.cache_n,
      completionTokens: timings.predicted_n - ended,
    };
  }

  #tooLong(tokens: number): Error {
    return fault('llm.context_length_exceeded', {
      model: this.#modelId,
      neededTokens: tokens + 1,
      contextSize: this.contextSize,
    });
  }

  #failed(reason: string): Error {
    return fault('llm.engine_failed', { model: this.#modelId, reason });
  }
}

function logprobsOf(step: Step): TokenLogprob[] {
  const described = ({ token, bytes, logprob }: z.output<typeof Logprob>) => ({
    text: token,
    bytes,
    logprob: logprob ?? Number.NEGATIVE_INFINITY,
  });
  return (step.completion_probabilities ?? []).map((entry) => ({
    ...described(entry),
    alternatives: (entry.top_logprobs ?? []).map(described),
  }));
}

function unitLength(vector: readonly number[]): Float32Array {
  const length = Math.hypot(...vector);
  return Float32Array.from(vector, (value) => (length === 0 ? 0 : value / length));
}
