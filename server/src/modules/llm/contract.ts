import { z } from 'zod';
import { defineContract } from '#base/contract.ts';
import { llmAdminMethods } from './contract-admin.ts';
import { llmFaults } from './contract-faults.ts';
import {
  ChatRequest,
  CompletionRequest,
  EmbeddingRequest,
  ModelList,
  OpenAiObject,
} from './contract-requests.ts';
import { Download } from './contract-shapes.ts';

const StreamEnd = z.object({
  promptTokens: z.int(),
  cachedPromptTokens: z.int(),
  completionTokens: z.int(),
  chargedTokens: z.int(),
  cost: z.string(),
  currency: z.string(),
  model: z.string(),
});

/**
 * Models on this machine and at providers behind OpenAI's API. The same requests come over `/v1/…` and over JSON-RPC,
 * and are billed alike; `….stream` answer in OpenAI's chunks.
 */
export const llmContract = defineContract('llm', {
  faults: llmFaults,
  methods: {
    'llm.models': {
      summary: 'Lists the models that can be asked now.',
      access: 'viewer',
      rateClass: 'read',
      params: z.strictObject({}),
      result: ModelList,
    },
    'llm.chat': {
      summary: 'Answers a conversation, whole.',
      access: 'viewer',
      rateClass: 'inference',
      timeoutMs: 0,
      params: ChatRequest,
      result: OpenAiObject,
    },
    'llm.chat.stream': {
      summary:
        'Answers a conversation, in OpenAI’s chunks; while it waits, `llm.queue` objects tell its place.',
      access: 'viewer',
      rateClass: 'inference',
      params: ChatRequest,
      chunk: OpenAiObject,
      result: StreamEnd,
    },
    'llm.complete': {
      summary: 'Continues a text, or fills in before `suffix`.',
      access: 'viewer',
      rateClass: 'inference',
      timeoutMs: 0,
      params: CompletionRequest,
      result: OpenAiObject,
    },
    'llm.complete.stream': {
      summary: 'Continues a text, in OpenAI’s chunks; while it waits, `llm.queue` objects tell its place.',
      access: 'viewer',
      rateClass: 'inference',
      params: CompletionRequest,
      chunk: OpenAiObject,
      result: StreamEnd,
    },
    'llm.embed': {
      summary: 'Turns texts into vectors of unit length.',
      access: 'viewer',
      rateClass: 'inference',
      timeoutMs: 0,
      params: EmbeddingRequest,
      result: OpenAiObject,
    },
    ...llmAdminMethods,
  },
  events: {
    'llm.download': {
      summary: 'A download began, went on or ended.',
      durable: false,
      payload: Download,
    },
    'llm.model_state': {
      summary: 'A model was loaded, unloaded, or its engine ended.',
      durable: false,
      payload: z.object({ modelId: z.string(), state: z.string(), reason: z.string().nullable() }),
    },
    'llm.providers_changed': {
      summary: 'Providers or routing were changed.',
      durable: true,
      payload: z.object({ name: z.string().nullable(), actorId: z.string().nullable() }),
    },
  },
});
