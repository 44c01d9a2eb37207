import { randomBytes } from 'node:crypto';
import type { LlamaModel, Token } from 'node-llama-cpp';
import { fault } from '#base/fault.ts';
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
import type { WrittenCall } from '../tools/call-text.ts';
import type { ParsedPart, ToolParser } from '../tools/tool-parser.ts';
import type { Sampled } from './token-source.ts';

export interface GenerationOptions {
  readonly id: number;
  readonly modelId: string;
  readonly request: GenerateRequest;
  readonly prompt: readonly Token[];
  readonly model: LlamaModel;
  /** Tokens that prompt and answer may have together. */
  readonly contextSize: number;
  readonly tokenBytes: () => TokenBytes;
  /** Null when no tool is on offer. */
  readonly tools: GenerationTools | null;
  /** Says what is wrong with a complete text, or null. */
  readonly validate: ((text: string) => string | null) | null;
}

export interface GenerationTools {
  readonly parser: ToolParser;
  readonly parallel: boolean;
  /** Ids of calls: Mistral's template demands nine letters and digits. */
  readonly shortIds: boolean;
  /** Says what is wrong with a call's arguments, or null. */
  readonly validate: ((call: WrittenCall) => string | null) | null;
}

interface PendingLogprob {
  /** Length of the whole text once this token's is in it. */
  readonly end: number;
  readonly entry: TokenLogprob;
}

/** One answer on its way from tokens to chunks; knows when it is complete. */
export class Generation {
  readonly id: number;
  readonly request: GenerateRequest;
  readonly prompt: readonly Token[];
  readonly generated: Token[] = [];
  readonly #options: GenerationOptions;
  readonly #text: TokenText;
  readonly #stop: StopTexts;
  readonly #maxTokens: number;
  readonly #logprobs: PendingLogprob[] = [];
  #cachedPromptTokens = 0;
  #chunks: GenerateChunk[] = [];
  #decodedLength = 0;
  #shownLength = 0;
  #calls = 0;
  #whole = '';
  #stoppedByText = false;
  #invalid: string | null = null;
  /** Chunks that the reader has not taken yet. */
  underWay = 0;
  finish: GenerateResult['finish'] | null = null;

  constructor(options: GenerationOptions) {
    this.#options = options;
    this.id = options.id;
    this.request = options.request;
    this.prompt = options.prompt;
    this.#text = new TokenText(options.model, { prompt: options.prompt, special: options.tools !== null });
    this.#stop = new StopTexts(options.request.stop);
    const room = options.contextSize - options.prompt.length;
    this.#maxTokens = Math.min(options.request.maxTokens ?? room, room);
  }

  /** How much of the prompt the slot's memory still held. */
  cached(tokens: number): void {
    this.#cachedPromptTokens = tokens;
  }

  /** Takes a token; null when the model has ended its answer. Sets `finish` when nothing more is to come. */
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
    const reason = this.#invalid ?? this.#invalidText();
    if (reason === null) return null;
    return fault('llm.answer_invalid', { model: this.#options.modelId, reason });
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

  #invalidText(): string | null {
    const { validate } = this.#options;
    if (validate === null || this.finish !== 'stop' || this.#stoppedByText) return null;
    return validate(this.#whole);
  }

  #decoded(text: string): void {
    const { text: clear, stopped } = this.#stop.push(text);
    this.#pass(clear);
    if (!stopped) return;
    this.#stoppedByText = true;
    this.#finish('stop');
  }

  #end(finish: GenerateResult['finish']): void {
    const rest = this.#text.end();
    this.#decodedLength += rest.length;
    this.#decoded(rest);
    if (this.finish !== null) return;
    this.#pass(this.#stop.end());
    this.#finish(finish);
  }

  #finish(finish: GenerateResult['finish']): void {
    const { tools } = this.#options;
    if (tools !== null && this.finish === null) this.#parts(tools.parser.end(), tools);
    if (this.finish === null) this.finish = this.#calls > 0 ? 'tool-calls' : finish;
  }

  /** Text that no stop text will take back any more. */
  #pass(text: string): void {
    this.#shownLength += text.length;
    const { tools } = this.#options;
    if (tools === null) this.#show(text);
    else this.#parts(tools.parser.push(text), tools);
  }

  #parts(parts: readonly ParsedPart[], tools: GenerationTools): void {
    for (const part of parts) {
      if (this.finish !== null) return;
      if (part.kind === 'text') this.#show(part.text);
      else this.#call(part.call, tools);
    }
  }

  #call(call: WrittenCall, tools: GenerationTools): void {
    this.#invalid ??= tools.validate?.(call) ?? null;
    this.#chunks.push({
      kind: 'tool-call',
      index: this.#calls,
      call: { id: callId(tools.shortIds), name: call.name, arguments: call.arguments },
    });
    this.#calls += 1;
    if (!tools.parallel) this.finish = 'tool-calls';
  }

  #show(text: string): void {
    if (text === '') return;
    if (this.#options.validate !== null) this.#whole += text;
    if (this.request.topLogprobs === null) this.#chunks.push({ kind: 'text', text });
    else this.#chunks.push({ kind: 'text', text, logprobs: this.#shownLogprobs() });
  }

  #shownLogprobs(): TokenLogprob[] {
    const first = this.#logprobs.findIndex(({ end }) => end > this.#shownLength);
    return this.#logprobs.splice(0, first === -1 ? this.#logprobs.length : first).map(({ entry }) => entry);
  }

  #remember({ token, logprob, alternatives = [] }: Sampled): void {
    if (logprob === undefined) return;
    const bytesOf = this.#options.tokenBytes();
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

function callId(short: boolean): string {
  const random = randomBytes(12).toString('hex');
  return short ? random.slice(0, 9) : `call_${random}`;
}
