import { fault } from '#base/fault.ts';
import { type Meter, sumOf } from '../accounting/meter.ts';
import type { CompletionRequest } from '../contract-requests.ts';
import type { GenerateChunk, GenerateRequest, GenerateResult, GenerateUsage } from '../engine/engine.ts';
import type { LocalModel, LocalModels } from '../local-models.ts';
import { priceOf } from '../models/settings.ts';
import type { InferenceRequest, RunOptions, Source } from '../source.ts';
import {
  type AnswerHead,
  chatChunks,
  chatObject,
  completionObject,
  type Gathered,
  textChunks,
} from './answer-objects.ts';
import { embeddingObject } from './embedding-object.ts';
import { merge } from './merge.ts';
import { chatToEngine, completionToEngine, type EngineDefaults, forChoice } from './to-engine.ts';

export interface LocalSourceDeps {
  readonly models: LocalModels;
  readonly now: () => number;
  readonly newId: () => string;
  readonly defaultMaxTokens: number;
  /** Tokens of context where a model has no setting of its own. */
  readonly modelContextSize: number;
}

/** Beyond what any prompt reaches on average; only a single token may be longer. */
const mostCharactersPerToken = 48;

/** Tokens of context that the model is loaded with. */
export function contextSizeOf(model: LocalModel, usual: number): number {
  const wanted = model.settings.contextSize ?? usual;
  return model.trainedContextSize > 0 ? Math.min(wanted, model.trainedContextSize) : wanted;
}

/** Characters of the longest prompt in the request. */
function lengthOf({ kind, body }: InferenceRequest): number {
  if (kind === 'chat') return JSON.stringify([body.messages, body.tools]).length;
  const texts = kind === 'completion' ? [body.prompt].flat() : [body.input].flat();
  const longest = texts.reduce((most, text) => Math.max(most, text.length), 0);
  return longest + (kind === 'completion' ? (body.suffix?.length ?? 0) : 0);
}

/** One generation that a request asks for; a completion may have several prompts, and each several answers. */
interface Generation {
  readonly request: GenerateRequest;
  readonly prompt: string;
}

/** A model on this machine as something that answers requests. */
export function createLocalSource(model: LocalModel, temperature: number, deps: LocalSourceDeps): Source {
  const { models } = deps;
  const defaults: EngineDefaults = {
    temperature: model.settings.temperature ?? temperature,
    maxTokens: deps.defaultMaxTokens,
  };

  function generationsOf(request: InferenceRequest): Generation[] {
    if (request.kind === 'embedding') return [];
    const count = request.body.n ?? 1;
    const prompts: { request: GenerateRequest; prompt: string }[] =
      request.kind === 'chat'
        ? [{ request: chatToEngine(request.body, defaults), prompt: '' }]
        : [request.body.prompt].flat().map((prompt) => ({
            request: completionToEngine(request.body, prompt, defaults),
            prompt,
          }));
    return prompts.flatMap(({ request: one, prompt }) =>
      Array.from({ length: count }, (_, index) => ({ request: forChoice(one, index), prompt })),
    );
  }

  function head(prefix: string): AnswerHead {
    return { id: `${prefix}-${deps.newId()}`, created: Math.floor(deps.now() / 1_000), model: model.id };
  }

  function start(generations: readonly Generation[], options: RunOptions, perPrompt: number) {
    const usages: GenerateUsage[] = generations.map(() => ({
      promptTokens: 0,
      cachedPromptTokens: 0,
      completionTokens: 0,
    }));
    const note = (index: number, usage: GenerateUsage) => {
      usages[index] = usage;
      Object.assign(options.meter, totalOf(usages, perPrompt));
    };
    return generations.map(({ request }, index) => {
      const generation = models.generate(model.id, request, {
        userId: options.userId,
        signal: options.signal,
        onUsage: (usage) => note(index, usage),
        // Several answers of one request wait side by side: the first one's place stands for them.
        ...(index === 0 && options.onQueued !== undefined ? { onQueued: options.onQueued } : {}),
      });
      return counted(generation, (result) => note(index, result));
    });
  }

  function refuseUnable(request: InferenceRequest): void {
    const { capabilities } = model;
    const needed =
      request.kind === 'chat'
        ? capabilities.chat || 'chat'
        : request.kind === 'embedding'
          ? capabilities.embeddings || 'embeddings'
          : (request.body.suffix ?? '') === '' || capabilities.infill || 'infill (suffix)';
    if (needed !== true) throw fault('llm.capability_missing', { model: model.id, capability: needed });
  }

  /** Spares the engine texts that no tokenizer makes fit: tokenizing megabytes takes it seconds to minutes. */
  function refuseEndless(request: InferenceRequest): void {
    const neededTokens = Math.ceil(lengthOf(request) / mostCharactersPerToken);
    const contextSize = contextSizeOf(model, deps.modelContextSize);
    if (neededTokens > contextSize) {
      throw fault('llm.context_length_exceeded', { model: model.id, neededTokens, contextSize });
    }
  }

  return {
    model: model.id,
    origin: 'local',
    price: priceOf(model.settings),
    async estimate(request, options) {
      refuseUnable(request);
      refuseEndless(request);
      if (request.kind === 'embedding') {
        const texts = [request.body.input].flat();
        let promptTokens = 0;
        for (const text of texts) {
          promptTokens += await models.countTokens(model.id, plainText(text), options);
        }
        return { promptTokens, maxCompletionTokens: 0 };
      }
      let promptTokens = 0;
      let maxCompletionTokens = 0;
      const perPrompt = request.body.n ?? 1;
      for (const [index, { request: one }] of generationsOf(request).entries()) {
        if (index % perPrompt === 0) promptTokens += await models.countTokens(model.id, one, options);
        maxCompletionTokens += one.maxTokens ?? defaults.maxTokens;
      }
      return { promptTokens, maxCompletionTokens };
    },
    async whole(request, options) {
      if (request.kind === 'embedding') {
        const embeddings = await models.embed(model.id, [request.body.input].flat(), options);
        options.meter.promptTokens = embeddings.promptTokens;
        return { object: embeddingObject(request.body, model.id, embeddings) };
      }
      const generations = generationsOf(request);
      const gathered = await gather(start(generations, options, request.body.n ?? 1), options.signal);
      if (request.kind === 'chat') return { object: chatObject(head('chatcmpl'), gathered, options.meter) };
      const echo = request.body.echo === true;
      const answers = gathered.map((answer, index) => ({
        ...answer,
        echo: echo ? (generations[index]?.prompt ?? '') : '',
      }));
      return { object: completionObject(head('cmpl'), answers, options.meter) };
    },
    async *stream(request, options) {
      if (request.kind === 'embedding') throw new Error('embeddings do not stream');
      const generations = generationsOf(request);
      const running = start(generations, options, request.body.n ?? 1);
      const chat = request.kind === 'chat';
      const shared = head(chat ? 'chatcmpl' : 'cmpl');
      const pieces = chat
        ? chatPieces(shared, running)
        : textPieces(shared, running, echoesOf(request.body, generations));
      if (request.body.stream_options?.include_usage !== true) yield* pieces;
      else {
        // Where usage comes at the end, the chunks before it say that they have none.
        for await (const { chunk } of pieces) yield { chunk: { ...chunk, usage: null } };
        yield { chunk: (chat ? chatChunks : textChunks).usage(shared, options.meter) };
      }
    },
  };
}

