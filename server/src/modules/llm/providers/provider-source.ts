import type { CircuitBreakerPolicy } from 'cockatiel';
import { BrokenCircuitError } from 'cockatiel';
import { type Fault, fault, isFault } from '#base/fault.ts';
import type { ProviderKind, ProviderModel } from '../contract-shapes.ts';
import type { InferenceRequest, RunOptions, Source } from '../source.ts';
import { type Cooldowns, causeOf, faultOf, retryAfterMs } from './cooldowns.ts';
import { createProviderStream } from './provider-stream.ts';
import { withoutKeys } from './redact.ts';
import { createStreamReader } from './stream-reader.ts';
import { type createUpstream, type UpstreamAnswer, upstreamFault } from './upstream.ts';
import { takeUsage } from './usage.ts';

export interface ProviderAccess {
  readonly name: string;
  readonly kind: ProviderKind;
  readonly baseUrl: string;
  readonly key: string | undefined;
  readonly breaker: CircuitBreakerPolicy;
}

export interface ProviderLimits {
  readonly providerTimeoutMs: number;
  readonly maxEventBytes: number;
  readonly maxAnswerBytes: number;
  readonly defaultMaxTokens: number;
}

export interface ProviderSourceDeps {
  readonly upstream: Pick<ReturnType<typeof createUpstream>, 'post'>;
  readonly cooldowns: Cooldowns;
  readonly limits: ProviderLimits;
  readonly now: () => number;
}

const paths = { chat: '/chat/completions', completion: '/completions', embedding: '/embeddings' } as const;

/** A provider's model as something that answers requests. Faults before the first byte are told apart by their cause. */
export function createProviderSource(
  access: ProviderAccess,
  model: ProviderModel,
  deps: ProviderSourceDeps,
): Source {
  const { upstream, cooldowns, limits } = deps;
  const provider = access.name;
  const bodies = new WeakMap<InferenceRequest, { readonly streaming: boolean; readonly text: string }>();

  /** The answer's head; anything but success becomes a fault, and what it says about the provider is remembered. */
  async function open(
    request: InferenceRequest,
    options: RunOptions,
    streaming: boolean,
  ): Promise<UpstreamAnswer> {
    const cooling = cooldowns.refusal(provider, model.id);
    if (cooling !== undefined) throw cooling;
    try {
      return await access.breaker.execute(async () => {
        const answer = await upstream.post({
          provider,
          url: `${access.baseUrl.replace(/\/+$/, '')}${paths[request.kind]}`,
          key: access.key,
          body: bodyTextOf(request, streaming),
          signal: options.signal,
          // A provider makes and charges the whole of it, whether or not somebody waits: only its answer tells how much.
          finishes: !streaming,
          lost: options.lost,
          timeoutMs: limits.providerTimeoutMs,
        });
        if (answer.status < 200 || answer.status >= 300) throw await refusalOf(answer);
        return answer;
      });
    } catch (error) {
      if (error instanceof BrokenCircuitError) {
        throw fault('llm.provider_failed', {
          provider,
          reason: 'it failed several times and is left alone for a moment',
        });
      }
      throw error;
    }
  }

  /** What goes to the provider. It is made once: its size is what a prompt can have at most. */
  function bodyTextOf(request: InferenceRequest, streaming: boolean): string {
    const known = bodies.get(request);
    if (known?.streaming === streaming) return known.text;
    const text = JSON.stringify(bodyFor(request, streaming));
    bodies.set(request, { streaming, text });
    return text;
  }

  function bodyFor(request: InferenceRequest, streaming: boolean): object {
    if (request.kind === 'embedding') return { ...request.body, model: model.id };
    const { asked, knownToAll } = askedMaxTokens(request);
    return {
      ...request.body,
      model: model.id,
      ...(asked === undefined || (!knownToAll && access.kind !== 'openai')
        ? { max_tokens: maxTokensOf(request) }
        : {}),
      stream: streaming,
      ...(streaming
        ? { stream_options: { ...request.body.stream_options, include_usage: true } }
        : { stream_options: undefined }),
    };
  }

  function maxTokensOf(request: InferenceRequest): number {
    const asked = askedMaxTokens(request).asked ?? limits.defaultMaxTokens;
    return model.contextSize === null ? asked : Math.min(asked, model.contextSize);
  }

  async function refusalOf(answer: UpstreamAnswer): Promise<Fault> {
    const { status, retryAfter } = answer;
    const text = (await readAll(answer, 64 * 1024).catch(() => Buffer.alloc(0))).toString();
    if (causeOf(status) === undefined) {
      if (status < 400) return fault('llm.provider_failed', { provider, reason: `status ${status}` });
      return fault('llm.provider_rejected', {
        provider,
        status,
        reason: withoutKeys(messageIn(text), access.key),
      });
    }
    cooldowns.note({ provider, model: model.id }, { status, retryAfter });
    return faultOf(provider, { status, waitMs: retryAfterMs(retryAfter, deps.now()) });
  }

  async function readAll(answer: UpstreamAnswer, maxBytes: number): Promise<Buffer> {
    const body = await answer.body.all(maxBytes);
    if (body !== undefined) return body;
    throw fault('llm.provider_failed', { provider, reason: `its answer has more than ${maxBytes} bytes` });
  }

  return {
    model: `${provider}/${model.id}`,
    origin: provider,
    price: {
      tokenWeight: model.tokenWeight,
      promptTokenCost: model.inputCost,
      completionTokenCost: model.outputCost,
      ...(model.cachedInputCost === null ? {} : { cachedPromptTokenCost: model.cachedInputCost }),
    },
    async estimate(request) {
      const text = bodyTextOf(request, request.kind !== 'embedding' && request.body.stream === true);
      const promptTokens = promptBound(request, { text, contextSize: model.contextSize });
      if (request.kind === 'embedding') return { promptTokens, maxCompletionTokens: 0 };
      return { promptTokens, maxCompletionTokens: maxTokensOf(request) * answersOf(request) };
    },
    async whole(request, options) {
      const answer = await open(request, options, false);
      let json: Buffer;
      try {
        json = await readAll(answer, limits.maxAnswerBytes);
      } catch (error) {
        throw bodyFault(error, options.signal);
      }
      let parsed: unknown;
      try {
        parsed = JSON.parse(json.toString());
      } catch {
        throw fault('llm.provider_failed', { provider, reason: 'its answer is not JSON' });
      }
      if (typeof parsed !== 'object' || parsed === null) {
        throw fault('llm.provider_failed', { provider, reason: 'its answer is not an object' });
      }
      const told = takeUsage(parsed, options.meter);
      if (told === 'none') options.meter.promptTokens = promptGuess(request);
      if (told !== 'all') options.meter.completionTokens = completionGuess(request, json);
      return { json };
    },
    stream(request, options) {
      if (request.kind === 'embedding') throw new Error('embeddings do not stream');
      const includeUsage = request.body.stream_options?.include_usage === true;
      return createProviderStream({
        async open() {
          const { body } = await open(request, options, true);
          options.meter.promptTokens = promptGuess(request);
          const { meter } = options;
          const { maxEventBytes } = limits;
          return {
            body,
            reader: createStreamReader({ provider, key: access.key, meter, includeUsage, maxEventBytes }),
          };
        },
        failureOf: (error) => streamFault(error, options.signal),
      });
    },
  };

  /** What breaks a stream off after it has begun is told as that. */
  function streamFault(error: unknown, signal: AbortSignal): unknown {
    if (isFault(error)) return error;
    const known = bodyFault(error, signal);
    if (signal.aborted || !isFault(known)) return known;
    return fault('llm.stream_broken', { provider, reason: String(known.data.reason ?? 'it fell silent') });
  }

  function bodyFault(error: unknown, signal: AbortSignal): unknown {
    if (isFault(error)) return error;
    if (signal.aborted) return signal.reason;
    return upstreamFault(error, { provider, key: access.key, timeoutMs: limits.providerTimeoutMs });
  }
}

