import type { GgufTensor, GgufValue } from './gguf-writer.ts';

/** Kinds of token in a GGUF vocabulary. */
export const tokenTypes = { normal: 1, unknown: 2, control: 3, userDefined: 4, byte: 6 } as const;

export interface VocabularyToken {
  readonly text: string;
  readonly type: number;
  readonly score?: number;
}

export interface LlamaShape {
  readonly contextLength: number;
  readonly embeddingLength: number;
  readonly layers: number;
  readonly feedForwardLength: number;
  readonly heads: number;
  readonly keyValueHeads?: number;
}

/** Ids 0 to 258: unknown, begin, end, and one token for each byte. */
export const byteVocabulary: readonly VocabularyToken[] = [
  { text: '<unk>', type: tokenTypes.unknown },
  { text: '<s>', type: tokenTypes.control },
  { text: '</s>', type: tokenTypes.control },
  ...Array.from({ length: 256 }, (_, byte) => ({
    text: `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`,
    type: tokenTypes.byte,
  })),
];

export function byteToken(byte: number): number {
  return byte + 3;
}

export function llamaMetadata(
  name: string,
  shape: LlamaShape,
  vocabulary: readonly VocabularyToken[],
): Record<string, GgufValue> {
  return {
    'general.architecture': { type: 'string', value: 'llama' },
    'general.name': { type: 'string', value: name },
    'general.license': { type: 'string', value: 'apache-2.0' },
    'llama.context_length': { type: 'uint32', value: shape.contextLength },
    'llama.embedding_length': { type: 'uint32', value: shape.embeddingLength },
    'llama.block_count': { type: 'uint32', value: shape.layers },
    'llama.feed_forward_length': { type: 'uint32', value: shape.feedForwardLength },
    'llama.attention.head_count': { type: 'uint32', value: shape.heads },
    'llama.attention.head_count_kv': { type: 'uint32', value: shape.keyValueHeads ?? shape.heads },
    'llama.rope.dimension_count': { type: 'uint32', value: shape.embeddingLength / shape.heads },
    'llama.attention.layer_norm_rms_epsilon': { type: 'float32', value: 1e-6 },
    'llama.vocab_size': { type: 'uint32', value: vocabulary.length },
    'tokenizer.ggml.model': { type: 'string', value: 'llama' },
    'tokenizer.ggml.tokens': { type: 'strings', value: vocabulary.map((token) => token.text) },
    'tokenizer.ggml.scores': { type: 'float32s', value: vocabulary.map((token) => token.score ?? 0) },
    'tokenizer.ggml.token_type': { type: 'int32s', value: vocabulary.map((token) => token.type) },
    'tokenizer.ggml.unknown_token_id': { type: 'uint32', value: 0 },
    'tokenizer.ggml.bos_token_id': { type: 'uint32', value: 1 },
    'tokenizer.ggml.eos_token_id': { type: 'uint32', value: 2 },
    'tokenizer.ggml.add_bos_token': { type: 'bool', value: true },
    'tokenizer.ggml.add_space_prefix': { type: 'bool', value: false },
  };
}

/** Row-major matrices of one layer, by the name they have in the file. */
export interface LlamaWeights {
  readonly type: GgufTensor['type'];
  /** Fills a matrix; what is not named stays zero, or one for a norm. */
  readonly fill: (name: string, values: Float32Array, rowLength: number) => void;
}

/** All tensors of a llama model, in the order of the file. */
export function llamaTensors(shape: LlamaShape, vocabularySize: number, weights: LlamaWeights): GgufTensor[] {
  const width = shape.embeddingLength;
  const keyValueWidth = (width / shape.heads) * (shape.keyValueHeads ?? shape.heads);
  const matrix = (name: string, rowLength: number, rows: number): GgufTensor => ({
    name,
    shape: [rowLength, rows],
    type: weights.type,
    values: () => {
      const values = new Float32Array(rowLength * rows);
      weights.fill(name, values, rowLength);
      return values;
    },
  });
  const norm = (name: string): GgufTensor => ({
    name,
    shape: [width],
    type: 'F32',
    values: () => {
      const values = new Float32Array(width).fill(1);
      weights.fill(name, values, width);
      return values;
    },
  });
  const tensors = [matrix('token_embd.weight', width, vocabularySize)];
  for (let layer = 0; layer < shape.layers; layer += 1) {
    const prefix = `blk.${layer}.`;
    tensors.push(
      norm(`${prefix}attn_norm.weight`),
      matrix(`${prefix}attn_q.weight`, width, width),
      matrix(`${prefix}attn_k.weight`, width, keyValueWidth),
      matrix(`${prefix}attn_v.weight`, width, keyValueWidth),
      matrix(`${prefix}attn_output.weight`, width, width),
      norm(`${prefix}ffn_norm.weight`),
      matrix(`${prefix}ffn_gate.weight`, width, shape.feedForwardLength),
      matrix(`${prefix}ffn_up.weight`, width, shape.feedForwardLength),
      matrix(`${prefix}ffn_down.weight`, shape.feedForwardLength, width),
    );
  }
  tensors.push(norm('output_norm.weight'), matrix('output.weight', width, vocabularySize));
  return tensors;
}
