import { z } from 'zod';
import type { MethodDefinitions } from '#base/contract.ts';
import {
  CatalogueEntry,
  Download,
  LocalModelInfo,
  ModelPrices,
  ModelSettings,
  ProviderChange,
  ProviderInfo,
  ProviderName,
  Routing,
  TokenCost,
  TokenWeight,
} from './contract-shapes.ts';

const modelId = z.string().min(1).max(300);
const loadingMs = 10 * 60_000;

const settings = {
  contextSize: ModelSettings.shape.contextSize.optional(),
  threads: ModelSettings.shape.threads.optional(),
  parallel: ModelSettings.shape.parallel.optional(),
  temperature: ModelSettings.shape.temperature.optional(),
  pinned: z.boolean().optional(),
  tokenWeight: TokenWeight.nullable().optional(),
  inputCost: TokenCost.nullable().optional(),
  outputCost: TokenCost.nullable().optional(),
};

/** A model of any origin, for tables and pickers. */
const AdminModel = z.object({
  id: z.string(),
  /** `local`, or the provider's name. */
  origin: z.string(),
  contextSize: z.number().nullable(),
  prices: ModelPrices,
  local: LocalModelInfo.nullable(),
});

/** Administration of models, providers and routing; the same over REST and JSON-RPC. */
export const llmAdminMethods = {
  'admin.models.list': {
    summary: 'Lists the models of this machine and of the providers, with size, state and cost.',
    access: 'admin',
    rateClass: 'read',
    rpc: true,
    http: { verb: 'GET', path: '/admin/models' },
    params: z.strictObject({}),
    result: z.object({ models: z.array(AdminModel), currency: z.string() }),
  },
  'admin.models.status': {
    summary: 'Memory, sessions, threads, queues and tokens per second of the model server.',
    access: 'admin',
    rateClass: 'read',
    rpc: true,
    http: { verb: 'GET', path: '/admin/status' },
    params: z.strictObject({}),
    result: z.object({
      memory: z.object({
        /** What models may use together: of the machine, or of the server's control group. */
        totalBytes: z.number(),
        freeBytes: z.number(),
        modelBytes: z.number(),
      }),
      threads: z.int(),
      activeSessions: z.int(),
      queueLength: z.int(),
      models: z.array(
        z.object({
          id: z.string(),
          state: LocalModelInfo.shape.state,
          residentBytes: z.number().nullable(),
          activeRequests: z.int(),
          queuedRequests: z.int(),
          promptTokensPerSecond: z.number().nullable(),
          completionTokensPerSecond: z.number().nullable(),
        }),
      ),
      providers: z.array(
        ProviderInfo.pick({ name: true, state: true, coolingUntil: true, coolingReason: true }),
      ),
    }),
  },
  'admin.models.activity': {
    summary:
      'The last requests, and requests and tokens of the last hour by minute; since the server started.',
    access: 'admin',
    rateClass: 'read',
    rpc: true,
    http: { verb: 'GET', path: '/admin/models-activity' },
    params: z.strictObject({}),
    result: z.object({
      requests: z.array(
        z.object({
          at: z.iso.datetime(),
          username: z.string(),
          model: z.string(),
          endpoint: z.string(),
          promptTokens: z.number(),
          completionTokens: z.number(),
          firstTokenMs: z.number().nullable(),
          durationMs: z.number(),
          /** `ok`, or the code of its fault. */
          outcome: z.string(),
        }),
      ),
      minutes: z.array(
        z.object({
          at: z.iso.datetime(),
          models: z.array(
            z.object({ model: z.string(), requests: z.int(), failed: z.int(), tokens: z.number() }),
          ),
        }),
      ),
    }),
  },
  'admin.models.catalogue': {
    summary: 'Proposes models that fit a machine of 8 GB.',
    access: 'admin',
    rateClass: 'read',
    rpc: true,
    http: { verb: 'GET', path: '/admin/catalogue' },
    params: z.strictObject({}),
    result: z.object({ models: z.array(CatalogueEntry) }),
  },
  'admin.models.download': {
    summary: 'Begins or resumes the download of a GGUF file; progress comes as events.',
    access: 'admin',
    rateClass: 'write',
    rpc: true,
    http: { verb: 'POST', path: '/admin/download', status: 202 },
    timeoutMs: 60_000,
    params: z.strictObject({
      url: z
        .url({ protocol: /^https?$/ })
        .max(2_000)
        .optional(),
      /** `owner/repository` at Hugging Face, or the id of a model of the catalogue. */
      hf: z
        .string()
        .regex(/^([\w.-]{1,96}\/)?[\w.-]{1,96}$/, 'must be owner/repository or a name of the catalogue')
        .optional(),
      /** Which file of the repository; needed where it has several. */
      file: z.string().max(300).optional(),
      /** What the file must hash to. */
      sha256: z
        .string()
        .regex(/^[0-9a-f]{64}$/i, 'must be 64 hex digits')
        .optional(),
    }),
    result: Download,
  },
  'admin.models.downloads': {
    summary: 'Lists the downloads of this server, newest first.',
    access: 'admin',
    rateClass: 'read',
    rpc: true,
    http: { verb: 'GET', path: '/admin/downloads' },
    params: z.strictObject({}),
    result: z.object({ downloads: z.array(Download) }),
  },
  'admin.models.cancelDownload': {
    summary: 'Ends a download; what has arrived is kept for going on.',
    access: 'admin',
    rateClass: 'write',
    rpc: true,
    http: { verb: 'DELETE', path: '/admin/downloads/:downloadId', status: 204 },
    params: z.strictObject({ downloadId: z.string().max(100) }),
    result: z.null(),
  },
  'admin.models.load': {
    summary: 'Loads a model with these settings and keeps them.',
    access: 'admin',
    rateClass: 'execute',
    rpc: true,
    http: { verb: 'POST', path: '/admin/load' },
    timeoutMs: loadingMs,
    params: z.strictObject({ modelId, ...settings }),
    result: LocalModelInfo,
  },
  'admin.models.unload': {
    summary: 'Unloads a model: waits for its running requests up to a limit, then ends them.',
    access: 'admin',
    rateClass: 'execute',
    rpc: true,
    http: { verb: 'POST', path: '/admin/unload' },
    timeoutMs: loadingMs,
    params: z.strictObject({ modelId, waitMs: z.int().min(0).max(300_000).default(30_000) }),
    result: LocalModelInfo,
  },
  'admin.models.remove': {
    summary: 'Deletes a model’s file.',
    access: 'admin',
    rateClass: 'write',
    rpc: true,
    http: { verb: 'DELETE', path: '/admin/models/:modelId', status: 204 },
    params: z.strictObject({ modelId }),
    result: z.null(),
  },
  'admin.providers.list': {
    summary: 'Lists the providers and the state each is in; keys are never given out.',
    access: 'admin',
    rateClass: 'read',
    rpc: true,
    http: { verb: 'GET', path: '/admin/providers' },
    params: z.strictObject({}),
    result: z.object({ providers: z.array(ProviderInfo) }),
  },
  'admin.providers.create': {
    summary: 'Adds a provider; its key is stored encrypted.',
    access: 'admin',
    rateClass: 'write',
    rpc: true,
    http: { verb: 'POST', path: '/admin/providers', status: 201 },
    params: ProviderChange.extend({ name: ProviderName }),
    result: ProviderInfo,
  },
  'admin.providers.update': {
    summary: 'Replaces a provider’s settings; a key that is not named stays.',
    access: 'admin',
    rateClass: 'write',
    rpc: true,
    http: { verb: 'PUT', path: '/admin/providers/:name' },
    params: ProviderChange.extend({ name: ProviderName }),
    result: ProviderInfo,
  },
  'admin.providers.remove': {
    summary: 'Removes a provider and its key.',
    access: 'admin',
    rateClass: 'write',
    rpc: true,
    http: { verb: 'DELETE', path: '/admin/providers/:name', status: 204 },
    params: z.strictObject({ name: ProviderName }),
    result: z.null(),
  },
  'admin.routing.read': {
    summary: 'Which models serve which task.',
    access: 'admin',
    rateClass: 'read',
    rpc: true,
    http: { verb: 'GET', path: '/admin/routing' },
    params: z.strictObject({}),
    result: Routing,
  },
  'admin.routing.update': {
    summary: 'Sets which models serve which task; tasks that are left out stay as they are.',
    access: 'admin',
    rateClass: 'write',
    rpc: true,
    http: { verb: 'PUT', path: '/admin/routing' },
    params: Routing.partial(),
    result: Routing,
  },
} as const satisfies MethodDefinitions;
