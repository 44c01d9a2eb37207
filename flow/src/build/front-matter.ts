import { createRequire } from 'node:module';
import { FlowFault } from '../core/fault.ts';

/** The settings at the head of a page or layout, and the text below them. */
export interface FrontMatter {
  readonly data: Readonly<Record<string, unknown>>;
  readonly body: string;
  /** Lines above the body, so that places in it can be told. */
  readonly bodyLine: number;
  /** The line of each top-level key, from 1. */
  readonly lines: Readonly<Record<string, number>>;
  /** False when the file has no head at all. */
  readonly present: boolean;
}

const OPEN = /^---[ \t]*(?:\r\n|\n)/;
const CLOSE = /^(?:---|\.\.\.)[ \t]*$/;
const MOST_CHARACTERS = 64 * 1024;

/**
 * Reads YAML front matter: a first line `---`, settings, a line `---`. A text that doesn't begin so has none.
 * @throws build.front_matter with the line and column of the error
 */
export function readFrontMatter(file: string, text: string): FrontMatter {
  const open = OPEN.exec(text);
  if (open === null) return { data: {}, body: text, bodyLine: 0, lines: {}, present: false };
  const close = findClose(text, open[0].length);
  if (close === null) {
    throw frontMatterFault({
      file,
      line: 1,
      column: 1,
      reason: { en: 'the closing line "---" is missing', de: 'die schließende Zeile "---" fehlt' },
    });
  }
  const yaml = text.slice(open[0].length, close.start);
  if (yaml.length > MOST_CHARACTERS) {
    throw frontMatterFault({
      file,
      line: 1,
      column: 1,
      reason: {
        en: `it is longer than ${MOST_CHARACTERS} characters`,
        de: `er ist länger als ${MOST_CHARACTERS} Zeichen`,
      },
    });
  }
  return { ...parseYaml(file, yaml), body: text.slice(close.end), bodyLine: close.line, present: true };
}

function findClose(text: string, from: number): { start: number; end: number; line: number } | null {
  let line = 1;
  for (let start = from; start < text.length; ) {
    const next = text.indexOf('\n', start);
    const end = next === -1 ? text.length : next + 1;
    line += 1;
    if (CLOSE.test(text.slice(start, end).replace(/\r?\n$/, ''))) return { start, end, line };
    start = end;
  }
  return null;
}

const SIMPLE_LINE =
  /^([A-Za-z_][\w-]*):[ \t]+(?:"([^"\\]*)"|'([^'\\]*)'|(\d{4}-\d\d-\d\d)|([A-Za-z][A-Za-z0-9 _.,()/+-]*))[ \t]*\r?$/;
/** Plain words that YAML's core schema reads as something else than a text. */
const NOT_TEXT = /^(?:true|false|null|True|False|Null|TRUE|FALSE|NULL)$/;

/**
 * Most front matter is a few lines of `name: text`, and a whole YAML parser costs more than the page below. Null for
 * anything that is not exactly that; a test compares the two.
 */
export function readSimpleYaml(yaml: string): Pick<FrontMatter, 'data' | 'lines'> | null {
  const data: Record<string, unknown> = {};
  const lines: Record<string, number> = {};
  const all = yaml.split('\n');
  if (all.at(-1) === '') all.pop();
  for (const [index, line] of all.entries()) {
    const match = SIMPLE_LINE.exec(line);
    const key = match?.[1] ?? '';
    const plain = match?.[5]?.trimEnd();
    if (
      !match ||
      key === '__proto__' ||
      Object.hasOwn(data, key) ||
      (plain !== undefined && NOT_TEXT.test(plain))
    )
      return null;
    data[key] = match[2] ?? match[3] ?? match[4] ?? plain;
    lines[key] = index + 2;
  }
  return { data: Object.fromEntries(Object.entries(data)), lines };
}

function parseYaml(file: string, yaml: string): Pick<FrontMatter, 'data' | 'lines'> {
  const simple = readSimpleYaml(yaml);
  if (simple) return simple;
  const { isMap, LineCounter, parseDocument } = loadYaml();
  const counter = new LineCounter();
  const document = parseDocument(yaml, { lineCounter: counter, prettyErrors: false });
  const [error] = document.errors;
  if (error) {
    const { line, col } = counter.linePos(error.pos[0]);
    throw frontMatterFault({
      file,
      line: line + 1,
      column: col,
      reason: { en: firstLine(error.message), de: firstLine(error.message) },
    });
  }
  if (document.contents === null) return { data: {}, lines: {} };
  if (!isMap(document.contents)) {
    throw frontMatterFault({
      file,
      line: 2,
      column: 1,
      reason: { en: 'it must be a list of "name: value"', de: 'er muss aus „Name: Wert“ bestehen' },
    });
  }
  const lines: Record<string, number> = {};
  for (const pair of document.contents.items) {
    const start = (pair.key as { range?: readonly number[] | null } | null)?.range?.[0];
    if (start !== undefined) lines[String(pair.key)] = counter.linePos(start).line + 1;
  }
  try {
    // Bounds aliases: a few lines could otherwise stand for gigabytes.
    const data: unknown = document.toJS({ maxAliasCount: 50 });
    return { data: Object.fromEntries(Object.entries(data ?? {})), lines };
  } catch (cause) {
    throw frontMatterFault({
      file,
      line: 2,
      column: 1,
      reason: { en: String(cause), de: String(cause) },
    });
  }
}

function loadYaml(): typeof import('yaml') {
  return createRequire(import.meta.url)('yaml');
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? text;
}

/** The fault of front matter that can't be used, at its place in the file. */
export function frontMatterFault(input: {
  file: string;
  line: number;
  column: number;
  reason: { en: string; de: string };
}): FlowFault {
  return new FlowFault('build.front_matter', {
    file: input.file,
    line: input.line,
    column: input.column,
    text: {
      en: `The front matter is broken: ${input.reason.en}.`,
      de: `Der Vorspann (front matter) ist fehlerhaft: ${input.reason.de}.`,
    },
    fix: {
      en: 'Correct this line. Values with ": " or "#" in them need quotes.',
      de: 'Diese Zeile berichtigen. Werte, die ": " oder "#" enthalten, brauchen Anführungszeichen.',
    },
  });
}