function echoesOf(body: CompletionRequest, generations: readonly Generation[]): string[] {
  return body.echo === true ? generations.map(({ prompt }) => prompt) : [];
}

type Running = AsyncGenerator<GenerateChunk, GenerateResult, undefined>;

async function* chatPieces(
  head: AnswerHead,
  running: readonly Running[],
): AsyncGenerator<{ readonly chunk: object }, void, undefined> {
  const opened = new Set<number>();
  for await (const part of merge(running)) {
    if (!opened.has(part.index)) {
      opened.add(part.index);
      yield { chunk: chatChunks.opening(head, part.index) };
    }
    if ('item' in part) yield { chunk: chatChunks.piece(head, part.index, part.item) };
    else yield { chunk: chatChunks.closing(head, part.index, part.result) };
  }
}

async function* textPieces(
  head: AnswerHead,
  running: readonly Running[],
  echoes: readonly string[],
): AsyncGenerator<{ readonly chunk: object }, void, undefined> {
  const offsets = running.map((_, index) => echoes[index]?.length ?? 0);
  for (const [index, text] of echoes.entries()) {
    yield { chunk: textChunks.piece(head, index, { chunk: { kind: 'text', text }, offset: 0 }) };
  }
  for await (const part of merge(running)) {
    if ('result' in part) {
      yield { chunk: textChunks.closing(head, part.index, part.result) };
      continue;
    }
    const offset = offsets[part.index] ?? 0;
    yield { chunk: textChunks.piece(head, part.index, { chunk: part.item, offset }) };
    if (part.item.kind === 'text') offsets[part.index] = offset + part.item.text.length;
  }
}

async function gather(running: readonly Running[], signal: AbortSignal): Promise<Gathered[]> {
  const answers = running.map(() => ({
    chunks: [] as GenerateChunk[],
    result: undefined as GenerateResult | undefined,
  }));
  for await (const part of merge(running)) {
    const answer = answers[part.index];
    if (answer === undefined) continue;
    if ('item' in part) answer.chunks.push(part.item);
    else answer.result = part.result;
  }
  return answers.map(({ chunks, result }) => {
    if (result === undefined) throw signal.reason ?? new Error('a generation ended without its result');
    return { chunks, result };
  });
}

async function* counted(generation: Running, onResult: (result: GenerateResult) => void): Running {
  const result = yield* generation;
  onResult(result);
  return result;
}

/** Each prompt counts once, however many answers it has. */
function totalOf(usages: readonly GenerateUsage[], perPrompt: number): Meter {
  const total: Meter = { promptTokens: 0, cachedPromptTokens: 0, completionTokens: 0 };
  for (let from = 0; from < usages.length; from += perPrompt) {
    const sum = sumOf(usages.slice(from, from + perPrompt));
    total.promptTokens += sum.promptTokens;
    total.cachedPromptTokens += sum.cachedPromptTokens;
    total.completionTokens += sum.completionTokens;
  }
  return total;
}

function plainText(text: string): GenerateRequest {
  return {
    prompt: { kind: 'text', text },
    format: { kind: 'text' },
    sampling: { temperature: 0 },
    maxTokens: 0,
    stop: [],
    topLogprobs: null,
  };
}
