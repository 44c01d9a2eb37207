import { escapeRegex, matcherOf } from './ignore.ts';
import { isBinary, projectFiles } from './project-files.ts';

export interface GrepRequest {
  readonly workspacePath: string;
  readonly maxDepth: number;
  readonly query: string;
  readonly mode: 'exact' | 'regex';
  readonly caseSensitive: boolean;
  readonly wholeWord: boolean;
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly contextLines: number;
  /** Matching lines at most. */
  readonly limit: number;
}

export interface GrepLine {
  readonly line: number;
  readonly text: string;
  readonly ranges: [number, number][];
}

export interface GrepHit {
  readonly path: string;
  /** The matching line. */
  readonly line: number;
  /** With what stands around it. */
  readonly lines: GrepLine[];
}

export interface GrepAnswer {
  readonly hits: GrepHit[];
  readonly truncated: boolean;
}

const fileBytes = 8 * 1024 ** 2;
const shownCharacters = 400;
const rangesPerLine = 50;

/** The pattern of a request. @throws SyntaxError for a regular expression that is none */
export function patternOf({
  query,
  mode,
  caseSensitive,
  wholeWord,
}: Omit<GrepRequest, 'workspacePath'>): RegExp {
  const source = mode === 'exact' ? escapeRegex(query) : query;
  const word = '[\\p{L}\\p{N}_]';
  const bounded = wholeWord ? `(?<!${word})(?:${source})(?!${word})` : source;
  return new RegExp(bounded, caseSensitive ? 'gmu' : 'gimu');
}

/** Looks through the files as they are, in the order of their names. */
export async function grep(request: GrepRequest): Promise<GrepAnswer> {
  const pattern = patternOf(request);
  const included = request.include.length === 0 ? () => true : matcherOf(request.include);
  const excluded = matcherOf(request.exclude);
  const needle = byteNeedle(request);
  const hits: GrepHit[] = [];
  for await (const file of projectFiles(request.workspacePath, request)) {
    if (!included(file.path) || excluded(file.path)) continue;
    const bytes = file.read(fileBytes);
    if (bytes === null || (needle !== null && !bytes.includes(needle)) || isBinary(bytes)) continue;
    const left = request.limit - hits.length;
    const found = matchesIn(bytes.toString('utf8'), pattern, { ...request, limit: left + 1 });
    for (const hit of found.slice(0, left)) hits.push({ path: file.path, ...hit });
    if (found.length > left) return { hits, truncated: true };
  }
  return { hits, truncated: false };
}

/** Bytes that every match has, to pass over files without decoding them; null when only decoding can tell. */
function byteNeedle({ query, mode, caseSensitive }: GrepRequest): Buffer | null {
  if (mode === 'exact' && (caseSensitive || !/\p{L}/u.test(query))) return Buffer.from(query, 'utf8');
  return null;
}

/** The lines of a text that match, each once, with their context. */
export function matchesIn(
  text: string,
  pattern: RegExp,
  options: { readonly contextLines: number; readonly limit: number },
): Omit<GrepHit, 'path'>[] {
  pattern.lastIndex = 0;
  let match = pattern.exec(text);
  if (match === null) return [];
  const starts = lineStarts(text);
  const byLine = new Map<number, [number, number][]>();
  while (match !== null) {
    const line = lineAt(starts, match.index);
    const ranges = byLine.get(line) ?? [];
    if (!byLine.has(line)) {
      if (byLine.size >= options.limit) break;
      byLine.set(line, ranges);
    }
    const start = match.index - (starts[line] ?? 0);
    if (ranges.length < rangesPerLine) ranges.push([start, start + match[0].length]);
    // An empty match goes nowhere by itself.
    if (match[0] === '') pattern.lastIndex += 1;
    match = pattern.exec(text);
  }
  const show = (line: number) => shownLine(lineText(text, starts, line), byLine.get(line) ?? [], line + 1);
  return [...byLine.keys()].map((line) => {
    const from = Math.max(0, line - options.contextLines);
    const to = Math.min(starts.length - 1, line + options.contextLines);
    return { line: line + 1, lines: Array.from({ length: to - from + 1 }, (_, index) => show(from + index)) };
  });
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  if (starts.length > 1 && starts.at(-1) === text.length) starts.pop();
  return starts;
}

function lineAt(starts: readonly number[], offset: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

function lineText(text: string, starts: readonly number[], line: number): string {
  const next = starts[line + 1];
  return text.slice(starts[line], next === undefined ? undefined : next - 1).replace(/\r?\n?$/, '');
}

/** A minified file has lines of megabytes: what is shown is the part around the first match. */
function shownLine(text: string, ranges: readonly [number, number][], line: number): GrepLine {
  const first = ranges[0]?.[0] ?? 0;
  const from =
    text.length <= shownCharacters ? 0 : Math.max(0, Math.min(first - 100, text.length - shownCharacters));
  const shown = text.slice(from, from + shownCharacters);
  const visible = ranges
    .map(([start, end]) => [start - from, Math.min(end - from, shown.length)] as [number, number])
    .filter(([start]) => start < shown.length);
  return { line, text: shown, ranges: visible };
}
