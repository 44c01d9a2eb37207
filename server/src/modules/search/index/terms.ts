/** Words that say nothing in code or in a question. */
const stopWords = new Set(
  'the a an of to in is it and or for with on as be by this that are was from at der die das und oder ist ein eine zu im mit für auf const let var return function import export class public private static void new'.split(
    ' ',
  ),
);

const longest = 40;

/** Code says the same words over and over: taking one apart costs ten times as much as remembering it. */
const taken = new Map<string, readonly string[]>();
const mostTaken = 20_000;

/**
 * The words of a text as search compares them: identifiers also in their parts (`parseHttpUrl` gives parsehttpurl, parse,
 * http, url), small letters, German umlauts kept, a plural s cut off.
 */
export function termsOf(text: string): string[] {
  const terms: string[] = [];
  for (const [word] of text.matchAll(/[\p{L}\p{N}_$]+/gu)) {
    let parts = taken.get(word);
    if (parts === undefined) {
      parts = termsOfWord(word);
      if (taken.size >= mostTaken) taken.clear();
      // What long generated words would hold is better taken apart anew.
      if (word.length <= longest * 2) taken.set(word, parts);
    }
    terms.push(...parts);
  }
  return terms;
}

function termsOfWord(word: string): string[] {
  const terms: string[] = [];
  const parts = word
    .replace(/(\p{Ll}|\p{N})(\p{Lu})/gu, '$1 $2')
    .replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1 $2')
    .split(/[\s_$]+/)
    .filter((part) => part !== '');
  if (parts.length > 1) add(terms, parts.join(''));
  for (const part of parts) add(terms, part);
  return terms;
}

function add(terms: string[], word: string): void {
  const term = word.toLowerCase();
  if (term.length < 2 || term.length > longest || stopWords.has(term)) return;
  terms.push(term.length > 3 && term.endsWith('s') && !term.endsWith('ss') ? term.slice(0, -1) : term);
}

/** Distinct words with their counts. */
export function countTerms(text: string): { terms: string[]; frequencies: number[]; termCount: number } {
  const counts = new Map<string, number>();
  const all = termsOf(text);
  for (const term of all) counts.set(term, (counts.get(term) ?? 0) + 1);
  return { terms: [...counts.keys()], frequencies: [...counts.values()], termCount: all.length };
}
