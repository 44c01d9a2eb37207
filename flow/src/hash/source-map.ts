import type { Edit } from './edits.ts';
import { jsonStrings } from './json-strings.ts';
import { plainText } from './reference.ts';

const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const valueOf = new Map([...digits].map((digit, value) => [digit, value]));

/** Characters that were inserted into a line of a script or style sheet; line and column count from 0. */
export interface Insertion {
  readonly line: number;
  readonly column: number;
  readonly length: number;
}

/**
 * Moves the columns of a source map behind what was inserted into its script, so that debuggers still point at the right
 * words. Only the touched lines are coded anew. ECMA-426, 9.2 (mappings, Base64 VLQ). Index maps are left as they are.
 */
export function shiftMappings(mapText: string, insertions: readonly Insertion[]): Edit[] {
  if (insertions.length === 0) return [];
  const edits: Edit[] = [];
  jsonStrings(plainText(mapText, 0), (found) => {
    if (found.isKey || found.path.length !== 1 || found.path[0] !== 'mappings') return;
    const content = found.content();
    const start = content.toRaw(0);
    edits.push({ start, end: start + content.text.length, text: shift(content.text, insertions) });
  });
  return edits;
}

function shift(mappings: string, insertions: readonly Insertion[]): string {
  const lines = mappings.split(';');
  for (const [line, group] of Map.groupBy(insertions, (one) => one.line)) {
    const text = lines[line];
    if (text !== undefined && text !== '') lines[line] = shiftLine(text, group);
  }
  return lines.join(';');
}

function shiftLine(text: string, insertions: readonly Insertion[]): string {
  let column = 0;
  let written = 0;
  return text
    .split(',')
    .map((segment) => {
      const first = readValue(segment);
      column += first.value;
      const moved = insertions.reduce((sum, one) => (one.column <= column ? sum + one.length : sum), column);
      const delta = moved - written;
      written = moved;
      return writeValue(delta) + segment.slice(first.length);
    })
    .join(',');
}

function readValue(segment: string): { value: number; length: number } {
  let value = 0;
  let factor = 1;
  for (let at = 0; at < segment.length; at += 1) {
    const digit = valueOf.get(segment.charAt(at)) ?? 0;
    value += (digit & 31) * factor;
    factor *= 32;
    if (digit < 32) return { value: value % 2 === 1 ? -(value - 1) / 2 : value / 2, length: at + 1 };
  }
  return { value: 0, length: segment.length };
}

function writeValue(value: number): string {
  let rest = value < 0 ? -value * 2 + 1 : value * 2;
  let text = '';
  do {
    const digit = rest % 32;
    rest = Math.floor(rest / 32);
    text += digits.charAt(rest > 0 ? digit + 32 : digit);
  } while (rest > 0);
  return text;
}

/** Where edits that only insert stand in a text, in lines and columns from 0. Sorted by offset. */
export function insertionsOf(text: string, edits: readonly Edit[]): Insertion[] {
  const sorted = edits.filter((edit) => edit.start === edit.end).sort((a, b) => a.start - b.start);
  let line = 0;
  let lineStart = 0;
  return sorted.map((edit) => {
    for (
      let next = text.indexOf('\n', lineStart);
      next !== -1 && next < edit.start;
      next = text.indexOf('\n', lineStart)
    ) {
      line += 1;
      lineStart = next + 1;
    }
    return { line, column: edit.start - lineStart, length: edit.text.length };
  });
}
