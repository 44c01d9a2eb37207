import { z } from 'zod';
import type { Call, Client } from '#base/contract.ts';
import { fault } from '#base/fault.ts';
import type { llmContract } from '#modules/llm/contract.ts';
import type { Usage } from '../contract-shapes.ts';

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
  /** @throws agents.budget_tokens before a call that could exceed the budget, and what the model server throws */
  ask(question: Question): Promise<Answer>;
  usage(): Usage;
}

const Completion = z.object({
  choices: z
    .array(
      z.object({
        finish_reason: z.string().nullish(),
        message: z.object({
          content: z.string().nullish(),
          tool_calls: z
            .array(
              z.object({
                id: z.string().nullish(),
                function: z.object({ name: z.string(), arguments: z.string() }),
              }),
            )
            .nullish(),
        }),
      }),
    )
    .min(1),
  usage: z.object({ prompt_tokens: z.int().min(0), completion_tokens: z.int().min(0) }).nullish(),
});

/** A guess that is rather too high: 3 characters a token. */
const estimate = (text: string) => Math.ceil(text.length / 3);
/** An answer of less is of no use. */
const leastAnswer = 64;

/**
 * Asks the model server in the caller's name. Before each call the largest it could cost is held against the budget, so
 * that no answer, however long, goes beyond it; a provider that tells no usage is counted by length.
 */
export function createModel(parts: {
  readonly llm: Client<typeof llmContract>;
  readonly model: string;
  readonly budgetTokens: number;
  readonly used: Usage;
  readonly call: Call;
  readonly onAnswer: (question: Question, answer: Answer, usage: Usage) => Promise<void>;
}): Model {
  const { llm, model, budgetTokens, call, onAnswer } = parts;
  let used = parts.used;
  const total = () => used.promptTokens + used.completionTokens + used.estimatedTokens;

  return {
    usage: () => used,
    async ask(question) {
      const prompt = estimate(JSON.stringify([question.messages, question.tools ?? []]));
      const left = budgetTokens - total() - prompt;
      if (left < leastAnswer) throw fault('agents.budget_tokens', { limit: budgetTokens });
      const { messages, tools, schema, temperature, seed, maxTokens } = question;
      const answered = await llm.call(
        'llm.chat',
        {
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
                  type: 'json_schema',
                  json_schema: { name: 'answer', schema: schema as never, strict: true },
                },
              }),
          temperature,
          seed,
          max_tokens: Math.min(maxTokens, left),
        },
        call,
      );
      const parsed = Completion.safeParse(answered);
      if (!parsed.success) throw fault('agents.answer_invalid', { reason: 'it is no chat completion' });
      const { choices, usage } = parsed.data;
      const message = choices[0]?.message;
      const toolCalls = (message?.tool_calls ?? []).map((part, index) => ({
        id: part.id ?? `call_${used.calls}_${index}`,
        name: part.function.name,
        arguments: part.function.arguments,
      }));
      const answer = { text: message?.content ?? '', toolCalls, cut: choices[0]?.finish_reason === 'length' };
      const known = usage != null && usage.prompt_tokens + usage.completion_tokens > 0;
      used = {
        calls: used.calls + 1,
        promptTokens: used.promptTokens + (known ? usage.prompt_tokens : 0),
        completionTokens: used.completionTokens + (known ? usage.completion_tokens : 0),
        estimatedTokens:
          used.estimatedTokens + (known ? 0 : prompt + estimate(answer.text + JSON.stringify(toolCalls))),
      };
      await onAnswer(question, answer, used);
      return answer;
    },
  };
}
