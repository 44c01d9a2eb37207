import type { Result } from '../../rpc/contracts.ts';

export type SearchAnswer = Result<'search.code'>;
type FoundLine = SearchAnswer['results'][number]['lines'][number];

/** One line to go to. */
export interface Hit {
  readonly line: number;
  readonly text: string;
  readonly ranges: readonly (readonly [number, number])[];
  /** The definition that it belongs to. */
  readonly symbol: string | null;
}

export interface FileHits {
  readonly path: string;
  readonly hits: readonly Hit[];
}

/**
 * Results by file, files in the order of the answer (the best first), lines in the order of the file. Of a result that
 * holds no match, which was found by its words or meaning, the first line that says something stands for all.
 */
export function groupHits(results: SearchAnswer['results']): FileHits[] {
  const files = new Map<string, Map<number, Hit>>();
  for (const { path, startLine, symbol, lines } of results) {
    const hits = files.get(path) ?? new Map<number, Hit>();
    files.set(path, hits);
    const matching = lines.filter(({ ranges }) => ranges.length > 0);
    const speaking = lines.find(({ text }) => text.trim() !== '') ?? {
      line: startLine,
      text: '',
      ranges: [],
    };
    for (const line of matching.length > 0 ? matching : [speaking]) {
      if ((hits.get(line.line)?.ranges.length ?? 0) > 0) continue;
      hits.set(line.line, { ...line, symbol });
    }
  }
  return [...files].map(([path, hits]) => ({
    path,
    hits: [...hits.values()].sort((one, other) => one.line - other.line),
  }));
}

export interface Piece {
  readonly text: string;
  readonly isMatch: boolean;
}

const shownBefore = 24;
const shownCharacters = 220;

/**
 * What of a line a narrow list shows: from its first word, or from shortly before a match that stands far inside, so
 * that the match is seen. Ranges may overlap or reach past the text, as those of a match over several lines do.
 */
export function piecesOf({ text, ranges }: Pick<FoundLine, 'text'> & Pick<Hit, 'ranges'>): Piece[] {
  const indent = text.length - text.trimStart().length;
  const first = ranges[0]?.[0] ?? 0;
  const isFarInside = first - indent > shownBefore * 2;
  const from = isFarInside ? first - shownBefore : Math.min(indent, first);
  const to = Math.min(text.length, from + shownCharacters);
  const pieces: Piece[] = isFarInside ? [{ text: '…', isMatch: false }] : [];
  let at = from;
  for (const [start, end] of [...ranges].sort((one, other) => one[0] - other[0])) {
    const matchStart = Math.max(at, Math.min(start, to));
    const matchEnd = Math.min(end, to);
    if (matchEnd <= matchStart) continue;
    if (matchStart > at) pieces.push({ text: text.slice(at, matchStart), isMatch: false });
    pieces.push({ text: text.slice(matchStart, matchEnd), isMatch: true });
    at = matchEnd;
  }
  if (at < to) pieces.push({ text: text.slice(at, to), isMatch: false });
  return pieces;
}

/** One row of the list, in the order in which arrow keys walk it. */
export type Row =
  | { readonly key: string; readonly path: string }
  | { readonly key: string; readonly path: string; readonly hit: Hit };

/** The rows that show: a head for each file, and its lines where it is open. */
export function rowsOf(files: readonly FileHits[], closed: ReadonlySet<string>): Row[] {
  return files.flatMap(({ path, hits }) => [
    { key: path, path },
    ...(closed.has(path) ? [] : hits.map((hit) => ({ key: `${path}:${hit.line}`, path, hit }))),
  ]);
}
