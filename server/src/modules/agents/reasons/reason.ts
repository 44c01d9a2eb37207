import { fillText, type LocalizedText } from '#base/fault.ts';
import { answerWords } from './answer-words.ts';
import { checkWords } from './check-words.ts';
import { commandWords } from './command-words.ts';

const words = { ...answerWords, ...checkWords, ...commandWords } as const satisfies Record<
  string,
  LocalizedText
>;

export type ReasonCode = keyof typeof words;
export type ReasonData = Readonly<Record<string, string | number>>;

/**
 * Why something was not taken: a code and what it is about, with the words for both. A log outlives the versions that
 * have written it, so the words stand beside the code: docs/decisions/0118.
 */
export interface Reason extends LocalizedText {
  readonly code: ReasonCode;
  readonly data: ReasonData;
}

/** @example reason('lines_many', { count: 2 }) */
export function reason(code: ReasonCode, data: ReasonData = {}): Reason {
  const { en, de } = words[code];
  return { code, data, en: fillText(en, data), de: fillText(de, data) };
}
