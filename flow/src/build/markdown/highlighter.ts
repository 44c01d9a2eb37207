import { createRequire } from 'node:module';
import type { HLJSApi, LanguageFn } from 'highlight.js';
import { packageVersion } from '../../core/versions.ts';
import { escapeHtml } from '../escape.ts';
import { CodePainter } from './code-painter.ts';
import { highlightLanguages } from './languages.ts';
import { SpanEmitter } from './span-emitter.ts';

/** Beyond this a block is shown without colours: some grammars take quadratic time. */
const MOST_CHARACTERS = 200_000;

/** Turns code into HTML; the same code and language always give the same HTML. */
export interface Highlighter {
  readonly version: string;
  /** HTML with highlight.js' classes, or the escaped text for a language that is unknown. */
  highlight(code: string, language: string): string;
}

/** A highlighter that loads highlight.js and its grammars when a block needs them. */
export function createHighlighter(): Highlighter {
  const require = createRequire(import.meta.url);
  const { nameOf, insideOf } = readLanguages();
  let lean: { library: HLJSApi; painter: CodePainter } | null = null;
  let whole: HLJSApi | null = null;
  const register = (library: HLJSApi, name: string): void => {
    if (library.getLanguage(name)) return;
    const grammar: LanguageFn = require(`highlight.js/lib/languages/${name}`);
    library.registerLanguage(name, grammar);
    for (const inside of insideOf.get(name) ?? []) register(library, inside);
  };
  const paint = (code: string, language: string): string => {
    const name = nameOf.get(language.toLowerCase());
    if (name === undefined) return escapeHtml(code);
    if (insideOf.get(name)?.includes('*')) {
      // It guesses among the languages that are there: the pages seen before must not decide which these are.
      whole ??= require('highlight.js') as HLJSApi;
      return whole.highlight(code, { language, ignoreIllegals: true }).value;
    }
    if (lean === null) {
      const library = newInstance(require('highlight.js/lib/core'));
      lean = { library, painter: new CodePainter(library) };
    }
    register(lean.library, name);
    return lean.painter.paint(code, name);
  };
  return {
    version: packageVersion('highlight.js'),
    highlight: (code, language) => (code.length > MOST_CHARACTERS ? escapeHtml(code) : paint(code, language)),
  };
}

function newInstance(core: HLJSApi): HLJSApi {
  const instance = core.newInstance();
  instance.configure({ __emitter: SpanEmitter });
  return instance;
}

/** The table as maps: any name → the language's own, and that → the languages inside it. */
export function readLanguages(): {
  nameOf: ReadonlyMap<string, string>;
  insideOf: ReadonlyMap<string, readonly string[]>;
} {
  const nameOf = new Map<string, string>();
  const insideOf = new Map<string, readonly string[]>();
  for (const line of highlightLanguages.trim().split('\n')) {
    const [names = '', inside = ''] = line.split(' > ');
    const [own = '', ...others] = names.split(' ');
    for (const name of [own, ...others]) nameOf.set(name, own);
    if (inside) insideOf.set(own, inside.split(' '));
  }
  return { nameOf, insideOf };
}
