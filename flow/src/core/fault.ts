import type { Language, LocalizedText } from './language.ts';

/** Where a fault sits. `file` is relative to the site's folder; `line` and `column` count from 1, columns in UTF-16 units. */
export interface FaultPlace {
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
}

export interface FlowFaultDetails extends FaultPlace {
  /** What happened and why, one sentence. */
  readonly text: LocalizedText;
  /** What to do next: an exact command or edit. */
  readonly fix: LocalizedText;
  readonly cause?: unknown;
  /** Further faults of the same kind, when a step reports all it found at once. */
  readonly more?: readonly FlowFault[];
}

/** The one error type of the flow: a documented code, the place, and the fix, in both languages. */
export class FlowFault extends Error {
  override readonly name = 'FlowFault';
  readonly code: string;
  readonly text: LocalizedText;
  readonly fix: LocalizedText;
  readonly place: FaultPlace;
  readonly more: readonly FlowFault[];

  constructor(code: string, details: FlowFaultDetails) {
    super(`${code}: ${details.text.en}`, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.text = details.text;
    this.fix = details.fix;
    this.place = { file: details.file, line: details.line, column: details.column };
    this.more = details.more ?? [];
  }
}

/** True for a fault of the flow, with that code if one is given. */
export function isFlowFault(error: unknown, code?: string): error is FlowFault {
  return error instanceof FlowFault && (code === undefined || error.code === code);
}

/** One throw for everything that a step found: the first fault carries the others in `more`. Returns when there is none. */
export function throwAll(faults: readonly FlowFault[]): void {
  const [first, ...rest] = faults;
  if (first === undefined) return;
  if (rest.length === 0) throw first;
  throw new FlowFault(first.code, {
    text: first.text,
    fix: first.fix,
    ...first.place,
    cause: first.cause,
    more: [...first.more, ...rest],
  });
}

/** `file:line:column`, as editors and terminals make it a link; an empty string without a file. */
export function formatPlace(place: FaultPlace): string {
  if (place.file === undefined) return '';
  if (place.line === undefined) return place.file;
  return place.column === undefined
    ? `${place.file}:${place.line}`
    : `${place.file}:${place.line}:${place.column}`;
}

/** The lines a terminal shows for a fault: place, text, code, fix; then the same for each further one. */
export function formatFault(fault: FlowFault, language: Language): string {
  const place = formatPlace(fault.place);
  const arrow = language === 'de' ? 'Abhilfe' : 'fix';
  const head = `${place === '' ? '' : `${place}: `}${fault.text[language]} (${fault.code})\n  ${arrow}: ${fault.fix[language]}`;
  return [head, ...fault.more.map((one) => formatFault(one, language))].join('\n');
}

/** Line and column (from 1) of an offset in a text; a tab counts as one column. */
export function placeAt(text: string, offset: number): { line: number; column: number } {
  let line = 1;
  let lineStart = 0;
  for (let next = text.indexOf('\n'); next !== -1 && next < offset; next = text.indexOf('\n', next + 1)) {
    line += 1;
    lineStart = next + 1;
  }
  return { line, column: offset - lineStart + 1 };
}
