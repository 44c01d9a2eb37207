/**
 * The seam between the model server's API and whatever computes tokens on this machine. Chat templates, tool-call
 * syntax and grammars are the engine's business, because they belong to the model's file; money, users and HTTP are not.
 */

/** A message as OpenAI's chat API has it, its content flattened to text. */
export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly content: string;
  /** Of an assistant: the calls it made. */
  readonly toolCalls?: readonly ToolCall[];
  /** Of a tool: which call this answers. */
  readonly toolCallId?: string;
  readonly name?: string;
}

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  /** JSON text, as the model wrote it; valid JSON whenever the call was enforced by a grammar. */
  readonly arguments: string;
}

export interface ToolDefinition {
  readonly name: string;
  readonly description?: string;
  /** JSON Schema of the arguments. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** Required and named choices are enforced by grammar, not hoped for. */
export type ToolChoice =
  | { readonly kind: 'auto' }
  | { readonly kind: 'none' }
  | { readonly kind: 'required' }
  | { readonly kind: 'named'; readonly name: string };

export type Prompt =
  | {
      readonly kind: 'chat';
      readonly messages: readonly ChatMessage[];
      readonly tools?: readonly ToolDefinition[];
      readonly toolChoice?: ToolChoice;
      readonly parallelToolCalls?: boolean;
    }
  | { readonly kind: 'text'; readonly text: string }
  /** Fill in the middle, with the model's own infill tokens. */
  | { readonly kind: 'infill'; readonly prefix: string; readonly suffix: string };

/** What the answer must look like. A schema that can't be enforced is refused with `llm.schema_unsupported`. */
export type OutputFormat =
  | { readonly kind: 'text' }
  | { readonly kind: 'json' }
  | { readonly kind: 'schema'; readonly schema: Readonly<Record<string, unknown>> };

export interface Sampling {
  readonly temperature: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly minP?: number;
  readonly frequencyPenalty?: number;
  readonly presencePenalty?: number;
  readonly repeatPenalty?: number;
  readonly seed?: number;
  /** Token id to bias, in logits. */
  readonly logitBias?: ReadonlyMap<number, number>;
}

export interface GenerateRequest {
  readonly prompt: Prompt;
  readonly format: OutputFormat;
  readonly sampling: Sampling;
  /** Null: whatever is left of the context. */
  readonly maxTokens: number | null;
  /** Texts that end the answer and are not part of it, also where they lie across tokens. */
  readonly stop: readonly string[];
  /** How many alternatives to report for each token; null for no log-probabilities at all. */
  readonly topLogprobs: number | null;
}

export interface TokenLogprob {
  readonly text: string;
  readonly bytes: readonly number[];
  /** Natural logarithm. */
  readonly logprob: number;
  readonly alternatives: readonly {
    readonly text: string;
    readonly bytes: readonly number[];
    readonly logprob: number;
  }[];
}

/** Text arrives as whole characters, never a part of one. */
export type GenerateChunk =
  | { readonly kind: 'text'; readonly text: string; readonly logprobs?: readonly TokenLogprob[] }
  | { readonly kind: 'tool-call'; readonly index: number; readonly call: ToolCall };

export interface GenerateResult {
  readonly finish: 'stop' | 'length' | 'tool-calls';
  readonly promptTokens: number;
  /** Of the prompt's tokens: those that were still in the slot's memory and were not computed again. */
  readonly cachedPromptTokens: number;
  readonly completionTokens: number;
}

/** What was spent until a generation was aborted or failed; always exact. */
export interface GenerateUsage {
  readonly promptTokens: number;
  readonly cachedPromptTokens: number;
  readonly completionTokens: number;
}

export interface Embeddings {
  /** Unit length each. */
  readonly vectors: readonly Float32Array[];
  readonly promptTokens: number;
}

export interface EngineStatus {
  readonly residentBytes: number;
  readonly activeSequences: number;
  readonly promptTokensPerSecond: number | null;
  readonly completionTokensPerSecond: number | null;
}

/** One loaded model. Everything that waits takes a signal; aborting frees the slot within one batch. */
export interface Engine extends AsyncDisposable {
  readonly kind: 'node-llama-cpp' | 'llama-server';
  /** Tokens that one request can hold, prompt and answer together. */
  readonly contextSize: number;
  /** Requests that run at the same time. */
  readonly parallel: number;
  readonly capabilities: { readonly chat: boolean; readonly embeddings: boolean; readonly infill: boolean };
  /** Tokens of the rendered prompt. @throws llm.context_length_exceeded, llm.schema_unsupported */
  countTokens(request: GenerateRequest, signal: AbortSignal): Promise<number>;
  /**
   * Generates one answer. `onUsage` is called whenever the counts change, so that an aborted request is charged exactly.
   * @throws llm.context_length_exceeded, llm.schema_unsupported, llm.engine_failed
   */
  generate(
    request: GenerateRequest,
    options: { readonly signal: AbortSignal; readonly onUsage?: (usage: GenerateUsage) => void },
  ): AsyncGenerator<GenerateChunk, GenerateResult, undefined>;
  embed(texts: readonly string[], signal: AbortSignal): Promise<Embeddings>;
  status(): EngineStatus;
  /** Resolves when the process behind it has ended, wanted or not. */
  readonly ended: Promise<{ readonly wanted: boolean; readonly reason: string }>;
}
