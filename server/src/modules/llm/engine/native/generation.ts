import type { LlamaModel, Token } from 'node-llama-cpp';
import { Answer, type AnswerOptions } from '../answer.ts';
import type {
  GenerateChunk,
  GenerateRequest,
  GenerateResult,
  GenerateUsage,
  TokenLogprob,
} from '../engine.ts';
import { StopTexts } from '../text/stop-texts.ts';
import type { TokenBytes } from '../text/token-bytes.ts';
import { TokenText } from '../text/token-text.ts';
import type { Sampled } from './token-source.ts';

export interface GenerationOptions extends AnswerOptions {
  readonly id: number;
  readonly request: GenerateRequest;
  readonly prompt: readonly Token[];
  readonly model: LlamaModel;
  /** Tokens that prompt and answer may have together. */
  readonly contextSize: number;
  readonly tokenBytes: () => TokenBytes;
}

interface PendingLogprob {
  /** Length of the whole text once this token's is in it. */
  readonly end: number;
  readonly entry: TokenLogprob;
}

/** One answer on its way from tokens to chunks. */
export class Generation {
  readonly id: number;
  readonly request: GenerateRequest;
  readonly prompt: readonly Token[];
  readonly generated: Token[] = [];
  readonly #answer: Answer;
  readonly #tokenBytes: () => TokenBytes;
  readonly #text: TokenText;
  readonly #stop: StopTexts;
  readonly #maxTokens: number;
  readonly #logprobs: PendingLogprob[] = [];
  #cachedPromptTokens = 0;
  #decodedLength = 0;
  #shownLength = 0;
  /** Chunks that the reader has not taken yet. */
  underWay = 0;

  constructor(options: GenerationOptions) {
    this.id = options.id;
    this.request = options.request;
    this.prompt = options.prompt;
    this.#answer = new Answer(options);
    this.#tokenBytes = options.tokenBytes;
    this.#text = new TokenText(options.model, { prompt: options.prompt, special: options.tools !== null });
    this.#stop = new StopTexts(options.request.stop);
    const room = options.contextSize - options.prompt.length;
    this.#maxTokens = Math.min(options.request.maxTokens ?? room, room);
  }

  /** Null while more is to come. */
  get finish(): GenerateResult['finish'] | null {
    return this.#answer.finish;
  }

  /** How much of the prompt the slot's memory still held. */
  cached(tokens: number): void {
    this.#cachedPromptTokens = tokens;
  }

  /** Takes a token; null when the model has ended its answer. */
  accept(sampled: Sampled | null): void {
    if (sampled === null) {
      this.#end('stop');
      return;
    }
    this.generated.push(sampled.token);
    const text = this.#text.push(sampled.token);
    this.#decodedLength += text.length;
    this.#remember(sampled);
    this.#decoded(text);
    if (this.finish === null && this.generated.length >= this.#maxTokens) this.#end('length');
  }

  /** What keeps a finished answer from being a good one. */
  problem(): Error | null {
    return this.#answer.problem();
  }

  /** The chunks since the last call. */
  takeChunks(): GenerateChunk[] {
    const chunks = this.#answer.takeChunks();
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

  #decoded(text: string): void {
    const { text: clear, stopped } = this.#stop.push(text);
    this.#pass(clear);
    if (stopped) this.#answer.end('stop', { cut: true });
  }

  #end(finish: 'stop' | 'length'): void {
    const rest = this.#text.end();
    this.#decodedLength += rest.length;
    this.#decoded(rest);
    if (this.finish !== null) return;
    this.#pass(this.#stop.end());
    this.#answer.end(finish, { cut: finish === 'length' });
  }

  /** Text that no stop text will take back any more. */
  #pass(text: string): void {
    this.#shownLength += text.length;
    this.#answer.push(text, this.request.topLogprobs === null ? null : () => this.#shownLogprobs());
  }

  #shownLogprobs(): TokenLogprob[] {
    const first = this.#logprobs.findIndex(({ end }) => end > this.#shownLength);
    return this.#logprobs.splice(0, first === -1 ? this.#logprobs.length : first).map(({ entry }) => entry);
  }

  #remember({ token, logprob, alternatives = [] }: Sampled): void {
    if (logprob === undefined) return;
    const bytesOf = this.#tokenBytes();
    const described = (candidate: Token, value: number) => {
      const bytes = bytesOf(candidate);
      return { text: bytes.toString('utf8'), bytes: [...bytes], logprob: value };
    };
    const entry = {
      ...described(token, logprob),
      alternatives: alternatives.map(([other, value]) => described(other, value)),
    };
    this.#logprobs.push({ end: this.#decodedLength, entry });
  }
}
