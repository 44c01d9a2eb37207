import type { LlamaModel, Token } from 'node-llama-cpp';
import type { GenerateChunk, GenerateRequest, GenerateResult, GenerateUsage } from '../engine.ts';
import { StopTexts } from '../text/stop-texts.ts';
import { TokenText } from '../text/token-text.ts';

export interface GenerationOptions {
  readonly id: number;
  readonly request: GenerateRequest;
  readonly prompt: readonly Token[];
  readonly model: LlamaModel;
  /** Tokens that prompt and answer may have together. */
  readonly contextSize: number;
}

/** One answer on its way from tokens to chunks; knows when it is complete. */
export class Generation {
  readonly id: number;
  readonly request: GenerateRequest;
  readonly prompt: readonly Token[];
  readonly generated: Token[] = [];
  readonly #text: TokenText;
  readonly #stop: StopTexts;
  readonly #maxTokens: number;
  #cachedPromptTokens = 0;
  #chunks: GenerateChunk[] = [];
  /** Chunks that the reader has not taken yet. */
  underWay = 0;
  finish: GenerateResult['finish'] | null = null;

  constructor(options: GenerationOptions) {
    this.id = options.id;
    this.request = options.request;
    this.prompt = options.prompt;
    this.#text = new TokenText(options.model, { prompt: options.prompt, special: false });
    this.#stop = new StopTexts(options.request.stop);
    const room = options.contextSize - options.prompt.length;
    this.#maxTokens = Math.min(options.request.maxTokens ?? room, room);
  }

  /** How much of the prompt the slot's memory still held. */
  cached(tokens: number): void {
    this.#cachedPromptTokens = tokens;
  }

  /** Takes a token; null when the model has ended its answer. Sets `finish` when nothing more is to come. */
  accept(token: Token | null): void {
    if (token === null) {
      this.#end('stop');
      return;
    }
    this.generated.push(token);
    const { text, stopped } = this.#stop.push(this.#text.push(token));
    this.#show(text);
    if (stopped) this.finish = 'stop';
    else if (this.generated.length >= this.#maxTokens) this.#end('length');
  }

  #end(finish: GenerateResult['finish']): void {
    const { text, stopped } = this.#stop.push(this.#text.end());
    this.#show(text);
    if (!stopped) this.#show(this.#stop.end());
    this.finish = stopped ? 'stop' : finish;
  }

  #show(text: string): void {
    if (text !== '') this.#chunks.push({ kind: 'text', text });
  }

  /** The chunks since the last call. */
  takeChunks(): GenerateChunk[] {
    const chunks = this.#chunks;
    this.#chunks = [];
    this.underWay += chunks.length;
    return chunks;
  }

  usage(): GenerateUsage {
    return {
      promptTokens: this.prompt.length,
      cachedPromptTokens: this.#cachedPromptTokens,
      completionTokens: this.generated.length,
    };
  }
}
