import { createRequire } from 'node:module';
import { decodeScriptEscapes } from './decoded-escapes.ts';
import { type MappedText, noteUrl, type Scan, sliceMapped } from './reference.ts';

export type ScriptKind = 'module' | 'classic' | 'unknown';

type Parse = typeof import('oxc-parser')['parseSync'];
let parseSync: Parse | null = null;

/** The parser is loaded for the first script that imports something: many sites have none, or none that changed. */
function parse(...input: Parameters<Parse>): ReturnType<Parse> {
  const require = createRequire(import.meta.url);
  parseSync ??= (require('oxc-parser') as typeof import('oxc-parser')).parseSync;
  return parseSync(...input);
}

const sourceTypes = { module: 'module', classic: 'script', unknown: 'unambiguous' } as const;

/**
 * Finds what a script loads by name: import, export from, import(), new URL(…, import.meta.url), import.meta.resolve(),
 * importScripts(), and the source map. Names that code puts together at run time are noted as prefixes.
 * Strings that merely look like paths stay untouched: the alias rule keeps those files reachable.
 */
export function scanScript(scan: Scan, source: MappedText, kind: ScriptKind): void {
  const { text } = source;
  if (/\bimport\b|\bexport\b/.test(text)) scanModuleSyntax(scan, source, kind);
  if (text.includes('importScripts')) scanImportScripts(scan, source);
  for (const call of text.matchAll(/serviceWorker\s*\.\s*register\s*\(\s*(["'`])([^"'`$\n]+)\1/g))
    scan.ownWorkers.push(call[2] ?? '');
  if (text.includes('sourceMappingURL')) scanSourceMapComment(scan, source);
  noteDynamicPrefixes(scan, text);
}

function scanModuleSyntax(scan: Scan, source: MappedText, kind: ScriptKind): void {
  const { text } = source;
  const parsed = parse('script.js', text, { sourceType: sourceTypes[kind] });
  const fatal = parsed.errors.find((error) => error.severity === 'Error');
  const found = parsed.module;
  // A broken script still gives the imports before the break; what was not found keeps its name.
  if (fatal !== undefined)
    scan.problems.push({ start: source.toRaw(fatal.labels[0]?.start ?? 0), text: fatal.message });
  const staticRequests = [
    ...found.staticImports.map((one) => one.moduleRequest),
    ...found.staticExports.flatMap((one) => one.entries.map((entry) => entry.moduleRequest)),
  ];
  // `export { a, b } from './x.js'` has one entry for each name, all with the same span.
  const seen = new Set<number>();
  for (const request of staticRequests) {
    if (request === null || request.end <= request.start || seen.has(request.start)) continue;
    seen.add(request.start);
    noteLiteral(scan, source, { start: request.start, end: request.end, via: 'import', specifier: true });
  }
  for (const one of found.dynamicImports) {
    const { start, end } = one.moduleRequest;
    noteLiteral(scan, source, { start, end, via: 'import()', specifier: true });
  }
  for (const meta of found.importMetas) noteImportMeta(scan, source, meta);
}

interface LiteralAt {
  readonly start: number;
  readonly end: number;
  readonly via: string;
  readonly specifier: boolean;
}

/** Notes the URL of a string or plain template literal; of a put-together expression only its beginning. */
function noteLiteral(scan: Scan, source: MappedText, at: LiteralAt): void {
  const raw = source.text.slice(at.start, at.end);
  const quote = raw.charAt(0);
  const plain = raw.length >= 2 && `"'\``.includes(quote) && endOfLiteral(raw) === raw.length - 1;
  if (plain && !(quote === '`' && raw.includes('${'))) {
    const literal = decodeScriptEscapes(sliceMapped(source, at.start + 1, at.end - 1));
    const directory = /(?:^|\/)\.{0,2}$/.test(literal.text);
    noteUrl(scan, {
      source: literal,
      start: 0,
      end: literal.text.length,
      strength: directory ? 'hint' : 'asset',
      via: at.via,
      specifier: at.specifier,
    });
    return;
  }
  const beginning = /^["'`]([^"'`$]*)/.exec(raw)?.[1];
  if (beginning !== undefined) notePrefix(scan, beginning);
}

function endOfLiteral(raw: string): number {
  const quote = raw.charAt(0);
  for (let at = 1; at < raw.length; at += 1) {
    const sign = raw.charAt(at);
    if (sign === '\\') at += 1;
    else if (sign === quote) return at;
  }
  return -1;
}

function noteImportMeta(scan: Scan, source: MappedText, meta: { start: number; end: number }): void {
  const { text } = source;
  const resolve = /^\s*\.\s*resolve\s*\(\s*(["'`])((?:(?!\1)[^\\\n])*)\1/.exec(
    text.slice(meta.end, meta.end + 2100),
  );
  if (resolve?.[2] !== undefined) {
    const end = meta.end + resolve[0].length;
    noteLiteral(scan, source, {
      start: end - resolve[2].length - 2,
      end,
      via: 'import.meta.resolve()',
      specifier: true,
    });
    return;
  }
  if (!/^\s*\.\s*url\b/.test(text.slice(meta.end, meta.end + 40))) return;
  const before = text.slice(Math.max(0, meta.start - 2100), meta.start);
  const literal =
    /\bnew\s+URL\s*\(\s*(?:\/\*[\s\S]*?\*\/\s*)*((["'`])(?:(?!\2)[^\\\n])*\2)\s*(?:\/\*[\s\S]*?\*\/\s*)*,\s*$/.exec(
      before,
    );
  if (literal?.[1] === undefined) {
    const partial = /\bnew\s+URL\s*\(\s*["'`]([^"'`$\n]*)(?:\$\{|["']\s*\+)[\s\S]{0,400}?,\s*$/.exec(
      before,
    )?.[1];
    if (partial !== undefined) notePrefix(scan, partial);
    return;
  }
  const start = meta.start - before.length + literal.index + literal[0].indexOf(literal[1]);
  noteLiteral(scan, source, { start, end: start + literal[1].length, via: 'new URL()', specifier: false });
}

function scanImportScripts(scan: Scan, source: MappedText): void {
  for (const call of source.text.matchAll(/\bimportScripts\s*\(([^)]*)\)/g)) {
    const listStart = call.index + call[0].length - 1 - (call[1] ?? '').length;
    for (const literal of (call[1] ?? '').matchAll(/(["'`])((?:(?!\1)[^\\\n$])*)\1/g)) {
      const start = listStart + literal.index + 1;
      noteUrl(scan, {
        source,
        start,
        end: start + (literal[2] ?? '').length,
        strength: 'hint',
        via: 'importScripts()',
      });
    }
  }
}

function scanSourceMapComment(scan: Scan, source: MappedText): void {
  const comments = [...source.text.matchAll(/^[ \t]*\/\/[#@]\s*sourceMappingURL=(\S+)[ \t]*$/gm)];
  const last = comments.at(-1);
  if (last?.[1] === undefined) return;
  const start = last.index + last[0].indexOf('=') + 1;
  noteUrl(scan, { source, start, end: start + last[1].length, strength: 'hint', via: 'sourceMappingURL' });
}

/** String beginnings that code completes: `'img/photo-' + n` and `${'`'}img/photo-${'$'}{n}`. Only those that name a folder or a file's start. */
function noteDynamicPrefixes(scan: Scan, text: string): void {
  if (!text.includes('/')) return;
  for (const match of text.matchAll(/(["'])([^"'\\\n<>]{1,200})\1\s*\+|`([^`\\\n<>$]{1,200})\$\{/g)) {
    notePrefix(scan, match[2] ?? match[3] ?? '');
  }
}

function notePrefix(scan: Scan, prefix: string): void {
  const cleaned = prefix.replace(/^(?:https?:)?\/\/[^/]*/, '').replace(/^(?:\.{0,2}\/)+/, '');
  // Bare words are messages far more often than paths; a slash somewhere in the original makes it a path.
  if (cleaned.length < 2 || !prefix.includes('/') || /\s/.test(cleaned)) return;
  if (!scan.dynamicPrefixes.includes(cleaned)) scan.dynamicPrefixes.push(cleaned);
}
