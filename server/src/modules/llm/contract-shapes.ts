import { z } from 'zod';

/** Shapes that administration and clients of the model server share. Sizes in bytes, times in ISO 8601 UTC. */

/** File name without `.gguf`, or `provider/model`, or `auto` and `auto/<task>`. */
export const ModelName = z.string().min(1).max(300);

export const Task = z.enum(['autocomplete', 'code', 'refactor', 'chat', 'embed']);
export type Task = z.infer<typeof Task>;

export const ModelSettings = z.object({
  contextSize: z.int().min(64).max(10_000_000).nullable(),
  threads: z.int().min(1).max(1024).nullable(),
  parallel: z.int().min(1).max(64).nullable(),
  temperature: z.number().min(0).max(2).nullable(),
  /** A pinned model is never unloaded by itself. */
  pinned: z.boolean(),
  /** What it costs, for installations that charge for their own models too; null: nothing, and weight 1. */
  tokenWeight: z.string().nullable(),
  inputCost: z.string().nullable(),
  outputCost: z.string().nullable(),
});

export const LocalModelInfo = z.object({
  id: z.string(),
  file: z.string(),
  sizeBytes: z.number(),
  architecture: z.string(),
  parameterCount: z.number().nullable(),
  quantization: z.string().nullable(),
  trainedContextSize: z.number(),
  licence: z.string().nullable(),
  capabilities: z.object({ chat: z.boolean(), embeddings: z.boolean(), infill: z.boolean() }),
  state: z.enum(['available', 'loading', 'loaded', 'unloading', 'failed', 'unreadable']),
  problem: z.string().nullable(),
  settings: ModelSettings,
  estimatedBytes: z.number().nullable(),
  residentBytes: z.number().nullable(),
  activeRequests: z.int(),
  queuedRequests: z.int(),
  promptTokensPerSecond: z.number().nullable(),
  completionTokensPerSecond: z.number().nullable(),
});

/** Money per token: an exact decimal text such as "0.00000015", or a JSON number that is read as the decimal it shows. */
export const TokenCost = z
  .union([z.string(), z.number().min(0).max(1_000)])
  .transform((cost) => (typeof cost === 'number' ? plainDecimal(cost) : cost))
  .pipe(z.string().regex(/^\d{1,9}(\.\d{1,12})?$/, 'must be a plain decimal such as "0.00000015"'));

/** The shortest decimal that reads back as this number, without an exponent. */
function plainDecimal(value: number): string {
  const [mantissa = '0', exponent] = String(value).split('e');
  if (exponent === undefined) return mantissa;
  const [whole = '0', fraction = ''] = mantissa.split('.');
  const places = fraction.length - Number(exponent);
  if (places <= 0) return `${whole}${fraction}${'0'.repeat(-places)}`;
  const digits = `${whole}${fraction}`.padStart(places + 1, '0');
  return `${digits.slice(0, -places)}.${digits.slice(-places)}`;
}

export const ModelPrices = z.object({
  inputCost: z.string(),
  cachedInputCost: z.string().nullable(),
  outputCost: z.string(),
  /** Balance tokens per token of the model. */
  tokenWeight: z.string(),
});

export const ProviderKind = z.enum(['openai', 'ollama', 'groq', 'openrouter', 'together', 'workers-ai']);
export type ProviderKind = z.infer<typeof ProviderKind>;

/** `auto` names the routing by task and can't name a provider. */
export const ProviderName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,39}$/, 'must be small letters, digits, - and _, at most 40')
  .refine((name) => name !== 'auto', 'the name auto is taken');

/** Balance tokens for each token of a model, as an exact decimal text. */
export const TokenWeight = z.string().regex(/^\d{1,6}(\.\d{1,6})?$/, 'must be a plain decimal such as "1.5"');

export const ProviderModel = z.strictObject({
  id: z.string().min(1).max(200),
  contextSize: z.int().min(1).max(100_000_000).nullable().default(null),
  inputCost: TokenCost.default('0'),
  /** As `inputCost` if absent. */
  cachedInputCost: TokenCost.nullable().default(null),
  outputCost: TokenCost.default('0'),
  tokenWeight: TokenWeight.default('1'),
  task: z.enum(['chat', 'embed']).default('chat'),
});
export type ProviderModel = z.output<typeof ProviderModel>;

export const ProviderInfo = z.object({
  name: z.string(),
  kind: ProviderKind,
  baseUrl: z.string(),
  /** Whether a key is stored; the key itself is never given out. */
  hasApiKey: z.boolean(),
  models: z.array(ProviderModel),
  enabled: z.boolean(),
  /** True for an Ollama that was found on this machine and is in no table. */
  found: z.boolean(),
  state: z.enum(['ready', 'disabled', 'cooling', 'open']),
  /** Until when it is left alone after a refusal, and why. */
  coolingUntil: z.iso.datetime().nullable(),
  coolingReason: z.string().nullable(),
});

const BaseUrl = z.url({ protocol: /^https?$/ }).max(500);

export const ProviderChange = z.strictObject({
  kind: ProviderKind,
  /** By default that of the kind; needed for `openai` elsewhere and for Workers AI. */
  baseUrl: BaseUrl.optional(),
  /** Kept encrypted; absent leaves a stored one as it is, null removes it. */
  apiKey: z
    .string()
    .min(1)
    .max(1_000)
    .regex(/^[\x21-\x7e]+$/, 'must be printable ASCII')
    .nullable()
    .optional(),
  models: z.array(ProviderModel).max(500).default([]),
  enabled: z.boolean().default(true),
});

const Route = z.strictObject({
  /** Tried in order. */
  models: z.array(ModelName).max(10),
  /** For callers that ask for none. */
  temperature: z.number().min(0).max(0.3),
});

export const Routing = z.strictObject({
  autocomplete: Route,
  code: Route,
  refactor: Route,
  chat: Route,
  embed: Route,
  /** For requests that name a model: what is tried in its place when it fails before its first token. */
  fallbacks: z.record(ModelName, z.array(ModelName).max(10)),
  /** Starts the next candidate beside a provider that is silent for so long; null: never. */
  hedgeAfterMs: z.int().min(50).max(600_000).nullable(),
});
export type Routing = z.output<typeof Routing>;

export const Download = z.object({
  downloadId: z.string(),
  modelId: z.string(),
  /** Without credentials and query. */
  source: z.string(),
  state: z.enum(['waiting', 'running', 'checking', 'finished', 'failed', 'cancelled']),
  receivedBytes: z.number(),
  totalBytes: z.number().nullable(),
  bytesPerSecond: z.number().nullable(),
  /** Fault code of a failed one. */
  problem: z.string().nullable(),
  startedAt: z.iso.datetime(),
});

export const CatalogueEntry = z.object({
  id: z.string(),
  title: z.string(),
  purpose: z.enum(['coder', 'chat', 'functions', 'embedding']),
  hf: z.string(),
  file: z.string(),
  sizeBytes: z.number(),
  parameterCount: z.number(),
  quantization: z.string(),
  contextSize: z.number(),
  licence: z.string(),
  /** Whether a model of this file's name is in the models folder. */
  present: z.boolean(),
});
