import { hash } from 'node:crypto';
import type { VariableValue } from './contract-shapes.ts';

type Argument = string | number;
type Filter = (value: VariableValue, args: readonly Argument[]) => VariableValue;

/**
 * What a template can do with a value. Nothing here asks for a locale, a time or a Unicode table: letters beyond ASCII
 * keep their case and lists are sorted by code unit, so that every machine and every Node gives the same bytes.
 */
const filters: Readonly<Record<string, Filter>> = {
  trim: (value) => textOf(value).trim(),
  upper: (value) => textOf(value).replace(/[a-z]/g, (letter) => letter.toUpperCase()),
  lower: (value) => textOf(value).replace(/[A-Z]/g, (letter) => letter.toLowerCase()),
  json: (value) => JSON.stringify(value),
  /** Each line but empty ones moved to the right. */
  indent: (value, [count = 2]) =>
    linesOf(value)
      .map((line) => (line === '' ? '' : ' '.repeat(bounded(count, 80)) + line))
      .join('\n'),
  /** Each line with its number, as wide as the last one's. */
  numbered: (value, [first = 1]) => {
    const lines = linesOf(value);
    const start = bounded(first, 10_000_000);
    const width = String(start + lines.length - 1).length;
    return lines.map((line, index) => `${String(start + index).padStart(width)} | ${line}`).join('\n');
  },
  quote: (value) =>
    linesOf(value)
      .map((line) => (line === '' ? '>' : `> ${line}`))
      .join('\n'),
  /** A fence that nothing in the text can close. */
  fence: (value, [language = '']) => {
    const text = textOf(value).replace(/\n$/, '');
    const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
    const fence = '`'.repeat(longest + 1);
    return `${fence}${String(language).replace(/[^A-Za-z0-9+#-]/g, '')}\n${text}\n${fence}`;
  },
  /** The first lines, and how many were left out. */
  first: (value, [count = 100]) => {
    const lines = linesOf(value);
    const kept = bounded(count, 1_000_000);
    if (lines.length <= kept) return lines.join('\n');
    return [...lines.slice(0, kept), `[${lines.length - kept} more lines are not shown]`].join('\n');
  },
  bullets: (value) =>
    linesOf(value)
      .filter((line) => line.trim() !== '')
      .map((line) => `- ${line}`)
      .join('\n'),
  join: (value, [separator = ', ']) => linesOf(value).join(String(separator)),
  lines: (value) => linesOf(value),
  sort: (value) => linesOf(value).toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0)),
  /** Whether the value is this text or number. */
  is: (value, [expected = '']) => value === expected,
  count: (value) => (Array.isArray(value) ? value.length : linesOf(value).length),
  slug: (value) =>
    textOf(value)
      .replace(/[A-Z]/g, (letter) => letter.toLowerCase())
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-+|-+$/g, '')
      .slice(0, 80) || 'untitled',
  /** 16 hex digits that stand for the text: a mark which the text itself cannot contain. */
  mark: (value) => hash('sha256', textOf(value), 'hex').slice(0, 16),
};

export const filterNames: ReadonlySet<string> = new Set(Object.keys(filters));

/** Applies one filter; its name was checked when the template was read. */
export function applyFilter(
  value: VariableValue,
  { name, args }: { readonly name: string; readonly args: readonly Argument[] },
): VariableValue {
  const filter = Object.hasOwn(filters, name) ? filters[name] : undefined;
  return filter === undefined ? value : filter(value, args);
}

/** A value as text: lists line by line. */
export function textOf(value: VariableValue): string {
  return Array.isArray(value) ? value.join('\n') : String(value);
}

function linesOf(value: VariableValue): string[] {
  if (Array.isArray(value)) return value;
  const text = textOf(value);
  return text === '' ? [] : text.split('\n');
}

function bounded(value: Argument, most: number): number {
  return Math.min(most, Math.max(0, Math.trunc(Number(value)) || 0));
}
