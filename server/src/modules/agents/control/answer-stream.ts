import { z } from 'zod';
import { fault } from '#base/fault.ts';
import { reason } from '../reasons/reason.ts';
import type { Answer } from './model.ts';

const Chunk = z.object({
  choices: z
    .array(
      z.object({
        finish_reason: z.string().nullish(),
        delta: z
          .object({
            content: z.string().nullish(),
            tool_calls: z
              .array(
                z.object({
                  index: z.int().min(0).max(1_000).nullish(),
                  id: z.string().nullish(),
                  function: z
                    .object({ name: z.string().nullish(), arguments: z.string().nullish() })
                    .nullish(),
                }),
              )
              .nullish(),
          })
          .nullish(),
      }),
    )
    .nullish(),
});

/** What one chunk adds to an answer. */
export interface AnswerPart {
  readonly text: string;
  /** The tool that is being called, and the characters of its input so far. */
  readonly tool: { readonly name: string; readonly characters: number } | null;
}

/** Puts an answer together from OpenAI's chunks. */
export interface AnswerBuilder {
  /** @throws agents.answer_invalid for what is no chunk, and when the answer grows far beyond what was asked for */
  add(chunk: unknown): AnswerPart;
  /** Characters that have come so far. */
  readonly characters: number;
  /** @throws agents.answer_invalid when nothing came that is an answer */
  finish(fallbackId: string): Answer;
}

/** No token of a usual vocabulary is longer; runs of spaces come near it. */
const mostCharactersPerToken = 32;
const nothing: AnswerPart = { text: '', tool: null };

export function buildAnswer(maxTokens: number): AnswerBuilder {
  const texts: string[] = [];
  const calls: { id: string; name: string; arguments: string[]; characters: number }[] = [];
  const mostCharacters = maxTokens * mostCharactersPerToken + 4_096;
  let characters = 0;
  let finishReason: string | null = null;
  let any = false;

  return {
    get characters() {
      return characters;
    },
    add(chunk) {
      const parsed = Chunk.safeParse(chunk);
      if (!parsed.success) throw fault('agents.answer_invalid', { reason: reason('not_completion') });
      const choice = parsed.data.choices?.[0];
      if (choice === undefined) return nothing;
      any = true;
      finishReason = choice.finish_reason ?? finishReason;
      const text = choice.delta?.content ?? '';
      texts.push(text);
      characters += text.length;
      let tool: AnswerPart['tool'] = null;
      for (const [place, part] of (choice.delta?.tool_calls ?? []).entries()) {
        const index = part.index ?? place;
        const call = calls[index] ?? { id: '', name: '', arguments: [], characters: 0 };
        calls[index] = call;
        call.id ||= part.id ?? '';
        call.name ||= part.function?.name ?? '';
        const given = part.function?.arguments ?? '';
        call.arguments.push(given);
        call.characters += given.length;
        characters += given.length;
        if (call.name !== '') tool = { name: call.name, characters: call.characters };
      }
      if (characters > mostCharacters) {
        throw fault('agents.answer_invalid', { reason: reason('answer_long') });
      }
      return { text, tool };
    },
    finish(fallbackId) {
      if (!any) throw fault('agents.answer_invalid', { reason: reason('not_completion') });
      const toolCalls = calls
        // A provider may number them from any index.
        .filter((call) => call !== undefined && call.name !== '')
        .map((call, index) => ({
          id: call.id === '' ? `${fallbackId}_${index}` : call.id,
          name: call.name,
          arguments: call.arguments.join(''),
        }));
      return { text: texts.join(''), toolCalls, cut: finishReason === 'length' };
    },
  };
}