/** The most tokens that a client wants, by either name; `knownToAll`: by the one that every provider heeds. */
function askedMaxTokens(request: InferenceRequest): {
  readonly asked: number | undefined;
  readonly knownToAll: boolean;
} {
  if (request.kind === 'embedding') return { asked: undefined, knownToAll: true };
  const maxTokens = request.body.max_tokens ?? undefined;
  const newer = request.kind === 'chat' ? (request.body.max_completion_tokens ?? undefined) : undefined;
  // Which of two a provider takes is not known: it may be the larger one.
  const asked = maxTokens === undefined ? newer : Math.max(maxTokens, newer ?? 0);
  return { asked, knownToAll: maxTokens !== undefined };
}

/** Answers that are generated at most: `n` for each prompt, and those of which `best_of` keeps the best. */
function answersOf(request: Exclude<InferenceRequest, { kind: 'embedding' }>): number {
  const { n, best_of: bestOf } = request.body as { n?: number | null; best_of?: unknown };
  const prompts = request.kind === 'completion' ? [request.body.prompt].flat().length : 1;
  return prompts * Math.max(n ?? 1, typeof bestOf === 'number' ? Math.ceil(bestOf) : 1);
}

/** What of a body a tokenizer sees. */
function promptOf(request: InferenceRequest): unknown {
  switch (request.kind) {
    case 'chat':
      return [request.body.messages, request.body.tools ?? null];
    case 'completion':
      return [request.body.prompt, request.body.suffix ?? ''];
    case 'embedding':
      return request.body.input;
  }
}

/** What an image costs at most with any provider known (OpenAI's small models, high resolution). */
const mostTokensPerImage = 50_000;

/**
 * The most tokens a prompt can have: a token of a byte-level tokenizer holds at least one byte, and the JSON around
 * the texts outweighs the marks of a chat template; schemas and whatever else is in the body count too. An image may be
 * named by a short address. A budget that is held against this can't be overspent.
 */
function promptBound(
  request: InferenceRequest,
  { text, contextSize }: { readonly text: string; readonly contextSize: number | null },
): number {
  const bytes = Buffer.byteLength(text) + imagesOf(request) * mostTokensPerImage;
  return Math.min(bytes, contextSize ?? 100_000_000);
}

/** Parts of messages that are no text. */
function imagesOf(request: InferenceRequest): number {
  if (request.kind !== 'chat') return 0;
  let count = 0;
  for (const { content } of request.body.messages) {
    if (Array.isArray(content)) count += content.filter(({ type }) => type !== 'text').length;
  }
  return count;
}

/** Four bytes a token, as usual in English: for providers that do not tell, and answers that were broken off. */
function promptGuess(request: InferenceRequest): number {
  return Math.ceil(Buffer.byteLength(JSON.stringify(promptOf(request))) / 4);
}

/** Of an answer whose size alone is known. */
function completionGuess(request: InferenceRequest, json: Buffer): number {
  return request.kind === 'embedding' ? 0 : Math.ceil(json.length / 4);
}

function messageIn(text: string): string {
  try {
    const { error } = JSON.parse(text) as { error?: { message?: unknown } | string };
    if (typeof error === 'string') return error;
    if (typeof error?.message === 'string') return error.message;
  } catch {
    // Not JSON: the text itself is told.
  }
  return text === '' ? 'no reason given' : text;
}
