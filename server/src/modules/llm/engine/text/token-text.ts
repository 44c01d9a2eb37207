import type { LlamaModel, Token } from 'node-llama-cpp';

/** A character has at most four bytes; some tokenizers need a few tokens more before text becomes clear. */
const tokensHeldAtMost = 8;
const contextTokens = 3;

/** Turns tokens into whole characters: bytes of one character that lie in several tokens wait for the last one. */
export class TokenText {
  readonly #model: LlamaModel;
  readonly #special: boolean;
  /** The text before, because tokenizers treat a first token differently. */
  #recent: Token[];
  #held: Token[] = [];

  /** @param special show control tokens too, such as those that open a tool call */
  constructor(model: LlamaModel, options: { readonly prompt: readonly Token[]; readonly special: boolean }) {
    this.#model = model;
    this.#special = options.special;
    this.#recent = options.prompt.slice(-contextTokens);
  }

  push(token: Token): string {
    this.#held.push(token);
    const text = this.#model.detokenize(this.#held, this.#special, this.#recent);
    if (text.endsWith('\ufffd') && this.#held.length < tokensHeldAtMost) return '';
    this.#settle();
    return text;
  }

  /** What is left when no more tokens come: an incomplete character becomes the replacement character. */
  end(): string {
    if (this.#held.length === 0) return '';
    const text = this.#model.detokenize(this.#held, this.#special, this.#recent);
    this.#settle();
    return text;
  }

  #settle(): void {
    this.#recent = [...this.#recent, ...this.#held].slice(-contextTokens);
    this.#held = [];
  }
}
