import { chatTemplate } from './chat-machine.ts';
import { type GgufTensor, type GgufValue, writeGguf } from './gguf-writer.ts';
import {
  byteVocabulary,
  type LlamaShape,
  llamaMetadata,
  llamaTensors,
  tokenTypes,
  type VocabularyToken,
} from './llama-file.ts';

/** Numbers between -1 and 1 that a seed determines (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 31 - 1;
  };
}

const specialTokens: readonly VocabularyToken[] = [
  { text: '\u2581', type: tokenTypes.normal },
  { text: '<|im_start|>', type: tokenTypes.control },
  { text: '<|im_end|>', type: tokenTypes.control },
];

export interface RandomModelOptions {
  readonly seed: number;
  readonly shape?: Partial<LlamaShape>;
  readonly type?: GgufTensor['type'];
  /** Filled up with words that nobody writes; 262 bytes and special tokens at least. */
  readonly vocabularySize?: number;
  readonly template?: string;
}

/** A llama model with random weights: what it writes means nothing, so only what is enforced holds. */
export function writeRandomModel(file: string, options: RandomModelOptions): void {
  const shape: LlamaShape = {
    contextLength: 4096,
    embeddingLength: 64,
    layers: 2,
    feedForwardLength: 128,
    heads: 2,
    ...options.shape,
  };
  const base = [...byteVocabulary, ...specialTokens];
  const fillers = Array.from(
    { length: Math.max(0, (options.vocabularySize ?? 0) - base.length) },
    (_, index) => ({
      text: `\u2581w${index}`,
      type: tokenTypes.normal,
      score: -index,
    }),
  );
  const vocabulary = [...base, ...fillers];
  const random = randomOf(options.seed);
  const scale = 1 / Math.sqrt(shape.embeddingLength);
  writeGguf(file, {
    metadata: {
      ...llamaMetadata(`Random ${options.seed}`, shape, vocabulary),
      'tokenizer.ggml.eot_token_id': { type: 'uint32', value: base.length - 1 },
      'tokenizer.chat_template': { type: 'string', value: options.template ?? chatTemplate },
    },
    tensors: llamaTensors(shape, vocabulary.length, {
      type: options.type ?? 'F32',
      fill: (name, values) => {
        if (name.endsWith('_norm.weight')) return;
        const factor = name === 'output.weight' ? 1 : scale;
        for (let index = 0; index < values.length; index += 1) values[index] = random() * factor;
      },
    }),
  });
}

/** About 150 million parameters in eight bits: large enough to measure speed on, small enough to write in seconds. */
export function writeSpeedModel(file: string): void {
  writeRandomModel(file, {
    seed: 7,
    type: 'Q8_0',
    vocabularySize: 32_000,
    shape: {
      contextLength: 8192,
      embeddingLength: 768,
      layers: 12,
      feedForwardLength: 2048,
      heads: 12,
      keyValueHeads: 4,
    },
  });
}

export const embeddingWords = ['hello', 'world', 'cat', 'dog', 'the'] as const;
export const embeddingWidth = 32;

/**
 * A BERT model without layers' influence: each word is a one-hot vector, normalised by its mean and deviation, and a
 * text the mean of its words. The vectors that the engine gives are not of unit length.
 */
export function writeEmbeddingModel(file: string): void {
  const tokens = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', ...embeddingWords.map((word) => `\u2581${word}`)];
  const width = embeddingWidth;
  const feedForward = 16;
  const metadata: Record<string, GgufValue> = {
    'general.architecture': { type: 'string', value: 'bert' },
    'general.name': { type: 'string', value: 'Word vectors' },
    'general.license': { type: 'string', value: 'apache-2.0' },
    'bert.context_length': { type: 'uint32', value: 128 },
    'bert.embedding_length': { type: 'uint32', value: width },
    'bert.block_count': { type: 'uint32', value: 1 },
    'bert.feed_forward_length': { type: 'uint32', value: feedForward },
    'bert.attention.head_count': { type: 'uint32', value: 2 },
    'bert.attention.layer_norm_epsilon': { type: 'float32', value: 1e-12 },
    'bert.attention.causal': { type: 'bool', value: false },
    'bert.pooling_type': { type: 'uint32', value: 1 },
    'tokenizer.ggml.model': { type: 'string', value: 'bert' },
    'tokenizer.ggml.tokens': { type: 'strings', value: tokens },
    'tokenizer.ggml.scores': { type: 'float32s', value: tokens.map(() => 0) },
    'tokenizer.ggml.token_type': {
      type: 'int32s',
      value: tokens.map((_token, index) => (index < 4 ? tokenTypes.control : tokenTypes.normal)),
    },
    'tokenizer.ggml.token_type_count': { type: 'uint32', value: 2 },
    'tokenizer.ggml.unknown_token_id': { type: 'uint32', value: 1 },
    'tokenizer.ggml.padding_token_id': { type: 'uint32', value: 0 },
    'tokenizer.ggml.cls_token_id': { type: 'uint32', value: 2 },
    'tokenizer.ggml.bos_token_id': { type: 'uint32', value: 2 },
    // Spelled so by the format.
    'tokenizer.ggml.seperator_token_id': { type: 'uint32', value: 3 },
    'tokenizer.ggml.eos_token_id': { type: 'uint32', value: 3 },
  };
  const tensor = (name: string, shape: readonly number[], value = 0): GgufTensor => ({
    name,
    shape,
    type: 'F32',
    values: () => new Float32Array(shape.reduce((product, length) => product * length, 1)).fill(value),
  });
  const linear = (name: string, from: number, to: number): GgufTensor[] => [
    tensor(`${name}.weight`, [from, to]),
    tensor(`${name}.bias`, [to]),
  ];
  const norm = (name: string): GgufTensor[] => [
    tensor(`${name}.weight`, [width], 1),
    tensor(`${name}.bias`, [width]),
  ];
  writeGguf(file, {
    metadata,
    tensors: [
      {
        name: 'token_embd.weight',
        shape: [width, tokens.length],
        type: 'F32',
        values: () => {
          const values = new Float32Array(width * tokens.length);
          for (let token = 4; token < tokens.length; token += 1) values[token * width + token] = 1;
          return values;
        },
      },
      tensor('token_types.weight', [width, 2]),
      tensor('position_embd.weight', [width, 128]),
      ...norm('token_embd_norm'),
      ...linear('blk.0.attn_q', width, width),
      ...linear('blk.0.attn_k', width, width),
      ...linear('blk.0.attn_v', width, width),
      ...linear('blk.0.attn_output', width, width),
      ...norm('blk.0.attn_output_norm'),
      ...linear('blk.0.ffn_up', width, feedForward),
      ...linear('blk.0.ffn_down', feedForward, width),
      ...norm('blk.0.layer_output_norm'),
    ],
  });
}
