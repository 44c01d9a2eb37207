import type { z } from 'zod';
import type { CatalogueEntry } from '../contract-shapes.ts';

type Entry = Omit<z.input<typeof CatalogueEntry>, 'present'>;

/**
 * Small models that run beside everything else on a machine of 8 GB, each with its makers' own quantization where
 * there is one. Sizes are those of the files; a download takes the true one from the server, with its hash.
 */
export const catalogue: readonly Entry[] = [
  {
    id: 'qwen2.5-coder-1.5b-instruct-q4_k_m',
    title: 'Qwen2.5-Coder 1.5B Instruct',
    purpose: 'coder',
    hf: 'Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF',
    file: 'qwen2.5-coder-1.5b-instruct-q4_k_m.gguf',
    sizeBytes: 1_117_320_768,
    parameterCount: 1_543_714_304,
    quantization: 'Q4_K_M',
    contextSize: 32_768,
    licence: 'Apache-2.0',
  },
  {
    id: 'qwen2.5-coder-0.5b-instruct-q8_0',
    title: 'Qwen2.5-Coder 0.5B Instruct (autocomplete on weak machines)',
    purpose: 'coder',
    hf: 'Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF',
    file: 'qwen2.5-coder-0.5b-instruct-q8_0.gguf',
    sizeBytes: 531_068_096,
    parameterCount: 494_032_768,
    quantization: 'Q8_0',
    contextSize: 32_768,
    licence: 'Apache-2.0',
  },
  {
    id: 'SmolLM2-1.7B-Instruct-Q4_K_M',
    title: 'SmolLM2 1.7B Instruct',
    purpose: 'chat',
    hf: 'bartowski/SmolLM2-1.7B-Instruct-GGUF',
    file: 'SmolLM2-1.7B-Instruct-Q4_K_M.gguf',
    sizeBytes: 1_055_609_536,
    parameterCount: 1_711_376_384,
    quantization: 'Q4_K_M',
    contextSize: 8_192,
    licence: 'Apache-2.0',
  },
  {
    id: 'qwen2.5-1.5b-instruct-q4_k_m',
    title: 'Qwen2.5 1.5B Instruct (calls functions, many languages)',
    purpose: 'functions',
    hf: 'Qwen/Qwen2.5-1.5B-Instruct-GGUF',
    file: 'qwen2.5-1.5b-instruct-q4_k_m.gguf',
    sizeBytes: 1_117_320_736,
    parameterCount: 1_543_714_304,
    quantization: 'Q4_K_M',
    contextSize: 32_768,
    licence: 'Apache-2.0',
  },
  {
    id: 'nomic-embed-text-v1.5.Q8_0',
    title: 'Nomic Embed Text v1.5',
    purpose: 'embedding',
    hf: 'nomic-ai/nomic-embed-text-v1.5-GGUF',
    file: 'nomic-embed-text-v1.5.Q8_0.gguf',
    sizeBytes: 146_146_432,
    parameterCount: 136_731_648,
    quantization: 'Q8_0',
    contextSize: 2_048,
    licence: 'Apache-2.0',
  },
];
