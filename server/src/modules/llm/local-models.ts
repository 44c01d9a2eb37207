import type {
  Embeddings,
  GenerateChunk,
  GenerateRequest,
  GenerateResult,
  GenerateUsage,
} from './engine/engine.ts';
import type { QueuePlace } from './source.ts';

/** How a model is loaded; kept over restarts. */
export interface ModelSettings {
  readonly contextSize: number | null;
  readonly threads: number | null;
  readonly parallel: number | null;
  readonly temperature: number | null;
  /** A pinned model is never unloaded by itself. */
  readonly pinned: boolean;
  /** Balance tokens for each of its tokens, and money for each; exact decimals. Null: weight 1, and nothing. */
  readonly tokenWeight: string | null;
  readonly inputCost: string | null;
  readonly outputCost: string | null;
}

/** A GGUF file of the models folder and what its header says. */
export interface LocalModel {
  /** File name without `.gguf`. */
  readonly id: string;
  readonly file: string;
  readonly sizeBytes: number;
  readonly architecture: string;
  readonly parameterCount: number | null;
  readonly quantization: string | null;
  readonly trainedContextSize: number;
  readonly licence: string | null;
  readonly capabilities: { readonly chat: boolean; readonly embeddings: boolean; readonly infill: boolean };
  readonly state: 'available' | 'loading' | 'loaded' | 'unloading' | 'failed' | 'unreadable';
  /** Why it failed or can't be read. */
  readonly problem: string | null;
  readonly settings: ModelSettings;
  /** What loading it with its settings takes. */
  readonly estimatedBytes: number | null;
  readonly residentBytes: number | null;
  readonly activeRequests: number;
  readonly queuedRequests: number;
  readonly promptTokensPerSecond: number | null;
  readonly completionTokensPerSecond: number | null;
}

export interface LocalRequestOptions {
  /** Whose turn it is: the queue serves users in turns. */
  readonly userId: string;
  readonly signal: AbortSignal;
  readonly onUsage?: (usage: GenerateUsage) => void;
  readonly onQueued?: (place: QueuePlace) => void;
}

/**
 * Models on this machine: which there are, which are loaded, and their use. A request for a model that isn't loaded
 * loads it, once for all who wait, if it fits.
 */
export interface LocalModels extends AsyncDisposable {
  list(): Promise<readonly LocalModel[]>;
  /** @throws llm.model_not_found */
  find(modelId: string): Promise<LocalModel>;
  /** Loads the model where needed and counts. @throws llm.model_not_found, llm.memory_exceeded, llm.context_length_exceeded */
  countTokens(modelId: string, request: GenerateRequest, options: LocalRequestOptions): Promise<number>;
  /** @throws llm.queue_full with `retryAfterMs`, `waiting` and `position`, and what `countTokens` throws */
  generate(
    modelId: string,
    request: GenerateRequest,
    options: LocalRequestOptions,
  ): AsyncGenerator<GenerateChunk, GenerateResult, undefined>;
  embed(modelId: string, texts: readonly string[], options: LocalRequestOptions): Promise<Embeddings>;
  load(modelId: string, settings: Partial<ModelSettings>, signal: AbortSignal): Promise<LocalModel>;
  /** Waits for running requests up to the limit, then ends them. */
  unload(modelId: string, options: { readonly waitMs: number }): Promise<void>;
  remove(modelId: string): Promise<void>;
}
