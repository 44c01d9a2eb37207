import { applyEdits, type Edit } from './edits.ts';
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
 * words. Only the touched lines are coded anew. ECMA-426, 9.2 (mappings, Base64 VLQ) and 10 (index maps: each section begins
 * at an offset, and its first line counts from there).
 */
export function shiftMappings(mapText: string, insertions: readonly Insertion[]): Edit[] {
  if (insertions.length === 0) return [];
  const edits: Edit[] = [];
  const offsets = sectionOffsets(mapText);
  let section = 0;
  jsonStrings(plainText(mapText, 0), (found) => {
    if (found.isKey || found.path.at(-1) !== 'mappings') return;
    const place = found.path.join('.');
    const offset = place === 'mappings' ? ORIGIN : offsets[section];
    if (place !== 'mappings' && place !== 'sections.*.map.mappings') return;
    section += 1;
    if (offset === undefined) return;
    const content = found.content();
    const start = content.toRaw(0);
    const inner = insideSection(insertions, offset);
    if (inner.length > 0)
      edits.push({ start, end: start + content.text.length, text: shift(content.text, inner) });
  });
  // A map whose sections and offsets can't be told apart is left as it is.
  if (offsets.length > 0 && offsets.length !== section) return [];
  return [...edits, ...offsets.flatMap((offset) => shiftOffset(offset, insertions))];
}

interface SectionOffset {
  readonly line: number;
  readonly column: number;
  /** Where the number of the column stands in the map. */
  readonly start: number;
  readonly end: number;
}

const ORIGIN: SectionOffset = { line: 0, column: 0, start: 0, end: 0 };

/** The offsets of an index map. A quote inside a string has a backslash before it, so no source text is taken for a key. */
function sectionOffsets(mapText: string): SectionOffset[] {
  if (!/(?<!\\)"sections"\s*:/.test(mapText)) return [];
  return [...mapText.matchAll(/(?<!\\)"offset"\s*:\s*\{([^{}]*)\}/g)].map((match) => {
    const body = match[1] ?? '';
    const column = /"column"\s*:\s*(\d+)/.exec(body);
    const bodyStart = match.index + match[0].length - 1 - body.length;
    const end = bodyStart + (column === null ? 0 : column.index + column[0].length);
    const digits = column?.[1] ?? '';
    return {
      line: Number(/"line"\s*:\s*(\d+)/.exec(body)?.[1] ?? 0),
      column: Number(digits),
      start: end - digits.length,
      end,
    };
  });
}

/** What was inserted behind the beginning of a section, counted from there. */
function insideSection(insertions: readonly Insertion[], offset: SectionOffset): Insertion[] {
  return insertions.flatMap((one) => {
    const line = one.line - offset.line;
    if (line < 0) return [];
    if (line > 0 || offset === ORIGIN) return [{ ...one, line }];
    return one.column > offset.column ? [{ ...one, line, column: one.column - offset.column }] : [];
  });
}

function shiftOffset(offset: SectionOffset, insertions: readonly Insertion[]): Edit[] {
  const moved = insertions
    .filter((one) => one.line === offset.line && one.column <= offset.column)
    .reduce((sum, one) => sum + one.length, offset.column);
  return moved === offset.column ? [] : [{ start: offset.start, end: offset.end, text: String(moved) }];
}

const inlineMap =
  /(?<=[#@][ \t]*sourceMappingURL=data:application\/json(?:;charset=[\w-]+)?;base64,)[A-Za-z0-9+/]+=*/g;

/** The same for a map that stands in the file itself, as a data: URL. `edits` are what changes in the text before it. */
export function shiftInlineMap(text: string, edits: readonly Edit[]): Edit[] {
  if (edits.length === 0 || !text.includes('sourceMappingURL=data:')) return [];
  const last = [...text.matchAll(inlineMap)].at(-1);
  if (last === undefined) return [];
  const map = Buffer.from(last[0], 'base64').toString('utf8');
  const shifted = applyEdits(map, shiftMappings(map, insertionsOf(text, edits)));
  if (shifted === map) return [];
  const code = Buffer.from(shifted).toString('base64');
  return [{ start: last.index, end: last.index + last[0].length, text: code }];
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
