import type { HLJSApi } from 'highlight.js';
import { KeywordFinder, type Keywords } from './keyword-finder.ts';
import { groupsOf, type RuleList, type RuleMatch, RuleMatcher } from './rule-matcher.ts';
import { SpanEmitter } from './span-emitter.ts';

/** What is done with the text of a match: one class for all of it, or one for each of its groups. */
interface Scope {
  readonly _wrap?: string;
  readonly _multi?: boolean;
  readonly _emit?: Readonly<Record<number, boolean>>;
  readonly [group: number]: string;
}

interface Answer {
  readonly data: unknown;
  isMatchIgnored: boolean;
  ignoreMatch(): void;
}
type Callback = (match: RegExpExecArray, answer: Answer) => void;

/** A mode of a grammar after highlight.js has compiled it. */
interface Mode {
  readonly matcher: RuleList;
  readonly keywords?: Keywords;
  readonly keywordPatternRe?: RegExp;
  readonly subLanguage?: string | readonly string[];
  readonly scope?: string;
  readonly beginScope?: Scope;
  readonly endScope?: Scope;
  readonly endRe?: RegExp;
  readonly starts?: Mode;
  readonly skip?: boolean;
  readonly excludeBegin?: boolean;
  readonly returnBegin?: boolean;
  readonly excludeEnd?: boolean;
  readonly returnEnd?: boolean;
  readonly endsParent?: boolean;
  readonly endsWithParent?: boolean;
  readonly __beforeBegin?: Callback;
  readonly 'on:begin'?: Callback;
  readonly 'on:end'?: Callback;
  data?: unknown;
}

interface Grammar extends Mode {
  readonly case_insensitive?: boolean;
  readonly unicodeRegex?: boolean;
  readonly classNameAliases: Readonly<Record<string, string>>;
  __emitTokens?: unknown;
}

/** A mode that is open, and the one around it. */
interface Frame {
  readonly mode: Mode;
  readonly parent: Frame | null;
}

/** Something that highlight.js treats in a way of its own; it is asked itself then. */
class Unusual extends Error {}

/**
 * Colours code by highlight.js' grammars, with the same result to the byte, in half its time: its own loop makes an object
 * with a prototype for each mode that it enters and looks through a hundred groups for each word. Grammars with a parser of
 * their own, and what ends in an error, go to the library.
 */
export class CodePainter {
  readonly #library: HLJSApi;
  readonly #grammars = new Map<string, Grammar>();
  readonly #matchers = new Map<Mode, RuleMatcher>();
  readonly #finders = new Map<Mode, KeywordFinder | null>();

  constructor(library: HLJSApi) {
    this.#library = library;
  }

  paint(code: string, language: string): string {
    try {
      const grammar = this.#grammar(language);
      return new Painting(this.#tools, { code, grammar, from: null }).run().html;
    } catch (error) {
      if (!(error instanceof Unusual)) throw error;
      return this.#library.highlight(code, { language, ignoreIllegals: true }).value;
    }
  }

  readonly #tools: Tools = {
    grammarOf: (name) => (this.#library.listLanguages().includes(name) ? this.#grammar(name) : null),
    guess: (code, subset) => {
      const { value, language } = this.#library.highlightAuto(
        code,
        subset.length > 0 ? [...subset] : undefined,
      );
      return { value, language };
    },
    matcherOf: (mode, flags) => {
      let matcher = this.#matchers.get(mode);
      if (matcher === undefined) {
        matcher = new RuleMatcher(mode.matcher, flags);
        this.#matchers.set(mode, matcher);
      }
      return matcher;
    },
    keywordsOf: (mode, grammar) => {
      let finder = this.#finders.get(mode);
      if (finder === undefined) {
        const { keywords, keywordPatternRe: pattern } = mode;
        finder =
          keywords && pattern
            ? new KeywordFinder(keywords, pattern, grammar.case_insensitive === true)
            : null;
        this.#finders.set(mode, finder);
      }
      return finder;
    },
  };

  #grammar(language: string): Grammar {
    const known = this.#grammars.get(language);
    if (known !== undefined) return known;
    const grammar = this.#library.getLanguage(language) as unknown as Grammar | undefined;
    if (grammar === undefined || grammar.__emitTokens) throw new Unusual();
    // The library compiles a grammar, in place, when it is first used. With a parser of its own it stops there, and does
    // not join all rules of the grammar into the expressions that are not needed here.
    grammar.__emitTokens = () => undefined;
    this.#library.highlight('', { language, ignoreIllegals: true });
    delete grammar.__emitTokens;
    if (grammar.matcher === undefined) throw new Unusual();
    this.#grammars.set(language, grammar);
    return grammar;
  }
}

