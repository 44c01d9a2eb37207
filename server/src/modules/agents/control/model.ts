import { setTimeout as sleep } from 'node:timers/promises';
import type { Call, Client } from '#base/contract.ts';
import { moneyScale, parseDecimal } from '#base/decimal.ts';
import { fault, isFault } from '#base/fault.ts';
import type { llmContract } from '#modules/llm/contract.ts';
import type { Usage, Writing } from '../contract-shapes.ts';
import { type Reason, reason } from '../reasons/reason.ts';
import { buildAnswer } from './answer-stream.ts';
import type { LiveText } from './live-text.ts';
import type { Offer } from './market.ts';
import type { Spending } from './spending.ts';

export interface Message {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly content: string;
  readonly tool_calls?: readonly {
    id: string;
    type: 'function';
    function: { name: string; arguments: string };
  }[];
  readonly tool_call_id?: string;
}

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  /** JSON as the model wrote it. */
  readonly arguments: string;
}

export interface Answer {
  readonly text: string;
  readonly toolCalls: readonly ToolCall[];
  /** The model ran into the limit of the answer. */
  readonly cut: boolean;
}

export interface Question {
  readonly messages: readonly Message[];
  readonly tools?: readonly object[];
  /** A JSON schema that the answer must follow. */
  readonly schema?: object;
  readonly temperature: number;
  readonly seed: number;
  readonly maxTokens: number;
}

export interface Model {
  readonly name: string;
  /** Tokens of prompt and answer together; null when nobody told. */
  readonly contextSize: number | null;
  /** How many tokens a question probably has, by what this model has counted so far. */
  likelyTokens(question: Pick<Question, 'messages' | 'tools'>): number;
  /**
   * @throws agents.budget_tokens and agents.budget_cost before a call that could exceed the budget,
   * agents.context_too_small, and what the model server throws
   */
  ask(question: Question): Promise<Answer>;
}

/** Before anything was counted: rather too many. */
const firstTokensPerByte = 1 / 3;
/** An answer of less is of no use. */
const leastAnswer = 64;
/** What templates put around a message. */
const tokensPerMessage = 16;
const retries = 4;
const firstDelayMs = 400;
const longestDelayMs = 60_000;
/** A provider that is asked too often says so to many tasks at once; waiting is all that helps, and costs nothing. */
const mostLimitedMs = 300_000;
const mostLimited = 20;
/** Beyond the time that the provider has named, so that it is over when the question comes. */
const afterLimitMs = 50;
/** Faults that pass by themselves. */
const passing = new Set([
  'llm.provider_limited',
  'llm.provider_failed',
  'llm.provider_timeout',
  'llm.stream_broken',
  'llm.queue_full',
  'llm.engine_failed',
]);

/**
 * Asks the model server in the caller's name. Before each call the most that it can cost is held against the budget. A
 * provider that is out for a moment is asked again, four times, and one that is asked too often for up to five minutes;
 * what a broken answer may have cost counts.
 */
