import { z } from 'zod';
import { localModelsConfig } from './models/settings.ts';

/** `CDS_LLM_…` */
export const llmConfig = z.object({
  ...localModelsConfig,
  defaultMaxTokens: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(2_048)
    .describe('Tokens that an answer may have where the request names no limit; they are put aside for it'),
  maxRequestBytes: z
    .int()
    .min(64 * 1024)
    .max(256 * 1024 * 1024)
    .default(32 * 1024 * 1024)
    .describe('Largest body of a request to /v1'),
  readerStallMs: z
    .int()
    .min(100)
    .max(3_600_000)
    .default(60_000)
    .describe('A client that reads nothing of its stream for so long is taken for gone'),
  maxEventBytes: z
    .int()
    .min(64 * 1024)
    .max(64 * 1024 * 1024)
    .default(8 * 1024 * 1024)
    .describe('Largest single event of a provider’s stream'),
  maxAnswerBytes: z
    .int()
    .min(64 * 1024)
    .max(512 * 1024 * 1024)
    .default(64 * 1024 * 1024)
    .describe('Largest whole answer of a provider'),
  providerTimeoutMs: z
    .int()
    .min(1_000)
    .max(3_600_000)
    .default(120_000)
    .describe('How long a provider may be silent, before its first byte and between two'),
  reservationMs: z
    .int()
    .min(5_000)
    .max(24 * 3_600_000)
    .default(900_000)
    .describe('After so long the tokens that a request has put aside are released, should nobody settle it'),
  purseIdleMs: z
    .int()
    .min(0)
    .max(60_000)
    .default(2_000)
    .describe('Tokens put aside ahead for a busy user are given back after a pause of so long'),
  ollamaUrl: z
    .url({ protocol: /^https?$/ })
    .or(z.literal(''))
    .default('http://127.0.0.1:11434')
    .describe('Where an Ollama of this machine is looked for; empty: nowhere'),
  ollamaEveryMs: z.int().min(1_000).max(3_600_000).default(30_000).describe('How often it is looked for'),
});
