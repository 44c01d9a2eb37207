import type { FaultData } from '#base/fault.ts';
import type { GenerateChunk, GenerateRequest, GenerateResult, GenerateUsage } from './engine.ts';

/** Messages between the server and the process of one model, over Node's IPC channel (structured clone). */

export interface LoadOptions {
  readonly modelId: string;
  readonly modelFile: string;
  /** Tokens for each sequence. */
  readonly contextSize: number;
  readonly parallel: number;
  readonly threads: number;
  /** Tokens that one decode computes at most; an abort waits for one decode. */
  readonly batchSize: number;
}

export interface LoadedModel {
  readonly contextSize: number;
  readonly parallel: number;
  readonly capabilities: { readonly chat: boolean; readonly embeddings: boolean; readonly infill: boolean };
}

/** A fault on its way through the channel; `fault` is null for an error that nobody foresaw. */
export interface Failure {
  readonly fault: { readonly code: string; readonly data: FaultData } | null;
  readonly message: string;
}

export type ToWorker =
  | { readonly kind: 'load'; readonly options: LoadOptions }
  | { readonly kind: 'generate'; readonly id: number; readonly request: GenerateRequest }
  | { readonly kind: 'count'; readonly id: number; readonly request: GenerateRequest }
  | { readonly kind: 'embed'; readonly id: number; readonly texts: readonly string[] }
  | { readonly kind: 'abort'; readonly id: number }
  /** The reader has taken this many chunks; the worker waits when too many are under way. */
  | { readonly kind: 'taken'; readonly id: number; readonly chunks: number };

/** What one step brought for one generation. */
export type GenerateEvent =
  | {
      readonly kind: 'progress';
      readonly id: number;
      readonly usage: GenerateUsage;
      readonly chunks: readonly GenerateChunk[];
    }
  | { readonly kind: 'done'; readonly id: number; readonly result: GenerateResult }
  /** Ended by the reader's wish; the slot is free. */
  | { readonly kind: 'aborted'; readonly id: number; readonly usage: GenerateUsage }
  | { readonly kind: 'failed'; readonly id: number; readonly failure: Failure };

export interface WorkerStatus {
  readonly activeSequences: number;
  readonly promptTokensPerSecond: number | null;
  readonly completionTokensPerSecond: number | null;
  /** Batches computed and steps of the loop since the start; equal when every step is one decode. */
  readonly decodes: number;
  readonly steps: number;
}

export type FromWorker =
  | { readonly kind: 'loaded'; readonly model: LoadedModel }
  | { readonly kind: 'load-failed'; readonly failure: Failure }
  /** Everything that one step brought. */
  | { readonly kind: 'step'; readonly events: readonly GenerateEvent[]; readonly status: WorkerStatus }
  | { readonly kind: 'counted'; readonly id: number; readonly tokens: number }
  | {
      readonly kind: 'embedded';
      readonly id: number;
      readonly vectors: readonly Float32Array[];
      readonly promptTokens: number;
    }
  | { readonly kind: 'failed'; readonly id: number; readonly failure: Failure };

/** Chunks on their way to a reader that does not take them, before its generation waits. */
export const chunksUnderWay = 256;
