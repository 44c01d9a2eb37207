import {
  type BatchItem,
  getLlama,
  type LlamaContext,
  type LlamaContextSequence,
  type LlamaEmbeddingContext,
  LlamaLogLevel,
  type LlamaModel,
  type PrioritizedBatchItem,
} from 'node-llama-cpp';
import { fault } from '#base/fault.ts';
import type { LoadOptions } from '../protocol.ts';
import { type ChatTemplate, createChatTemplate } from '../template/chat-template.ts';
import { createTokenBytes, type TokenBytes } from '../text/token-bytes.ts';
import { type ToolSyntax, toolSyntaxOf } from '../tools/syntax.ts';
import { Grammars } from './grammars.ts';

/** A model in memory, with what is needed to use it. */
export type Host = GenerativeHost | EmbeddingHost;

interface HostBase {
  readonly options: LoadOptions;
  readonly model: LlamaModel;
}

export interface GenerativeHost extends HostBase {
  readonly kind: 'generative';
  readonly context: LlamaContext;
  readonly sequences: readonly LlamaContextSequence[];
  readonly template: ChatTemplate | null;
  readonly toolSyntax: ToolSyntax;
  readonly grammars: Grammars;
  readonly controlTexts: readonly string[];
  /** Made at the first use: it goes through the whole vocabulary. */
  readonly tokenBytes: () => TokenBytes;
  readonly infill: boolean;
  /** Batches computed so far. */
  readonly decodes: () => number;
}

export interface EmbeddingHost extends HostBase {
  readonly kind: 'embedding';
  readonly context: LlamaEmbeddingContext;
  readonly contextSize: number;
}

const controlTokenType = 3;

/** Loads the model into this process. @throws llm.model_unreadable when llama.cpp can't read the file */
export async function loadHost(options: LoadOptions, log: (line: string) => void): Promise<Host> {
  const llama = await getLlama({
    gpu: false,
    build: 'never',
    maxThreads: options.threads,
    logLevel: LlamaLogLevel.warn,
    logger: (_level, message) => log(message.trimEnd()),
    progressLogs: false,
  });
  const model = await llama
    .loadModel({ modelPath: options.modelFile, gpuLayers: 0 })
    .catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      throw fault('llm.model_unreadable', { model: options.modelId, reason }, { cause: error });
    });
  return isEmbeddingModel(model) ? embeddingHost(options, model) : generativeHost(options, model);
}

/** Models that only encode say how their vectors are pooled, or that their attention looks both ways. */
function isEmbeddingModel(model: LlamaModel): boolean {
  const metadata = model.fileInfo.architectureMetadata as {
    readonly pooling_type?: number;
    readonly attention?: { readonly causal?: boolean };
  };
  return (metadata.pooling_type ?? 0) !== 0 || metadata.attention?.causal === false;
}

async function embeddingHost(options: LoadOptions, model: LlamaModel): Promise<EmbeddingHost> {
  const contextSize = Math.min(options.contextSize, model.trainContextSize);
  const context = await model.createEmbeddingContext({
    contextSize,
    // An encoder sees its whole text in one batch.
    batchSize: contextSize,
    threads: options.threads,
    ignoreMemorySafetyChecks: true,
  });
  return { kind: 'embedding', options, model, context, contextSize };
}

async function generativeHost(options: LoadOptions, model: LlamaModel): Promise<GenerativeHost> {
  let decodes = 0;
  const context = await model.createContext({
    contextSize: options.contextSize,
    sequences: options.parallel,
    batchSize: options.batchSize,
    threads: options.threads,
    // Memory is judged before the load, by what the machine or its control group has.
    ignoreMemorySafetyChecks: true,
    failedCreationRemedy: false,
    batching: {
      itemPrioritizationStrategy: ({ items, size }) => {
        decodes += 1;
        return inOrder(items, size);
      },
    },
  });
  const sequences = Array.from({ length: options.parallel }, () => context.getSequence());
  const source = model.fileInfo.metadata.tokenizer?.chat_template;
  const template =
    typeof source === 'string'
      ? createChatTemplate(source, {
          modelId: options.modelId,
          beginning: model.tokens.bosString ?? '',
          end: model.tokens.eosString ?? '',
        })
      : null;
  const { prefix, middle, suffix } = model.tokens.infill;
  let tokenBytes: TokenBytes | null = null;
  return {
    kind: 'generative',
    options,
    model,
    context,
    sequences,
    template,
    toolSyntax: toolSyntaxOf(template?.source ?? ''),
    grammars: new Grammars(model.llama),
    controlTexts: controlTextsOf(model),
    tokenBytes: () => {
      tokenBytes ??= createTokenBytes(model);
      return tokenBytes;
    },
    infill: prefix !== null && middle !== null && suffix !== null,
    decodes: () => decodes,
  };
}

/** Called once for each decode. The scheduler never asks for more than fits, so everything goes in as it came. */
function inOrder(items: readonly BatchItem[], size: number): PrioritizedBatchItem[] {
  let room = size;
  return items.map((item) => {
    const processAmount = Math.min(item.tokens.length, room);
    room -= processAmount;
    return { item, processAmount };
  });
}

function controlTextsOf(model: LlamaModel): string[] {
  const { tokens = [], token_type: types = [] } = model.fileInfo.metadata.tokenizer?.ggml ?? {};
  return tokens.filter((_text, index) => types[index] === controlTokenType);
}
