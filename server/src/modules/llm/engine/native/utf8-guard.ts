import { type LlamaModel, type Token, TokenBias } from 'node-llama-cpp';

const byteTokenType = 6;

/** Of second bytes, which ones a first byte forbids (the Unicode Standard, table 3-7). */
const forbiddenSeconds: readonly (readonly [first: number, from: number, to: number])[] = [
  [0xe0, 0x80, 0x9f],
  [0xed, 0xa0, 0xbf],
  [0xf0, 0x80, 0x8f],
  [0xf4, 0x90, 0xbf],
];

/**
 * Keeps answers under a grammar valid UTF-8, for vocabularies that have a token for each byte. The grammar counts
 * overlong forms and values beyond Unicode as one character, but as text they are several: a string would come out
 * longer than its schema allows.
 */
export class Utf8Guard {
  readonly #model: LlamaModel;
  readonly #tokens: readonly (Token | null)[];

  constructor(model: LlamaModel) {
    this.#model = model;
    const types = model.fileInfo.metadata.tokenizer?.ggml?.token_type ?? [];
    const texts = model.fileInfo.metadata.tokenizer?.ggml?.tokens ?? [];
    const tokens: (Token | null)[] = Array.from({ length: 256 }, () => null);
    types.forEach((type, id) => {
      if (type !== byteTokenType) return;
      tokens[Number.parseInt(texts[id]?.slice(3, 5) ?? '', 16)] = id as Token;
    });
    this.#tokens = tokens;
  }

  /** The bias for each next token, by the one before; `add` puts in what the request wants. */
  biases(add: (bias: TokenBias) => void): (last: Token | undefined) => TokenBias {
    const usual = this.#bias(add, []);
    const afterFirst = new Map<Token, TokenBias>();
    for (const [first, from, to] of forbiddenSeconds) {
      const token = this.#tokens[first];
      if (token !== null && token !== undefined) afterFirst.set(token, this.#bias(add, bytesFrom(from, to)));
    }
    return (last) => (last === undefined ? usual : (afterFirst.get(last) ?? usual));
  }

  #bias(add: (bias: TokenBias) => void, forbidden: readonly number[]): TokenBias {
    const bias = TokenBias.for(this.#model);
    add(bias);
    // No text holds these bytes.
    for (const byte of [0xc0, 0xc1, ...bytesFrom(0xf5, 0xff), ...forbidden]) {
      const token = this.#tokens[byte];
      if (token !== null && token !== undefined) bias.set(token, 'never');
    }
    return bias;
  }
}

function bytesFrom(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}
