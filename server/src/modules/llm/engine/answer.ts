import { randomBytes } from 'node:crypto';
import { fault } from '#base/fault.ts';
import type { GenerateChunk, GenerateResult, TokenLogprob } from './engine.ts';
import type { WrittenCall } from './tools/call-text.ts';
import type { ParsedPart, ToolParser } from './tools/tool-parser.ts';

export interface AnswerTools {
  readonly parser: ToolParser;
  readonly parallel: boolean;
  /** Ids of calls: Mistral's template demands nine letters and digits. */
  readonly shortIds: boolean;
  /** Says what is wrong with a call's arguments, or null. */
  readonly validate: ((call: WrittenCall) => string | null) | null;
}

export interface AnswerOptions {
  readonly modelId: string;
  /** Null when no tool is on offer. */
  readonly tools: AnswerTools | null;
  /** Says what is wrong with a complete text, or null. */
  readonly validate: ((text: string) => string | null) | null;
}

/** Turns the text of an answer into chunks: text, and the tool calls in it. Knows when and how it has ended. */
export class Answer {
  readonly #options: AnswerOptions;
  #chunks: GenerateChunk[] = [];
  #calls = 0;
  #whole = '';
  #cut = false;
  #invalid: string | null = null;
  finish: GenerateResult['finish'] | null = null;

  constructor(options: AnswerOptions) {
    this.#options = options;
  }

  /** @param logprobs of the tokens up to here, where they were asked for */
  push(text: string, logprobs: (() => TokenLogprob[]) | null): void {
    const { tools } = this.#options;
    if (tools === null) this.#show(text, logprobs);
    else this.#parts(tools.parser.push(text), { tools, logprobs });
  }

  /** @param options.cut ended by a stop text or a limit: it need not be complete */
  end(finish: 'stop' | 'length', options: { readonly cut: boolean }): void {
    const { tools } = this.#options;
    if (tools !== null && this.finish === null) this.#parts(tools.parser.end(), { tools, logprobs: null });
    if (this.finish !== null) return;
    this.#cut = options.cut;
    this.finish = this.#calls > 0 ? 'tool-calls' : finish;
  }

  /** The chunks since the last call. */
  takeChunks(): GenerateChunk[] {
    const chunks = this.#chunks;
    this.#chunks = [];
    return chunks;
  }

  /** What keeps a finished answer from being a good one. */
  problem(): Error | null {
    const reason = this.#invalid ?? this.#invalidText();
    return reason === null ? null : fault('llm.answer_invalid', { model: this.#options.modelId, reason });
  }

  #invalidText(): string | null {
    const { validate } = this.#options;
    return validate === null || this.finish !== 'stop' || this.#cut ? null : validate(this.#whole);
  }

  #parts(
    parts: readonly ParsedPart[],
    context: { readonly tools: AnswerTools; readonly logprobs: (() => TokenLogprob[]) | null },
  ): void {
    for (const part of parts) {
      if (this.finish !== null) return;
      if (part.kind === 'text') this.#show(part.text, context.logprobs);
      else this.#call(part.call, context.tools);
    }
  }

  #call(call: WrittenCall, tools: AnswerTools): void {
    this.#invalid ??= tools.validate?.(call) ?? null;
    this.#chunks.push({
      kind: 'tool-call',
      index: this.#calls,
      call: { id: callId(tools.shortIds), name: call.name, arguments: call.arguments },
    });
    this.#calls += 1;
    if (!tools.parallel) this.finish = 'tool-calls';
  }

  #show(text: string, logprobs: (() => TokenLogprob[]) | null): void {
    if (text === '') return;
    if (this.#options.validate !== null) this.#whole += text;
    if (logprobs === null) this.#chunks.push({ kind: 'text', text });
    else this.#chunks.push({ kind: 'text', text, logprobs: logprobs() });
  }
}

function callId(short: boolean): string {
  const random = randomBytes(12).toString('hex');
  return short ? random.slice(0, 9) : `call_${random}`;
}
