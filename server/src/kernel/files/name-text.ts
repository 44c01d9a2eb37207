import { isUtf8 } from 'node:buffer';
import type { EntryName } from './descriptor.ts';

const firstEscape = 0xdc00;

/**
 * A name of a file as a text that tells its bytes exactly, also where they are not UTF-8: each byte that is not becomes
 * a lone surrogate, U+DC80 to U+DCFF (as PEP 383 has it). JSON carries such texts.
 */
export function nameText(name: EntryName): string {
  if (typeof name === 'string') return name;
  if (isUtf8(name)) return name.toString('utf8');
  let text = '';
  for (let at = 0; at < name.length; ) {
    const length = characterLength(name, at);
    text +=
      length === 0
        ? String.fromCharCode(firstEscape + (name[at] ?? 0))
        : name.toString('utf8', at, at + length);
    at += Math.max(length, 1);
  }
  return text;
}

/** Bytes of the character that begins here; 0 when none does. */
function characterLength(name: Buffer, at: number): number {
  for (let length = 1; length <= 4 && at + length <= name.length; length += 1)
    if (isUtf8(name.subarray(at, at + length))) return length;
  return 0;
}

/** The name that `nameText` told: a text where it is one, else its bytes. */
export function nameOfText(text: string): EntryName {
  if (text.isWellFormed()) return text;
  const parts: Buffer[] = [];
  for (const character of text) {
    const code = character.charCodeAt(0);
    const escaped = character.length === 1 && code >= firstEscape + 0x80 && code <= firstEscape + 0xff;
    parts.push(escaped ? Buffer.from([code - firstEscape]) : Buffer.from(character));
  }
  return Buffer.concat(parts);
}
