import type { MappedText } from './reference.ts';

interface Escape {
  /** Length of the escape in the source, the backslash included. */
  readonly length: number;
  readonly decoded: string;
}

/**
 * Decodes the backslash escapes of JavaScript and JSON strings (ECMA-262, 12.9.4) and maps offsets back,
 * because JSON-LD is commonly written with `\/` and minifiers write `\u002e`.
 */
export function decodeScriptEscapes(source: MappedText): MappedText {
  return decodeEscapes(source, readScriptEscape);
}

/** Decodes CSS escapes: one to six hex digits and one optional space, or any other character. CSS Syntax Level 3, 4.3.7. */
export function decodeCssEscapes(source: MappedText): MappedText {
  return decodeEscapes(source, readCssEscape);
}

function decodeEscapes(source: MappedText, read: (text: string, at: number) => Escape): MappedText {
  if (!source.text.includes('\\')) return source;
  const raw: number[] = [];
  let text = '';
  for (let at = 0; at < source.text.length; ) {
    if (source.text.charCodeAt(at) !== 0x5c) {
      raw.push(at);
      text += source.text.charAt(at);
      at += 1;
      continue;
    }
    const { length, decoded } = read(source.text, at);
    for (let unit = 0; unit < decoded.length; unit += 1) raw.push(at);
    text += decoded;
    at += length;
  }
  raw.push(source.text.length);
  return { text, toRaw: (offset) => source.toRaw(raw[offset] ?? source.text.length) };
}

const simpleEscapes: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  b: '\b',
  f: '\f',
  v: '\v',
  '0': '\0',
};

function readScriptEscape(text: string, at: number): Escape {
  const rest = text.slice(at + 1, at + 12);
  const hex = /^(?:u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2}))/.exec(rest);
  if (hex !== null)
    return { length: 1 + hex[0].length, decoded: codePoint(hex[1] ?? hex[2] ?? hex[3] ?? '') };
  if (rest.startsWith('\r\n')) return { length: 3, decoded: '' };
  if (rest.startsWith('\n')) return { length: 2, decoded: '' };
  const letter = rest.charAt(0);
  return { length: 1 + letter.length, decoded: simpleEscapes[letter] ?? letter };
}

function readCssEscape(text: string, at: number): Escape {
  const rest = text.slice(at + 1, at + 9);
  const hex = /^([0-9a-fA-F]{1,6})(?:\r\n|[\t\n\f\r ])?/.exec(rest);
  if (hex !== null) return { length: 1 + hex[0].length, decoded: codePoint(hex[1] ?? '') };
  const letter = rest.charAt(0);
  return { length: 1 + letter.length, decoded: letter === '\n' ? '' : letter };
}

function codePoint(digits: string): string {
  const value = Number.parseInt(digits, 16);
  return value === 0 || value > 0x10ffff ? '\ufffd' : String.fromCodePoint(value);
}
