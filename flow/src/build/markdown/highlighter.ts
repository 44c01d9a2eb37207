import { createRequire } from 'node:module';
import type { HLJSApi, LanguageFn } from 'highlight.js';
import { escapeHtml } from '../escape.ts';

/**
 * The usual languages with their other names and the languages that may stand inside them. Only these are loaded, when a
 * block first asks for one: the whole library costs more than most sites' pages.
 */
const LANGUAGES: Readonly<Record<string, { names: string; inside?: readonly string[] }>> = {
  bash: { names: 'bash sh zsh' },
  c: { names: 'c h' },
  cpp: { names: 'cpp cc c++ h++ hpp hh hxx cxx' },
  csharp: { names: 'csharp cs c#' },
  css: { names: 'css' },
  diff: { names: 'diff patch' },
  dockerfile: { names: 'dockerfile docker', inside: ['bash'] },
  go: { names: 'go golang' },
  graphql: { names: 'graphql gql' },
  ini: { names: 'ini toml' },
  java: { names: 'java jsp' },
  javascript: { names: 'javascript js jsx mjs cjs', inside: ['xml', 'css', 'graphql'] },
  json: { names: 'json jsonc json5' },
  kotlin: { names: 'kotlin kt kts ktm ktx' },
  less: { names: 'less' },
  lua: { names: 'lua pluto' },
  makefile: { names: 'makefile mk mak make' },
  markdown: { names: 'markdown md mkdown mkd', inside: ['xml'] },
  nginx: { names: 'nginx nginxconf' },
  php: { names: 'php' },
  plaintext: { names: 'plaintext text txt' },
  powershell: { names: 'powershell pwsh ps ps1' },
  python: { names: 'python py gyp ipython' },
  ruby: { names: 'ruby rb gemspec podspec thor irb' },
  rust: { names: 'rust rs' },
  scss: { names: 'scss' },
  shell: { names: 'shell console shellsession', inside: ['bash'] },
  sql: { names: 'sql' },
  swift: { names: 'swift' },
  typescript: { names: 'typescript ts tsx mts cts', inside: ['xml', 'css', 'graphql'] },
  xml: { names: 'xml html xhtml rss atom xjb xsd xsl plist wsf svg', inside: ['css', 'javascript'] },
  yaml: { names: 'yaml yml', inside: ['ruby'] },
};

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
  const nameOf = new Map(
    Object.entries(LANGUAGES).flatMap(([name, { names }]) =>
      names.split(' ').map((one) => [one, name] as const),
    ),
  );
  let lean: HLJSApi | null = null;
  let whole: HLJSApi | null = null;
  const register = (library: HLJSApi, name: string): void => {
    if (library.getLanguage(name)) return;
    const grammar: LanguageFn = require(`highlight.js/lib/languages/${name}`);
    library.registerLanguage(name, grammar);
    for (const inside of LANGUAGES[name]?.inside ?? []) register(library, inside);
  };
  const libraryFor = (language: string): HLJSApi | null => {
    const name = nameOf.get(language);
    if (name === undefined) {
      // An instance of its own: which grammars are there must not depend on the pages seen before.
      whole ??= require('highlight.js') as HLJSApi;
      return whole.getLanguage(language) ? whole : null;
    }
    lean ??= (require('highlight.js/lib/core') as HLJSApi).newInstance();
    register(lean, name);
    return lean;
  };
  return {
    version: versionOf(require),
    highlight: (code, language) => {
      const library = code.length > MOST_CHARACTERS ? null : libraryFor(language.toLowerCase());
      return library === null
        ? escapeHtml(code)
        : library.highlight(code, { language, ignoreIllegals: true }).value;
    },
  };
}

function versionOf(require: NodeJS.Require): string {
  const description: { version?: unknown } = require('highlight.js/package.json');
  return String(description.version);
}
