import { escapeRegex, matcherOf } from './ignore.ts';
import { sieveOf } from './needle.ts';
import { isBinary, type Part, type ProjectFile, ProjectWalk } from './project-files.ts';

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

/** What several threads share of one search: which part is next, and how many hits each part has brought. */
export interface Shares {
  readonly parts: readonly Part[];
  /** The first number is the next part, then one for each part: its hits, or -1 while it is not done. */
  readonly state: Int32Array;
}

export interface PartAnswer {
  readonly part: number;
  readonly hits: GrepHit[];
}

const partsOfProject = 64;

/** Takes a project apart for threads that search it together. */
export function shareOut({
  workspacePath,
  maxDepth,
}: Pick<GrepRequest, 'workspacePath' | 'maxDepth'>): Shares {
  using walk = new ProjectWalk(workspacePath, { maxDepth });
  const parts = walk.parts(partsOfProject);
  const state = new Int32Array(new SharedArrayBuffer((parts.length + 1) * Int32Array.BYTES_PER_ELEMENT));
  state.fill(-1, 1);
  return { parts, state };
}

/** Puts together what the threads have found, in the order of the files. */
export function joinAnswers(answers: readonly PartAnswer[], limit: number): GrepAnswer {
  const hits = answers.toSorted((a, b) => a.part - b.part).flatMap((answer) => answer.hits);
  return { hits: hits.slice(0, limit), truncated: hits.length > limit };
}

/** Looks through part after part of the files as they are, as long as there are some that no other thread has taken. */
export function grep({ shares, ...request }: GrepRequest & { readonly shares: Shares }): PartAnswer[] {
  const { parts, state } = shares;
  using walk = new ProjectWalk(request.workspacePath, request);
  const look = searcherOf(request, walk);
  const answers: PartAnswer[] = [];
  for (let number = Atomics.add(state, 0, 1); number < parts.length; number = Atomics.add(state, 0, 1)) {
    // Parts are taken in order: when those before have enough, nothing of the rest is shown.
    if (hitsBefore(state, number) > request.limit) break;
    const hits: GrepHit[] = [];
    const part = parts[number];
    if (part !== undefined) {
      walk.visit(part, (file) => {
        hits.push(...look(file, request.limit + 1 - hits.length));
        return hits.length <= request.limit;
      });
    }
    Atomics.store(state, number + 1, hits.length);
    answers.push({ part: number, hits });
  }
  return answers;
}

function hitsBefore(state: Int32Array, part: number): number {
  let sum = 0;
  for (let index = 1; index <= part; index += 1) sum += Math.max(0, Atomics.load(state, index));
  return sum;
}

function searcherOf(
  request: GrepRequest,
  walk: ProjectWalk,
): (file: ProjectFile, limit: number) => GrepHit[] {
  const pattern = patternOf(request);
  const included = request.include.length === 0 ? null : matcherOf(request.include);
  const excluded = request.exclude.length === 0 ? null : matcherOf(request.exclude);
  const sieve = sieveOf(request);
  return (file, limit) => {
    const { path } = file;
    if (included?.(path) === false || excluded?.(path) === true) return [];
    return (
      walk.use(file, fileBytes, (bytes, stats) => {
        if ((sieve !== null && !sieve(bytes)) || isBinary(bytes)) return [];
        const found = matchesIn(bytes.toString('utf8'), pattern, { ...request, limit });
        // A file with a second name may have it outside of the workspace.
        if (found.length === 0 || stats().nlink > 1) return [];
        return found.map((hit) => ({ path, ...hit }));
      }) ?? []
    );
  };
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
