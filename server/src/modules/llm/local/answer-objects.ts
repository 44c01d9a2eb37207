import type { Meter } from '../accounting/meter.ts';
import type { GenerateChunk, GenerateResult, TokenLogprob, ToolCall } from '../engine/engine.ts';

/** What all objects of one answer share. */
export interface AnswerHead {
  readonly id: string;
  readonly created: number;
  readonly model: string;
}

const finishReasons = { stop: 'stop', length: 'length', 'tool-calls': 'tool_calls' } as const;

/** OpenAI's `usage` object. */
export function usageObject(meter: Meter): object {
  return {
    prompt_tokens: meter.promptTokens,
    completion_tokens: meter.completionTokens,
    total_tokens: meter.promptTokens + meter.completionTokens,
    prompt_tokens_details: { cached_tokens: meter.cachedPromptTokens },
  };
}

function tokenObject({ text, bytes, logprob }: Omit<TokenLogprob, 'alternatives'>) {
  return { token: text, logprob, bytes };
}

function chatLogprobs(tokens: readonly TokenLogprob[] | undefined): object | null {
  if (tokens === undefined) return null;
  return {
    content: tokens.map((token) => ({
      ...tokenObject(token),
      top_logprobs: token.alternatives.map(tokenObject),
    })),
    refusal: null,
  };
}

/** Log-probabilities as the older completions API has them. */
function textLogprobs(tokens: readonly TokenLogprob[] | undefined, from: number): object | null {
  if (tokens === undefined) return null;
  let offset = from;
  const offsets = tokens.map(({ text }) => {
    const at = offset;
    offset += text.length;
    return at;
  });
  return {
    tokens: tokens.map(({ text }) => text),
    token_logprobs: tokens.map(({ logprob }) => logprob),
    top_logprobs: tokens.map(({ alternatives }) =>
      Object.fromEntries(alternatives.map(({ text, logprob }) => [text, logprob])),
    ),
    text_offset: offsets,
  };
}

function callObject({ id, name, arguments: text }: ToolCall) {
  return { id, type: 'function', function: { name, arguments: text } };
}

/** Chunks of a streamed chat answer. */
export const chatChunks = {
  opening: (head: AnswerHead, index: number) =>
    chatChunk(head, {
      index,
      delta: { role: 'assistant', content: '' },
      logprobs: null,
      finish_reason: null,
    }),
  piece(head: AnswerHead, index: number, chunk: GenerateChunk) {
    if (chunk.kind === 'tool-call') {
      const delta = { tool_calls: [{ index: chunk.index, ...callObject(chunk.call) }] };
      return chatChunk(head, { index, delta, logprobs: null, finish_reason: null });
    }
    return chatChunk(head, {
      index,
      delta: { content: chunk.text },
      logprobs: chatLogprobs(chunk.logprobs),
      finish_reason: null,
    });
  },
  closing: (head: AnswerHead, index: number, { finish }: GenerateResult) =>
    chatChunk(head, { index, delta: {}, logprobs: null, finish_reason: finishReasons[finish] }),
  usage: (head: AnswerHead, meter: Meter) => ({
    ...head,
    object: 'chat.completion.chunk',
    choices: [],
    usage: usageObject(meter),
  }),
};

function chatChunk(head: AnswerHead, choice: object): object {
  return {
    id: head.id,
    object: 'chat.completion.chunk',
    created: head.created,
    model: head.model,
    choices: [choice],
  };
}

/** Chunks of a streamed completion. */
export const textChunks = {
  piece(
    head: AnswerHead,
    index: number,
    written: { readonly chunk: GenerateChunk; readonly offset: number },
  ) {
    const { chunk, offset } = written;
    const text = chunk.kind === 'text' ? chunk.text : '';
    const logprobs = chunk.kind === 'text' ? textLogprobs(chunk.logprobs, offset) : null;
    return textObject(head, { index, text, logprobs, finish_reason: null });
  },
  closing: (head: AnswerHead, index: number, { finish }: GenerateResult) =>
    textObject(head, { index, text: '', logprobs: null, finish_reason: finishReasons[finish] }),
  usage: (head: AnswerHead, meter: Meter) => ({
    ...head,
    object: 'text_completion',
    choices: [],
    usage: usageObject(meter),
  }),
};

function textObject(head: AnswerHead, choice: object): object {
  return {
    id: head.id,
    object: 'text_completion',
    created: head.created,
    model: head.model,
    choices: [choice],
  };
}

/** All that one generation gave, gathered. */
export interface Gathered {
  readonly chunks: readonly GenerateChunk[];
  readonly result: GenerateResult;
}

/** A whole chat answer. */
export function chatObject(head: AnswerHead, answers: readonly Gathered[], meter: Meter): object {
  return {
    ...head,
    object: 'chat.completion',
    choices: answers.map(({ chunks, result }, index) => {
      const calls = chunks.flatMap((chunk) => (chunk.kind === 'tool-call' ? [callObject(chunk.call)] : []));
      const text = textIn(chunks);
      return {
        index,
        message: {
          role: 'assistant',
          content: text === '' && calls.length > 0 ? null : text,
          refusal: null,
          ...(calls.length === 0 ? {} : { tool_calls: calls }),
        },
        logprobs: chatLogprobs(logprobsIn(chunks)),
        finish_reason: finishReasons[result.finish],
      };
    }),
    usage: usageObject(meter),
  };
}

/** A whole completion; `echoes` are the prompts to repeat before the texts, one for each answer. */
export function completionObject(
  head: AnswerHead,
  answers: readonly (Gathered & { readonly echo: string })[],
  meter: Meter,
): object {
  return {
    ...head,
    object: 'text_completion',
    choices: answers.map(({ chunks, result, echo }, index) => ({
      index,
      text: echo + textIn(chunks),
      logprobs: textLogprobs(logprobsIn(chunks), echo.length),
      finish_reason: finishReasons[result.finish],
    })),
    usage: usageObject(meter),
  };
}

function textIn(chunks: readonly GenerateChunk[]): string {
  return chunks.map((chunk) => (chunk.kind === 'text' ? chunk.text : '')).join('');
}

function logprobsIn(chunks: readonly GenerateChunk[]): readonly TokenLogprob[] | undefined {
  const found = chunks.flatMap((chunk) =>
    chunk.kind === 'text' && chunk.logprobs !== undefined ? [chunk.logprobs] : [],
  );
  return found.length === 0 ? undefined : found.flat();
}
