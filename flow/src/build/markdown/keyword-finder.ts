import { OTHER_CHARACTER } from './first-characters.ts';
import { compiledExpression, type Expression, isSecondHalf } from './rule-matcher.ts';

/** The keywords of a compiled mode: word → what it is, and how much it says about the language. */
export type Keywords = Readonly<Record<string, readonly [kind: string, relevance: number]>>;

export interface FoundKeyword {
  readonly start: number;
  readonly end: number;
  readonly kind: string;
}

/** Finds the words of a text that are keywords of a mode. */
export class KeywordFinder {
  readonly #kinds: ReadonlyMap<string, string>;
  readonly #word: Expression;
  readonly #isUnicode: boolean;
  readonly #longest: number;
  readonly #ignoresCase: boolean;

  constructor(keywords: Keywords, pattern: RegExp, ignoresCase: boolean) {
    const flags = pattern.flags.replace('g', '');
    this.#kinds = new Map(
      Object.entries(keywords).flatMap(([word, [kind]]) =>
        // Those with `_` only help to guess the language.
        kind.startsWith('_') ? [] : [[word, kind] as const],
      ),
    );
    this.#word = compiledExpression(pattern.source, flags);
    this.#isUnicode = flags.includes('u');
    this.#longest = Math.max(0, ...[...this.#kinds.keys()].map((word) => word.length));
    this.#ignoresCase = ignoresCase;
  }

  /** The first keyword at or behind `from`. */
  next(text: string, from: number): FoundKeyword | null {
    const { sticky, first } = this.#word;
    for (let start = from; start < text.length; start += 1) {
      if (first[Math.min(text.charCodeAt(start), OTHER_CHARACTER)] === 0) continue;
      if (this.#isUnicode && isSecondHalf(text, start)) continue;
      sticky.lastIndex = start;
      if (!sticky.test(text)) continue;
      const end = sticky.lastIndex;
      const kind = end - start > this.#longest ? undefined : this.#kindOf(text.slice(start, end));
      if (kind !== undefined) return { start, end, kind };
      if (end > start) start = end - 1;
    }
    return null;
  }

  #kindOf(word: string): string | undefined {
    return this.#kinds.get(this.#ignoresCase ? word.toLowerCase() : word);
  }
}
