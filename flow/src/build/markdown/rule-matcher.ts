/** A match of one rule of a grammar. */
export interface RuleMatch {
  readonly index: number;
  readonly text: string;
  readonly rule: CompiledRule;
}

/** What highlight.js keeps with each rule; `position` changes as its own matchers are made, and so it does here. */
export interface RuleFacts {
  readonly type: 'begin' | 'end' | 'illegal';
  readonly rule?: unknown;
  position?: number;
}

export interface CompiledRule {
  readonly facts: RuleFacts;
  /** The rule with all its groups, at a given place of the code. */
  groupsAt(code: string, index: number): RegExpExecArray;
}

/** The rules of one mode as a compiled grammar of highlight.js lists them. */
export interface RuleList {
  readonly rules: ReadonlyArray<readonly [RegExp | string, RuleFacts]>;
  readonly count: number;
}

/**
 * Finds the first of many rules, as highlight.js' own matcher does, and the same one: the leftmost, of several at one place the
 * first. Its matcher has a group for every group of every rule, a hundred and more, and looks through all of them for each
 * word; here a rule keeps its groups only when it refers back to them, and one empty group behind each says which it was.
 */
export class RuleMatcher {
  regexIndex = 0;
  readonly #list: RuleList;
  readonly #flags: string;
  readonly #rules: readonly CompiledRule[];
  readonly #searches = new Map<number, Search>();

  constructor(list: RuleList, flags: string) {
    this.#list = list;
    this.#flags = flags;
    this.#rules = list.rules.map(([expression, facts]) => compileRule(expression, facts, flags));
  }

  /** The next match at or behind `from`. A match that was refused is passed over by calling again with the same `from`. */
  next(code: string, from: number): RuleMatch | null {
    const isResuming = this.regexIndex !== 0;
    let found = this.#search(this.regexIndex).find(code, from);
    if (isResuming && found?.index !== from) found = this.#search(0).find(code, from + 1);
    if (found !== null) {
      this.regexIndex += (found.rule.facts.position ?? 0) + 1;
      if (this.regexIndex === this.#list.count) this.regexIndex = 0;
    }
    return found;
  }

  #search(first: number): Search {
    const known = this.#searches.get(first);
    if (known !== undefined) return known;
    const rules = this.#rules.slice(first);
    for (const [position, { facts }] of rules.entries()) facts.position = position;
    const made = new Search(
      this.#list.rules.slice(first).map(([expression]) => sourceOf(expression)),
      rules,
      this.#flags,
    );
    this.#searches.set(first, made);
    return made;
  }
}

class Search {
  readonly #expression: RegExp | null;
  readonly #rules: readonly CompiledRule[];
  /** The number of the empty group behind each rule. */
  readonly #marks: number[] = [];

  constructor(sources: readonly string[], rules: readonly CompiledRule[], flags: string) {
    this.#rules = rules;
    let groups = 0;
    const parts = sources.map((source) => {
      const { text, kept } = withoutGroups(source, groups);
      groups += kept + 1;
      this.#marks.push(groups);
      return `(?:${text})()`;
    });
    this.#expression = parts.length === 0 ? null : new RegExp(parts.join('|'), `${flags}g`);
  }

  find(code: string, from: number): RuleMatch | null {
    const expression = this.#expression;
    if (expression === null) return null;
    expression.lastIndex = from;
    const match = expression.exec(code);
    if (match === null) return null;
    for (let index = 0; index < this.#marks.length; index += 1) {
      const rule = this.#rules[index];
      if (rule !== undefined && match[this.#marks[index] ?? 0] !== undefined)
        return { index: match.index, text: match[0], rule };
    }
    throw new Error('a match without a rule');
  }
}

function compileRule(expression: RegExp | string, facts: RuleFacts, flags: string): CompiledRule {
  let single: RegExp | null = null;
  return {
    facts,
    groupsAt: (code, index) => {
      single ??= new RegExp(sourceOf(expression), `${flags}y`);
      single.lastIndex = index;
      const match = single.exec(code);
      if (match === null) throw new Error('a rule that matches only among others');
      return match;
    },
  };
}

function sourceOf(expression: RegExp | string): string {
  return typeof expression === 'string' ? expression : expression.source;
}

const parts = /\[(?:[^\\\]]|\\[\s\S])*\]|\((?:\?(?:<[=!]?|[=!])?)?|\\([1-9][0-9]*)|\\[\s\S]/g;

/** The same expression without numbered groups; one with references back to groups keeps them, numbered on from `before`. */
function withoutGroups(source: string, before: number): { text: string; kept: number } {
  let refersBack = false;
  let kept = 0;
  for (const [part, reference] of source.matchAll(parts)) {
    if (reference !== undefined) refersBack = true;
    else if (isGroup(part)) kept += 1;
  }
  if (refersBack) {
    const text = source.replace(parts, (part: string, reference?: string) =>
      reference === undefined ? part : `\\${Number(reference) + before}`,
    );
    return { text, kept };
  }
  return {
    text: source.replace(parts, (part: string) => (part === '(' ? '(?:' : part)),
    kept: named(source),
  };
}

/** `(` and `(?<name>`, but not `(?:`, `(?=`, `(?<=`. */
function isGroup(part: string): boolean {
  return part === '(' || part === '(?<';
}

function named(source: string): number {
  return [...source.matchAll(parts)].filter(([part]) => part === '(?<').length;
}
