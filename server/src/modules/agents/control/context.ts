import { fault } from '#base/fault.ts';
import type { Message } from './model.ts';

/** Messages at the end that stay whole as long as anything else can go. */
const keptAtEnd = 6;
const shortestKept = 400;

export interface Fitted {
  readonly messages: Message[];
  /** Characters that were left out; each place says so. */
  readonly omittedCharacters: number;
}

/**
 * Makes a conversation fit: the oldest results of tools go first, then the ends of long ones. What is left out is said in
 * its place, so that the model can ask again; the task and what the user said always stay.
 * @throws agents.context_too_small
 */
export function fitConversation(
  messages: readonly Message[],
  window: {
    readonly model: string;
    readonly contextSize: number;
    /** Tokens that the messages may have. */
    readonly limit: number;
    readonly tokensOf: (messages: readonly Message[]) => number;
  },
): Fitted {
  const fitted = [...messages];
  let omittedCharacters = 0;
  const fits = () => window.tokensOf(fitted) <= window.limit;
  const shorten = (index: number, keep: number): void => {
    const message = fitted[index];
    if (message?.role !== 'tool' || message.content.length <= keep + shortestKept) return;
    const left = message.content.length - keep;
    omittedCharacters += left;
    const note = `[${left} characters were left out here to fit the model’s window; call the tool again if you need them]`;
    fitted[index] = { ...message, content: keep === 0 ? note : `${message.content.slice(0, keep)}\n${note}` };
  };
  for (let index = 0; index < fitted.length - keptAtEnd && !fits(); index += 1) shorten(index, 0);
  for (const keep of [8_000, 2_000, 0]) {
    for (let index = 0; index < fitted.length && !fits(); index += 1) shorten(index, keep);
  }
  if (!fits()) {
    const { model, contextSize } = window;
    throw fault('agents.context_too_small', { model, contextSize, neededTokens: window.tokensOf(fitted) });
  }
  return { messages: fitted, omittedCharacters };
}