export function createModel(parts: {
  readonly llm: Client<typeof llmContract>;
  readonly name: string;
  readonly offer: Offer;
  readonly spending: Spending;
  readonly call: Call;
  readonly live: LiveText;
  readonly onAnswer: (question: Question, answer: Answer, usage: Usage) => Promise<void>;
  readonly onRetry: (why: Reason) => Promise<void>;
}): Model {
  const { llm, name, offer, spending, call, live } = parts;
  const { contextSize } = offer;
  let tokensPerByte = firstTokensPerByte;
  /** The messages of the last question with what they were counted as: a conversation only grows. */
  let counted: { readonly messages: readonly Message[]; readonly tokens: number } | null = null;

  const likelyTokens: Model['likelyTokens'] = ({ messages, tools = [] }) =>
    Math.ceil(bytesOf([messages, tools]) * tokensPerByte) + messages.length;

  /** No vocabulary has tokens of less than a byte, so what was never counted has at most as many as it has bytes. */
  function mostTokens({ messages, tools = [] }: Question): number {
    const whole = bytesOf([messages, tools]) + messages.length * tokensPerMessage;
    const before = counted;
    if (before === null || !before.messages.every((message, index) => message === messages[index]))
      return whole;
    const added = messages.slice(before.messages.length);
    return Math.min(whole, before.tokens + bytesOf(added) + added.length * tokensPerMessage);
  }

  async function askOnce(question: Question, promptTokens: number): Promise<Answer> {
    const likely = likelyTokens(question);
    const room = contextSize === null ? question.maxTokens : contextSize - likely;
    if (contextSize !== null && room < leastAnswer) {
      throw fault('agents.context_too_small', {
        model: name,
        contextSize,
        neededTokens: likely + leastAnswer,
      });
    }
    const maxTokens = Math.min(question.maxTokens, room);
    const hold = await spending.hold({ promptTokens, maxTokens, price: offer.price });
    const builder = buildAnswer(hold.maxTokens);
    const stream = llm.stream('llm.chat.stream', requestOf(name, question, hold.maxTokens), call);
    let begun = false;
    const writing = live.begin(formOf(question));
    try {
      for (;;) {
        const step = await stream.next();
        if (step.done === true) {
          const { promptTokens: prompt, completionTokens, cost } = step.value;
          const answer = builder.finish(`call_${spending.usage().calls}`);
          await hold.settle({
            promptTokens: prompt,
            completionTokens,
            estimated: false,
            cost: parseDecimal(cost, moneyScale),
          });
          const bytes = bytesOf([question.messages, question.tools ?? []]);
          // Counts that no vocabulary gives are not believed.
          if (prompt > bytes / 16) {
            tokensPerByte = Math.max(1 / 6, (prompt / bytes) * 1.1);
            counted = { messages: question.messages.slice(), tokens: prompt };
          }
          return answer;
        }
        begun = true;
        writing.add(builder.add(step.value));
      }
    } catch (error) {
      await stream.return(undefined as never).catch(() => undefined);
      // Nobody tells what a broken answer costs.
      if (begun) {
        const completionTokens = Math.min(hold.maxTokens, Math.ceil(builder.characters / 3));
        await hold.settle({
          promptTokens: Math.min(promptTokens, likely),
          completionTokens,
          estimated: true,
        });
      } else await hold.release();
      throw error;
    } finally {
      writing.end();
    }
  }

  return {
    name,
    contextSize,
    likelyTokens,
    async ask(question) {
      let attempt = 0;
      let limited = 0;
      let limitedMs = 0;
      for (;;) {
        try {
          const answer = await askOnce(question, mostTokens(question));
          await parts.onAnswer(question, answer, spending.usage());
          return answer;
        } catch (error) {
          if (call.signal.aborted) throw call.signal.reason;
          if (!isFault(error) || !passing.has(error.code)) throw error;
          const asked = Number(error.data.retryAfterMs ?? 0);
          const isLimit = error.code === 'llm.provider_limited';
          const tries = isLimit ? Math.floor(limited / 4) : attempt;
          const wanted = Math.max(asked === 0 ? 0 : asked + afterLimitMs, firstDelayMs * 2 ** tries);
          const delayMs = Math.min(longestDelayMs, wanted);
          if (isLimit ? limited >= mostLimited || limitedMs + delayMs > mostLimitedMs : attempt >= retries)
            throw error;
          await parts.onRetry(reason('call_failed', { code: error.code }));
          if (isLimit) {
            limited += 1;
            limitedMs += delayMs;
          } else attempt += 1;
          await sleep(delayMs, undefined, { signal: call.signal });
        }
      }
    },
  };
}

/** What an answer will be: a decision by a schema, words beside the calls of tools, or a file. */
function formOf({ schema, tools }: Question): Writing['form'] {
  if (schema !== undefined) return 'choice';
  return tools === undefined ? 'code' : 'words';
}

function requestOf(model: string, question: Question, maxTokens: number) {
  const { messages, tools, schema, temperature, seed } = question;
  return {
    model,
    messages: messages.map((message) => ({
      ...message,
      tool_calls: message.tool_calls?.map((part) => ({ ...part })),
    })),
    ...(tools === undefined ? {} : { tools: tools as never, parallel_tool_calls: false }),
    ...(schema === undefined
      ? {}
      : {
          response_format: {
            type: 'json_schema' as const,
            json_schema: { name: 'answer', schema: schema as never, strict: true },
          },
        }),
    temperature,
    seed,
    max_tokens: maxTokens,
  };
}

function bytesOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}
