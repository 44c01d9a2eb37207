import { availableParallelism } from 'node:os';
import { z } from 'zod';
import type { ModelPrice } from '#base/pricing.ts';
import type { ModelSettings } from '../local-models.ts';
import type { ModelFile } from './folder.ts';
import type { LoadShape } from './memory.ts';

/** Keeps the settings of models over restarts. */
export interface ModelSettingsStore {
  all(): Promise<ReadonlyMap<string, ModelSettings>>;
  save(modelId: string, settings: ModelSettings): Promise<void>;
  remove(modelId: string): Promise<void>;
}

export const noSettings: ModelSettings = {
  contextSize: null,
  threads: null,
  parallel: null,
  temperature: null,
  pinned: false,
  tokenWeight: null,
  inputCost: null,
  outputCost: null,
};

/** What a token of a model on this machine costs. */
export function priceOf({ tokenWeight, inputCost, outputCost }: ModelSettings): ModelPrice {
  return {
    tokenWeight: tokenWeight ?? '1',
    promptTokenCost: inputCost ?? '0',
    completionTokenCost: outputCost ?? '0',
  };
}

/** Configuration of models on this machine; part of the module's schema. */
export const localModelsConfig = {
  modelContextSize: z
    .int()
    .min(256)
    .max(1_000_000)
    .default(8_192)
    .describe('Tokens of context for each parallel request, where a model has no setting of its own'),
  modelParallel: z
    .int()
    .min(1)
    .max(64)
    .default(2)
    .describe('Requests that one model answers at the same time, where it has no setting of its own'),
  modelThreads: z
    .int()
    .min(1)
    .max(256)
    .optional()
    .describe('Threads that compute; by default the processors but one'),
  modelIdleMs: z
    .int()
    .min(1_000)
    .max(7 * 24 * 3_600_000)
    .default(30 * 60_000)
    .describe('A model that nobody has used for so long is unloaded, unless it is pinned'),
  modelMemoryBytes: z
    .int()
    .min(64 << 20)
    .optional()
    .describe(
      'What all loaded models may take together; by default what the machine or its control group has',
    ),
  modelQueue: z.int().min(0).max(10_000).default(64).describe('Requests that may wait for one model'),
  modelQueuePerUser: z
    .int()
    .min(0)
    .max(10_000)
    .default(16)
    .describe('Requests of one user that may wait for one model'),
  serverBinary: z
    .string()
    .optional()
    .meta({ env: 'LLAMA_SERVER_BIN' })
    .describe('Path of a llama-server program (llama.cpp); models run in it instead of the built-in engine'),
  hubUrl: z
    .url({ protocol: /^https?$/ })
    .default('https://huggingface.co')
    .describe('Where repositories of models are downloaded from: Hugging Face, or a mirror'),
} as const;

export interface LocalModelsConfig {
  readonly modelContextSize: number;
  readonly modelParallel: number;
  readonly modelThreads?: number | undefined;
  readonly modelIdleMs: number;
  readonly modelMemoryBytes?: number | undefined;
  readonly modelQueue: number;
  readonly modelQueuePerUser: number;
  readonly serverBinary?: string | undefined;
}

/** One decode computes this many tokens at most: an abort waits for one decode, and more brings no speed. */
const batchSize = 128;

export interface EffectiveSettings extends LoadShape {
  readonly threads: number;
}

/** What a model is loaded with: its own settings, else the configuration's, within what the file says. */
export function effectiveSettings(
  model: ModelFile,
  settings: ModelSettings,
  config: LocalModelsConfig,
): EffectiveSettings {
  const trained = model.header?.trainedContextSize ?? 0;
  const wanted = settings.contextSize ?? config.modelContextSize;
  return {
    contextSize: trained > 0 ? Math.min(wanted, trained) : wanted,
    parallel:
      model.header?.capabilities.embeddings === true ? 1 : (settings.parallel ?? config.modelParallel),
    threads: settings.threads ?? config.modelThreads ?? Math.max(1, availableParallelism() - 1),
    batchSize,
  };
}
