import { createRequire } from 'node:module';
import { type MappedText, plainText } from './reference.ts';

export type EntityRules = 'attribute' | 'text' | 'xml';

type Decode = (text: string) => string;
let loaded: Readonly<Record<EntityRules, Decode>> | null = null;

/** The tables of names are loaded for the first character reference. */
function decoders(): Readonly<Record<EntityRules, Decode>> {
  if (loaded === null) {
    const require = createRequire(import.meta.url);
    const { decodeHTML, decodeHTMLAttribute, decodeXML } = require('entities') as typeof import('entities');
    loaded = { attribute: decodeHTMLAttribute, text: decodeHTML, xml: decodeXML };
  }
  return loaded;
}

/**
 * Decodes character references and remembers where each decoded unit came from, so that a URL found in an entity-encoded
 * style or srcdoc attribute is rewritten in the file's own encoding. HTML Living Standard, 13.2.5.72-80.
 */
export function decodeMapped(source: MappedText, rules: EntityRules): MappedText {
  if (!source.text.includes('&')) return source;
  const decode = decoders()[rules];
  const pattern = /&(?:#[xX]?[0-9a-fA-F]+|[a-zA-Z][a-zA-Z0-9]*);?/g;
  let text = '';
  let copied = 0;
  const decodedStarts: number[] = [0];
  const sourceStarts: number[] = [0];
  for (const match of source.text.matchAll(pattern)) {
    const end = match.index + match[0].length;
    // What follows decides whether a reference without a semicolon counts in an attribute.
    const next = source.text.charAt(end);
    const decodedWithNext = decode(match[0] + next);
    const decoded = next === '' ? decodedWithNext : decodedWithNext.slice(0, -next.length);
    if (decoded === match[0]) continue;
    text += source.text.slice(copied, match.index) + decoded;
    copied = end;
    decodedStarts.push(text.length - decoded.length, text.length);
    sourceStarts.push(match.index, end);
  }
  if (copied === 0) return source;
  text += source.text.slice(copied);
  return {
    text,
    toRaw: (offset) => {
      const index = lastAtMost(decodedStarts, offset);
      const segmentStart = decodedStarts[index] ?? 0;
      const sourceStart = sourceStarts[index] ?? 0;
      // Odd entries are the decoded references themselves: any offset inside one maps to its beginning.
      return source.toRaw(index % 2 === 1 ? sourceStart : sourceStart + (offset - segmentStart));
    },
  };
}

function lastAtMost(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((sorted[middle] ?? 0) <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Decodes an attribute value that stands at `rawStart` in the file. */
export function decodeAttribute(value: string, rawStart: number, source: MappedText | null): MappedText {
  const plain = plainText(value, rawStart);
  const mapped =
    source === null ? plain : { text: value, toRaw: (offset: number) => source.toRaw(rawStart + offset) };
  return decodeMapped(mapped, 'attribute');
}
