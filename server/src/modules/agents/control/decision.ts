import type { Language, LocalizedText } from '#base/fault.ts';
import type { ConsentDecision } from '../contract-consent.ts';

/**
 * What an answer in words decides: only a clear yes at its beginning is one, and it is for as little as was asked about
 * unless it says more.
 */
export function decisionIn(text: string, choices: readonly ConsentDecision[]): ConsentDecision {
  const word = /^\s*(\p{L}+)/u.exec(text)?.[1]?.toLowerCase() ?? '';
  if (/^(task|aufgabe|always|immer)$/.test(word) && choices.includes('task')) return 'task';
  if (!/^(yes|y|ja|j|ok|once|einmal)$/.test(word)) return 'no';
  return choices.includes('once') ? 'once' : 'task';
}

const words: Readonly<Record<ConsentDecision, LocalizedText>> = {
  once: { en: 'Yes, this time', de: 'Ja, dieses Mal' },
  task: { en: 'Yes, for this task', de: 'Ja, für diese Aufgabe' },
  no: { en: 'No', de: 'Nein' },
};

/** A decision as its user would say it. */
export function decisionText(decision: ConsentDecision, language: Language): string {
  return words[decision][language];
}
