import { decodeCssEscapes } from './decoded-escapes.ts';
import { type MappedText, noteUrl, type Scan, type Strength, sliceMapped } from './reference.ts';

/** Places where something can begin that matters: comments, strings, functions with URLs, rules with URLs, brackets. */
const marks =
  /\/\*|["']|@(?:import|namespace)(?![\w-])|(?<![\w\\-])(?:url|src|(?:-webkit-)?image-set)\(|\\[\s\S]|[()]/gi;

/**
 * Finds every URL of a style sheet: url(), src(), @import with a string, the strings of image-set(), and the source map.
 * A span tokenizer after CSS Syntax Level 3, 4.3: text inside comments and other strings is never taken for a URL.
 */
export function scanCss(scan: Scan, source: MappedText, strength: Strength = 'asset'): void {
  const { text } = source;
  const cursor = new RegExp(marks);
  const imageSetDepths: number[] = [];
  let depth = 0;
  let afterImport = false;
  let importEnd = 0;
  for (let match = cursor.exec(text); match !== null; match = cursor.exec(text)) {
    const mark = match[0].toLowerCase();
    const behind = match.index + mark.length;
    if (mark === '/*') {
      cursor.lastIndex = readComment(scan, source, { start: behind, strength });
      continue;
    }
    if (mark === '"' || mark === "'") {
      const end = stringEnd(text, behind, mark);
      // type("image/avif") inside image-set() stands one bracket deeper.
      const inImageSet = imageSetDepths.at(-1) === depth;
      const isImport = afterImport && onlySpace(text, importEnd, match.index);
      if (inImageSet || isImport) {
        noteCssUrl(scan, sliceMapped(source, behind, end), {
          strength,
          via: isImport ? '@import' : 'image-set()',
        });
      }
      afterImport = false;
      cursor.lastIndex = end + 1;
    } else if (mark.startsWith('@')) {
      // The URL of @namespace is a name and is never fetched.
      afterImport = mark === '@import';
      importEnd = behind;
      if (mark === '@namespace') cursor.lastIndex = endOfRule(text, behind);
    } else if (mark === 'url(' || mark === 'src(') {
      const end = readUrlFunction(scan, source, { start: behind, strength, isImport: afterImport });
      afterImport = false;
      cursor.lastIndex = end;
    } else if (mark.endsWith('image-set(')) {
      depth += 1;
      imageSetDepths.push(depth);
    } else if (mark === '(') {
      depth += 1;
    } else if (mark === ')') {
      if (imageSetDepths.at(-1) === depth) imageSetDepths.pop();
      depth = Math.max(0, depth - 1);
    }
  }
}

function readComment(scan: Scan, source: MappedText, at: { start: number; strength: Strength }): number {
  const close = source.text.indexOf('*/', at.start);
  const end = close === -1 ? source.text.length : close;
  const map = /^[#@]\s*sourceMappingURL=(\S+)\s*$/.exec(source.text.slice(at.start, end));
  if (map?.[1] !== undefined) {
    const start = at.start + map[0].indexOf('=') + 1;
    noteUrl(scan, { source, start, end: start + map[1].length, strength: 'hint', via: 'sourceMappingURL' });
  }
  return end + 2;
}

/** Reads behind `url(` and returns where to go on. */
function readUrlFunction(
  scan: Scan,
  source: MappedText,
  at: { start: number; strength: Strength; isImport: boolean },
): number {
  const { text } = source;
  let start = at.start;
  while (/\s/.test(text.charAt(start))) start += 1;
  const quote = text.charAt(start);
  const via = at.isImport ? '@import' : 'url()';
  if (quote === '"' || quote === "'") {
    const end = stringEnd(text, start + 1, quote);
    noteCssUrl(scan, sliceMapped(source, start + 1, end), { strength: at.strength, via });
    const close = text.indexOf(')', end);
    return close === -1 ? text.length : close + 1;
  }
  let end = start;
  while (end < text.length && text.charAt(end) !== ')') end += text.charAt(end) === '\\' ? 2 : 1;
  noteCssUrl(scan, sliceMapped(source, start, Math.min(end, text.length)), { strength: at.strength, via });
  return end + 1;
}

function noteCssUrl(scan: Scan, raw: MappedText, about: { strength: Strength; via: string }): void {
  const source = decodeCssEscapes(raw);
  noteUrl(scan, { source, start: 0, end: source.text.length, ...about });
}

/** The offset of the closing quote; an unescaped line break ends a bad string too. */
function stringEnd(text: string, from: number, quote: string): number {
  for (let at = from; at < text.length; at += 1) {
    const sign = text.charAt(at);
    if (sign === '\\') at += 1;
    else if (sign === quote || sign === '\n') return at;
  }
  return text.length;
}

function endOfRule(text: string, from: number): number {
  const end = text.indexOf(';', from);
  return end === -1 ? text.length : end + 1;
}

function onlySpace(text: string, from: number, to: number): boolean {
  return (
    text
      .slice(from, to)
      .replaceAll(/\/\*[\s\S]*?\*\//g, '')
      .trim() === ''
  );
}