interface Tools {
  grammarOf(name: string): Grammar | null;
  guess(code: string, subset: readonly string[]): { value: string; language: string | undefined };
  matcherOf(mode: Mode, flags: string): RuleMatcher;
  keywordsOf(mode: Mode, grammar: Grammar): KeywordFinder | null;
}

/** One run over one piece of code. */
class Painting {
  readonly #tools: Tools;
  readonly #code: string;
  readonly #grammar: Grammar;
  readonly #flags: string;
  readonly #out = new SpanEmitter();
  /** Where each language inside this one has stopped. */
  readonly #inside = new Map<string, Frame>();
  #top: Frame;
  #buffer = '';
  #isResuming = false;

  constructor(tools: Tools, input: { code: string; grammar: Grammar; from: Frame | null }) {
    this.#tools = tools;
    this.#code = input.code;
    this.#grammar = input.grammar;
    this.#flags = `m${input.grammar.case_insensitive ? 'i' : ''}${input.grammar.unicodeRegex ? 'u' : ''}`;
    this.#top = input.from ?? { mode: input.grammar, parent: null };
  }

  run(): { html: string; top: Frame } {
    const open: string[] = [];
    for (
      let frame: Frame | null = this.#top;
      frame !== null && frame.mode !== this.#grammar;
      frame = frame.parent
    )
      if (frame.mode.scope) open.unshift(frame.mode.scope);
    for (const scope of open) this.#out.startScope(scope);
    let index = 0;
    let last: RuleMatch | null = null;
    for (let rounds = 1; ; rounds += 1) {
      const matcher = this.#tools.matcherOf(this.#top.mode, this.#flags);
      if (this.#isResuming) this.#isResuming = false;
      else matcher.regexIndex = 0;
      const match = matcher.next(this.#code, index);
      if (match === null) break;
      if (rounds > 100_000 && rounds > match.index * 3) throw new Unusual();
      this.#buffer += this.#code.slice(index, match.index);
      index = match.index + this.#take(match, last, matcher);
      last = match;
    }
    this.#buffer += this.#code.slice(index);
    this.#flush();
    this.#out.finalize();
    return { html: this.#out.toHTML(), top: this.#top };
  }

  /** Returns how far to go on behind the beginning of the match. */
  #take(match: RuleMatch, last: RuleMatch | null, matcher: RuleMatcher): number {
    const { type } = match.rule.facts;
    const { text } = match;
    if (text === '' && type === 'end' && last?.rule.facts.type === 'begin' && last.index === match.index) {
      // A mode without content would be entered for ever.
      this.#buffer += this.#code.slice(match.index, match.index + 1);
      return 1;
    }
    if (type === 'begin') return this.#begin(match, matcher);
    if (type === 'end') {
      const length = this.#end(match);
      if (length !== null) return length;
    }
    if (type === 'illegal' && text === '') {
      if (match.index !== this.#code.length) this.#buffer += '\n';
      return 1;
    }
    this.#buffer += text;
    return text.length;
  }

  #begin(match: RuleMatch, matcher: RuleMatcher): number {
    const { text } = match;
    const mode = match.rule.facts.rule as Mode;
    for (const callback of [mode.__beforeBegin, mode['on:begin']]) {
      if (!callback || !this.#isRefused(callback, mode, match)) continue;
      if (matcher.regexIndex !== 0) {
        this.#isResuming = true;
        return 0;
      }
      if (text === '') throw new Unusual();
      this.#buffer += text.charAt(0);
      return 1;
    }
    if (mode.skip) this.#buffer += text;
    else {
      if (mode.excludeBegin) this.#buffer += text;
      this.#flush();
      if (!mode.returnBegin && !mode.excludeBegin) this.#buffer = text;
    }
    this.#enter(mode, match);
    return mode.returnBegin ? 0 : text.length;
  }

  #isRefused(callback: Callback, mode: Mode, match: RuleMatch): boolean {
    mode.data ??= {};
    const answer: Answer = {
      data: mode.data,
      isMatchIgnored: false,
      ignoreMatch() {
        this.isMatchIgnored = true;
      },
    };
    callback(groupsOf(match, this.#code), answer);
    return answer.isMatchIgnored;
  }

  #enter(mode: Mode, match: RuleMatch): void {
    if (mode.scope && typeof mode.scope === 'string') this.#out.startScope(this.#classOf(mode.scope));
    const { beginScope } = mode;
    if (beginScope?._wrap) {
      this.#word(this.#buffer, this.#classOf(beginScope._wrap));
      this.#buffer = '';
    } else if (beginScope?._multi) {
      this.#groups(beginScope, match);
      this.#buffer = '';
    }
    this.#top = { mode, parent: this.#top };
  }

  /** Null when the match ends nothing after all. */
  #end(match: RuleMatch): number | null {
    const ended = this.#ending(this.#top, match);
    if (ended === null) return null;
    const { mode: origin } = this.#top;
    const { endScope } = origin;
    if (endScope?._wrap) {
      this.#flush();
      this.#word(match.text, endScope._wrap);
    } else if (endScope?._multi) {
      this.#flush();
      this.#groups(endScope, match);
    } else if (origin.skip) this.#buffer += match.text;
    else {
      if (!origin.returnEnd && !origin.excludeEnd) this.#buffer += match.text;
      this.#flush();
      if (origin.excludeEnd) this.#buffer = match.text;
    }
    const outer = ended.parent;
    if (outer === null) throw new Unusual();
    for (let frame: Frame | null = this.#top; frame !== null && frame !== outer; frame = frame.parent)
      if (frame.mode.scope) this.#out.endScope();
    this.#top = outer;
    if (ended.mode.starts) this.#enter(ended.mode.starts, match);
    return origin.returnEnd ? 0 : match.text.length;
  }

  /** The outermost mode that ends here. */
  #ending(from: Frame, match: RuleMatch): Frame | null {
    for (let frame: Frame | null = from; frame !== null; frame = frame.parent) {
      const { mode } = frame;
      const refuse = mode['on:end'];
      if (
        mode.endRe &&
        matchesAt(mode.endRe, this.#code, match.index) &&
        !(refuse && this.#isRefused(refuse, mode, match))
      ) {
        let outermost = frame;
        while (outermost.mode.endsParent && outermost.parent) outermost = outermost.parent;
        return outermost;
      }
      if (!mode.endsWithParent) return null;
    }
    return null;
  }

  #flush(): void {
    const { subLanguage } = this.#top.mode;
    if (subLanguage === undefined || subLanguage === null) this.#keywords(this.#buffer);
    else if (this.#buffer !== '') this.#other(subLanguage);
    this.#buffer = '';
  }

  #other(language: string | readonly string[]): void {
    if (typeof language !== 'string') {
      const { value, language: name } = this.#tools.guess(this.#buffer, language);
      this.#out.addInside(value, name);
      return;
    }
    const grammar = this.#tools.grammarOf(language);
    if (grammar === null) {
      this.#out.addText(this.#buffer);
      return;
    }
    const from = this.#inside.get(language) ?? null;
    const { html, top } = new Painting(this.#tools, { code: this.#buffer, grammar, from }).run();
    this.#inside.set(language, top);
    this.#out.addInside(html, language);
  }

  #keywords(text: string): void {
    if (text === '') return;
    const finder = this.#tools.keywordsOf(this.#top.mode, this.#grammar);
    if (finder === null) {
      this.#out.addText(text);
      return;
    }
    let copied = 0;
    for (let found = finder.next(text, 0); found !== null; found = finder.next(text, found.end)) {
      this.#out.addText(text.slice(copied, found.start));
      this.#word(text.slice(found.start, found.end), this.#classOf(found.kind));
      copied = found.end;
    }
    this.#out.addText(text.slice(copied));
  }

  #groups(scope: Scope, match: RuleMatch): void {
    const groups = groupsOf(match, this.#code);
    for (let index = 1; index < groups.length; index += 1) {
      if (!scope._emit?.[index]) continue;
      const text: string | undefined = groups[index];
      if (text === undefined) throw new Unusual();
      const name = scope[index];
      const known = name === undefined ? undefined : this.#classOf(name);
      if (known) this.#word(text, known);
      else this.#keywords(text);
    }
  }

  #word(text: string, scope: string): void {
    if (text === '') return;
    this.#out.startScope(scope);
    this.#out.addText(text);
    this.#out.endScope();
  }

  #classOf(scope: string): string {
    return this.#grammar.classNameAliases[scope] || scope;
  }
}

const anchored = new WeakMap<RegExp, { readonly sticky: RegExp; readonly looksBack: boolean }>();

/** Whether a match begins at this place, as if the text began there; without looking at the rest for one that doesn't. */
function matchesAt(expression: RegExp, code: string, index: number): boolean {
  let known = anchored.get(expression);
  if (known === undefined) {
    known = {
      sticky: new RegExp(expression.source, `${expression.flags.replace('g', '')}y`),
      looksBack: /\^|\\b|\\B|\(\?</.test(expression.source),
    };
    anchored.set(expression, known);
  }
  const { sticky, looksBack } = known;
  sticky.lastIndex = looksBack ? 0 : index;
  return sticky.test(looksBack ? code.slice(index) : code);
}
