import { type Llama, type LlamaGrammar, LlamaGrammarEvaluationState, type LlamaModel } from 'node-llama-cpp';

const grammarsKept = 32;

/** Grammars that were read before, the most recent ones: reading one takes milliseconds. */
export class Grammars {
  readonly #llama: Llama;
  readonly #known = new Map<string, LlamaGrammar>();

  constructor(llama: Llama) {
    this.#llama = llama;
  }

  async stateFor(model: LlamaModel, text: string): Promise<LlamaGrammarEvaluationState> {
    const known = this.#known.get(text);
    const grammar = known ?? (await this.#llama.createGrammar({ grammar: text }));
    this.#known.delete(text);
    this.#known.set(text, grammar);
    const [oldest] = this.#known.keys();
    if (this.#known.size > grammarsKept && oldest !== undefined) this.#known.delete(oldest);
    return new LlamaGrammarEvaluationState({ model, grammar });
  }
}
