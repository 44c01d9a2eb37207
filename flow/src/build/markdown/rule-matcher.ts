import { END_OF_TEXT, firstCharacters, OTHER_CHARACTER } from './first-characters.ts';

/** A match of one rule of a grammar. */
export interface RuleMatch {
  readonly index: number;
  readonly text: string;
  readonly rule: CompiledRule;
}

/** What highlight.js keeps with each rule. */
export interface RuleFacts {
  readonly type: 'begin' | 'end' | 'illegal';
  readonly rule?: unknown;
}

export interface CompiledRule extends Expression {
  readonly facts: RuleFacts;
  /** Its place in the list. */
  readonly position: number;
}

export interface Expression {
  /** Matches only where it is told to. */
  readonly sticky: RegExp;
  /** Not 0 at the signs with which a match may begin. */
  readonly first: Uint8Array;
  readonly atWordEdge: boolean;
}

/** The rules of one mode as a compiled grammar of highlight.js lists them. */
export interface RuleList {
  readonly rules: ReadonlyArray<readonly [RegExp | string, RuleFacts]>;
  readonly count: number;
}

const nobody: readonly CompiledRule[] = [];

/**
 * Finds the first of many rules, as highlight.js' own matcher does, and the same one: the leftmost, of several at one place the
 * first. Its matcher is one expression of all rules, a hundred and more, which are tried one after the other at every
 * character; here a table says which rules can begin with a character at all, mostly none, and only these are asked.
 */
export class RuleMatcher {
  regexIndex = 0;
  readonly #list: RuleList;
  readonly #isUnicode: boolean;
  readonly #rules: readonly CompiledRule[];
  /** What can begin at each sign, within a word or between two others, and at the edge of a word. */
  readonly #inside: Candidates = [];
  readonly #atEdge: Candidates = [];

  constructor(list: RuleList, flags: string) {
    this.#list = list;
    this.#isUnicode = flags.includes('u');
    this.#rules = list.rules.map(([expression, facts], position) => ({
      facts,
      position,
      ...compiledExpression(typeof expression === 'string' ? expression : expression.source, flags),
    }));
    for (let sign = 0; sign <= END_OF_TEXT; sign += 1) {
      this.#inside.push(null);
      this.#atEdge.push(null);
    }
  }

  /** The next match at or behind `from`. A match that was refused is passed over by calling again with the same `from`. */
  next(code: string, from: number): RuleMatch | null {
    const resumed = this.regexIndex;
    let found = this.#find(code, from, resumed);
    let position = found === null ? 0 : found.rule.position - resumed;
    if (resumed !== 0 && found?.index !== from) {
      found = this.#find(code, from + 1, 0);
      position = found?.rule.position ?? 0;
    }
    if (found !== null) {
      this.regexIndex += position + 1;
      if (this.regexIndex === this.#list.count) this.regexIndex = 0;
    }
    return found;
  }

  /** Looks only at the rules from `first` on. */
  #find(code: string, from: number, first: number): RuleMatch | null {
    const inside = this.#inside;
    const atEdge = this.#atEdge;
    const { length } = code;
    let wasWord = from > 0 && isWord(code.charCodeAt(from - 1));
    for (let index = from; index <= length; index += 1) {
      const sign = index === length ? END_OF_TEXT : Math.min(code.charCodeAt(index), OTHER_CHARACTER);
      const nowWord = isWord(sign);
      const rules =
        (nowWord === wasWord ? inside : atEdge)[sign] ?? this.#candidates(sign, nowWord !== wasWord);
      wasWord = nowWord;
      if (rules === nobody || (this.#isUnicode && isSecondHalf(code, index))) continue;
      for (const rule of rules) {
        if (rule.position < first) continue;
        rule.sticky.lastIndex = index;
        if (rule.sticky.test(code)) return { index, text: code.slice(index, rule.sticky.lastIndex), rule };
      }
    }
    return null;
  }

  #candidates(sign: number, isEdge: boolean): readonly CompiledRule[] {
    const found = this.#rules.filter((rule) => rule.first[sign] !== 0 && (isEdge || !rule.atWordEdge));
    const made = found.length === 0 ? nobody : found;
    (isEdge ? this.#atEdge : this.#inside)[sign] = made;
    return made;
  }
}

/** By sign; null until somebody asks. */
type Candidates = Array<readonly CompiledRule[] | null>;

/** The groups of a match, as its rule alone finds them. */
export function groupsOf({ rule: { sticky }, index }: RuleMatch, code: string): RegExpExecArray {
  sticky.lastIndex = index;
  const groups = sticky.exec(code);
  if (groups === null) throw new Error('a rule that matches once and then no more');
  return groups;
}

const expressions = new Map<string, Expression>();

/** Reads and compiles an expression once: many modes of a grammar share a rule. */
export function compiledExpression(source: string, flags: string): Expression {
  const key = `${flags}/${source}`;
  let known = expressions.get(key);
  if (known === undefined) {
    known = { sticky: new RegExp(source, `${flags}y`), ...firstCharacters(source, flags) };
    expressions.set(key, known);
  }
  return known;
}

function isWord(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) ||
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x30 && code <= 0x39) ||
    code === 0x5f
  );
}

/** No match of an expression for whole characters begins in the middle of one. */
export function isSecondHalf(code: string, index: number): boolean {
  return isHalf(code, index, 0xdc00) && isHalf(code, index - 1, 0xd800);
}

function isHalf(code: string, index: number, kind: number): boolean {
  return (code.charCodeAt(index) & 0xfc00) === kind;
}
