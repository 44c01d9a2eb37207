import type { Piece } from '../../ui/code/pieces.ts';
import type { ProposedFile } from './agent-queries.ts';

export type Region = ProposedFile['regions'][number];

export type DiffRow =
  | { readonly kind: 'change'; readonly region: Region }
  | {
      readonly kind: 'same' | 'removed' | 'added';
      readonly before: number | undefined;
      readonly after: number | undefined;
      /** Of `removed` and `added`: the change it belongs to. */
      readonly number: number | undefined;
      /** The part that differs from its counterpart, in characters. */
      readonly span: readonly [from: number, to: number] | undefined;
    }
  | { readonly kind: 'gap'; readonly after: number; readonly before: number; readonly lines: number };

const contextLines = 3;
/** Shorter gaps are shown: a button would take as much room. */
const leastGap = 4;

/** Lines as an editor counts them: a last line break begins no further line. */
export function splitLines(text: string): string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/** The rows of a diff with three lines around each change; `open` are gaps that somebody has unfolded. */
export function rowsOf(file: ProposedFile, open: ReadonlySet<number>): DiffRow[] {
  const before = splitLines(file.before ?? '');
  const after = splitLines(file.after ?? '');
  const rows: DiffRow[] = [];
  let [x, y] = [1, 1];

  function same(until: number, place: 'start' | 'middle' | 'end'): void {
    const count = until - y;
    const head = place === 'start' ? 0 : contextLines;
    const tail = place === 'end' ? 0 : contextLines;
    const hidden = count - head - tail;
    const line = () => {
      rows.push({ kind: 'same', before: x, after: y, number: undefined, span: undefined });
      x += 1;
      y += 1;
    };
    if (hidden < leastGap || open.has(y + head)) {
      while (y < until) line();
      return;
    }
    for (let index = 0; index < head; index += 1) line();
    rows.push({ kind: 'gap', after: y, before: x, lines: hidden });
    x += hidden;
    y += hidden;
    while (y < until) line();
  }

  for (const [index, region] of file.regions.entries()) {
    same(region.afterLine, index === 0 ? 'start' : 'middle');
    rows.push({ kind: 'change', region });
    const { number, removedLines, addedLines } = region;
    const paired = removedLines === addedLines;
    for (let line = 0; line < removedLines; line += 1, x += 1) {
      const [gone] = paired ? spansOf(before[x - 1] ?? '', after[y + line - 1] ?? '') : [undefined];
      rows.push({ kind: 'removed', before: x, after: undefined, number, span: gone });
    }
    const from = x - removedLines;
    for (let line = 0; line < addedLines; line += 1, y += 1) {
      const [, come] = paired
        ? spansOf(before[from + line - 1] ?? '', after[y - 1] ?? '')
        : [undefined, undefined];
      rows.push({ kind: 'added', before: undefined, after: y, number, span: come });
    }
  }
  if (file.regions.length > 0) same(after.length + 1, 'end');
  return rows;
}

type Span = readonly [from: number, to: number];

/** The middles of two lines between a common beginning and a common end; undefined where little is common. */
function spansOf(before: string, after: string): readonly [Span | undefined, Span | undefined] {
  let start = 0;
  const most = Math.min(before.length, after.length);
  while (start < most && before[start] === after[start]) start += 1;
  let end = 0;
  while (end < most - start && before.at(-1 - end) === after.at(-1 - end)) end += 1;
  const common = before.slice(0, start).trim().length + before.slice(before.length - end).trim().length;
  if (common < 3) return [undefined, undefined];
  const span = (text: string): Span | undefined =>
    text.length - end > start ? [start, text.length - end] : undefined;
  return [span(before), span(after)];
}

/** The pieces of a line with what differs set apart. */
export function markPieces(
  pieces: readonly Piece[],
  span: Span | undefined,
): { readonly piece: Piece; readonly marked: boolean }[] {
  if (span === undefined) return pieces.map((piece) => ({ piece, marked: false }));
  const parts: { piece: Piece; marked: boolean }[] = [];
  let at = 0;
  for (const { text, classes } of pieces) {
    const cuts = [0, span[0] - at, span[1] - at, text.length].map((cut) =>
      Math.min(text.length, Math.max(0, cut)),
    );
    for (let index = 0; index < 3; index += 1) {
      const part = text.slice(cuts[index], cuts[index + 1]);
      if (part !== '') parts.push({ piece: { text: part, classes }, marked: index === 1 });
    }
    at += text.length;
  }
  return parts;
}

/** A unified diff, as a list of a change shows it: signs and texts. */
export function unifiedRows(diff: string): { readonly sign: '+' | '-' | ' ' | '@'; readonly text: string }[] {
  return splitLines(diff)
    .filter((line) => !line.startsWith('\\'))
    .map((line) => {
      const sign = line[0];
      return sign === '+' || sign === '-' || sign === '@'
        ? { sign, text: line.slice(1) }
        : { sign: ' ' as const, text: line.slice(1) };
    });
}
