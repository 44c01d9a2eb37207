import type { LocalizedText } from '../core/language.ts';

/** `error` and `warning` both make a check fail; the level only says how bad it is for a visitor. */
export type FindingLevel = 'error' | 'warning';

/**
 * One place that a check objects to.
 * `line` and `column` count from 1; a column counts characters (code points), as editors show them.
 * `file` is relative to the checked folder, with `/`; for a live site it is the address.
 */
export type Finding = Readonly<{
  rule: string;
  level: FindingLevel;
  file: string;
  line: number;
  column: number;
  message: LocalizedText;
  fix: LocalizedText;
}>;

/** Orders findings by file, line, column and rule, so that two runs print the same text. */
export function sortFindings(findings: readonly Finding[]): Finding[] {
  return [...findings].sort(
    (a, b) =>
      compareText(a.file, b.file) || a.line - b.line || a.column - b.column || compareText(a.rule, b.rule),
  );
}

/** Compares by code unit, never by locale: the order must not depend on the machine. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
