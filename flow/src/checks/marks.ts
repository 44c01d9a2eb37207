/**
 * Ignore marks: a comment in the checked file that says "this is meant so".
 *
 *   cds-ignore encoding            this line, or the next one when the line holds nothing but the comment
 *   cds-ignore-start encoding      … until cds-ignore-end encoding (or the end of the file)
 *   cds-ignore-file encoding       the whole file
 *
 * The word after the mark is a check (`encoding`) or one rule (`encoding.double`); several are parted by commas.
 */
const MARK = /cds-ignore(-file|-start|-end)?[ \t]+([a-z][a-z0-9_.,-]*)/g;

/** Comment signs that may stand beside a mark on a line of its own. */
const ONLY_COMMENT = /^[\s<>!\-/*#;{}%"'()]*$/;

/** Tells whether a rule is switched off on a line (counted from 1). */
export type IgnoreMarks = (rule: string, line: number) => boolean;

type Span = { subject: string; from: number; to: number };

/** Reads the marks of a file; costs one search when it has none. */
export function readIgnoreMarks(text: string): IgnoreMarks {
  if (!text.includes('cds-ignore')) return () => false;
  const spans = collectSpans(text.split(/\r\n|\n|\r/));
  return (rule, line) =>
    spans.some((span) => span.from <= line && line <= span.to && covers(span.subject, rule));
}

function collectSpans(lines: readonly string[]): Span[] {
  const spans: Span[] = [];
  const open = new Map<string, Span>();
  for (const [index, lineText] of lines.entries()) {
    const line = index + 1;
    for (const match of lineText.matchAll(MARK)) {
      for (const subject of (match[2] ?? '').split(',').filter(Boolean)) {
        const span = spanOf({ kind: match[1] ?? '', subject, line, lineText });
        if (match[1] === '-end') {
          const started = open.get(subject);
          if (started) started.to = line;
          open.delete(subject);
          continue;
        }
        if (match[1] === '-start') open.set(subject, span);
        spans.push(span);
      }
    }
  }
  return spans;
}

function spanOf(mark: { kind: string; subject: string; line: number; lineText: string }): Span {
  const { kind, subject, line, lineText } = mark;
  if (kind === '-file') return { subject, from: 1, to: Number.POSITIVE_INFINITY };
  if (kind === '-start') return { subject, from: line, to: Number.POSITIVE_INFINITY };
  const rest = lineText.replace(MARK, '');
  return { subject, from: line, to: ONLY_COMMENT.test(rest) ? line + 1 : line };
}

function covers(subject: string, rule: string): boolean {
  return subject === 'all' || rule === subject || rule.startsWith(`${subject}.`);
}
