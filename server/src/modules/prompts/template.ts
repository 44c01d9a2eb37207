import { fault } from '#base/fault.ts';
import { filterNames } from './filters.ts';

/** A value in a template: `{{ name | filter argument }}`. */
export interface Expression {
  readonly value:
    | { readonly kind: 'name'; readonly path: readonly string[] }
    | { readonly kind: 'literal'; readonly value: string | number | boolean };
  readonly filters: readonly { readonly name: string; readonly args: readonly (string | number)[] }[];
}

export type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'value'; readonly expression: Expression }
  | {
      readonly kind: 'formula';
      readonly id: string;
      readonly args: ReadonlyMap<string, Expression>;
    }
  | {
      readonly kind: 'if';
      readonly test: Expression;
      readonly body: Template;
      readonly otherwise: Template;
    }
  | { readonly kind: 'each'; readonly list: Expression; readonly item: string; readonly body: Template };

export type Template = readonly Node[];

interface Token {
  readonly kind: 'text' | 'tag';
  readonly text: string;
  readonly line: number;
}

/**
 * Reads a template: text with `{{value | filter}}`, `{{> formula name=value}}`, `{{#if value}}…{{else}}…{{/if}}` and
 * `{{#each list as item}}…{{/each}}`. A block tag alone on its line takes the line with it. What a value holds is never
 * read as a template.
 * @throws prompts.definition_invalid with the line
 */
export function parseTemplate(text: string, firstLine: number): Template {
  const tokens = tokenize(text, firstLine);
  const reader = { tokens, next: 0, depth: 0 };
  const template = readNodes(reader, []);
  const left = tokens[reader.next];
  if (left !== undefined) throw invalid(left.line, `{{${left.text}}} closes nothing`);
  return template;
}

/** Deeper or longer than anybody writes by hand; reading either takes the stack or the time that others need. */
const mostNested = 100;
const longestTag = 10_000;

const blockTag = /^(#if\b|#each\b|else$|\/if$|\/each$)/;

function tokenize(text: string, firstLine: number): Token[] {
  const tokens: Token[] = [];
  let line = firstLine;
  let rest = text;
  while (rest !== '') {
    const start = rest.indexOf('{{');
    if (start < 0) {
      tokens.push({ kind: 'text', text: rest, line });
      break;
    }
    const end = rest.indexOf('}}', start);
    const before = rest.slice(0, start);
    line += before.split('\n').length - 1;
    if (end < 0) throw invalid(line, '{{ is not closed');
    if (end - start > longestTag) throw invalid(line, `a tag is longer than ${longestTag} characters`);
    const tag = rest.slice(start + 2, end).trim();
    let after = rest.slice(end + 2);
    const standsAlone = /(^|\n)[ \t]*$/.test(before) && /^[ \t]*(\n|$)/.test(after);
    const first = tokens.length === 0 || before.includes('\n') || endsLine(tokens.at(-1));
    if (blockTag.test(tag) && standsAlone && first) {
      tokens.push({ kind: 'text', text: withoutEnd(before, ' \t'), line });
      const skipped = /^[ \t]*\n?/.exec(after)?.[0] ?? '';
      after = after.slice(skipped.length);
      tokens.push({ kind: 'tag', text: tag, line });
      // The line break that went with the tag still means that what follows begins a line.
      tokens.push({ kind: 'text', text: '', line });
      line += skipped.includes('\n') ? 1 : 0;
    } else {
      tokens.push({ kind: 'text', text: before, line }, { kind: 'tag', text: tag, line });
    }
    rest = after;
  }
  return tokens;
}

/** The text without these characters at its end. A regular expression would look at each run of them again and again. */
export function withoutEnd(text: string, characters: string): string {
  let end = text.length;
  while (end > 0 && characters.includes(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

/** An empty text token marks the place behind a tag whose line break was taken. */
function endsLine(token: Token | undefined): boolean {
  return token?.kind === 'text' && (token.text === '' || token.text.endsWith('\n'));
}

interface Reader {
  readonly tokens: readonly Token[];
  next: number;
  depth: number;
}

function readNodes(reader: Reader, ends: readonly string[]): Node[] {
  const nodes: Node[] = [];
  reader.depth += 1;
  if (reader.depth > mostNested)
    throw invalid(
      reader.tokens[reader.next]?.line ?? 1,
      `blocks lie more than ${mostNested} deep in one another`,
    );
  for (let token = reader.tokens[reader.next]; token !== undefined; token = reader.tokens[reader.next]) {
    if (token.kind === 'text') {
      if (token.text !== '') nodes.push({ kind: 'text', text: token.text });
      reader.next += 1;
      continue;
    }
    if (/^(else|\/if|\/each)$/.test(token.text)) {
      if (ends.includes(token.text)) {
        reader.depth -= 1;
        return nodes;
      }
      throw invalid(token.line, `{{${token.text}}} does not fit here`);
    }
    reader.next += 1;
    nodes.push(readTag(reader, token));
  }
  if (ends.length > 0) throw invalid(reader.tokens.at(-1)?.line ?? 1, `{{${ends.at(-1)}}} is missing`);
  return nodes;
}

function readTag(reader: Reader, token: Token): Node {
  const { text, line } = token;
  if (text.startsWith('#if ')) {
    const test = parseExpression(text.slice(4), line);
    const body = readNodes(reader, ['else', '/if']);
    const hasElse = reader.tokens[reader.next]?.text === 'else';
    reader.next += 1;
    if (!hasElse) return { kind: 'if', test, body, otherwise: [] };
    const otherwise = readNodes(reader, ['/if']);
    reader.next += 1;
    return { kind: 'if', test, body, otherwise };
  }
  if (text.startsWith('#each ')) {
    const match = /^(.+) as ([a-z][A-Za-z0-9]*)$/.exec(text.slice(6).trim());
    if (match === null) throw invalid(line, 'write {{#each list as item}}');
    const body = readNodes(reader, ['/each']);
    reader.next += 1;
    return { kind: 'each', list: parseExpression(match[1] ?? '', line), item: match[2] ?? '', body };
  }
  if (text.startsWith('>')) return readFormula(text.slice(1).trim(), line);
  if (/^[#/]/.test(text)) throw invalid(line, `{{${text}}} is no known tag`);
  return { kind: 'value', expression: parseExpression(text, line) };
}

function readFormula(text: string, line: number): Node {
  const words = splitWords(text, line);
  const id = words.shift() ?? '';
  const args = new Map<string, Expression>();
  for (const word of words) {
    const match = /^([a-z][A-Za-z0-9]*)=(.+)$/s.exec(word);
    if (match === null) throw invalid(line, `${word} must be name=value`);
    args.set(match[1] ?? '', parseExpression(match[2] ?? '', line));
  }
  return { kind: 'formula', id, args };
}

/** Parts a tag at its spaces; texts in double quotes stay whole, `|` stands alone. */
function splitWords(text: string, line: number): string[] {
  const words = text.match(/(?:[^\s"|]|"(?:[^"\\]|\\.)*")+|\|/g) ?? [];
  if (
    words.join('').length !==
    text.replace(/"(?:[^"\\]|\\.)*"|\s/g, (part) => (part.startsWith('"') ? part : '')).length
  ) {
    throw invalid(line, 'a text is not closed');
  }
  return words;
}

function parseExpression(text: string, line: number): Expression {
  const [first, ...rest] = splitWords(text.trim(), line);
  if (first === undefined) throw invalid(line, 'a value is missing');
  const filters: { name: string; args: (string | number)[] }[] = [];
  for (const word of rest) {
    if (word === '|') {
      filters.push({ name: '', args: [] });
      continue;
    }
    const filter = filters.at(-1);
    if (filter === undefined) throw invalid(line, `${word} does not fit here; filters follow a |`);
    if (filter.name === '') filter.name = word;
    else filter.args.push(argumentOf(word, line));
  }
  const unknown = filters.find(({ name }) => !filterNames.has(name));
  if (unknown !== undefined) throw invalid(line, `there is no filter ${unknown.name || '(empty)'}`);
  return { value: valueOf(first, line), filters };
}

function argumentOf(word: string, line: number): string | number {
  const value = valueOf(word, line);
  if (value.kind === 'literal' && typeof value.value !== 'boolean') return value.value;
  throw invalid(line, `${word} must be a number or a text in double quotes`);
}

function valueOf(word: string, line: number): Expression['value'] {
  if (word.startsWith('"')) {
    try {
      return { kind: 'literal', value: JSON.parse(word) as string };
    } catch {
      throw invalid(line, `${word} is no text as JSON writes it`);
    }
  }
  if (/^-?\d{1,9}$/.test(word)) return { kind: 'literal', value: Number(word) };
  if (word === 'true' || word === 'false') return { kind: 'literal', value: word === 'true' };
  const path = word.split('.');
  if (path.some((part) => !/^[a-z][A-Za-z0-9]*$/.test(part))) throw invalid(line, `${word} is no name`);
  return { kind: 'name', path };
}

function invalid(line: number, reason: string): Error {
  return fault('prompts.definition_invalid', { line, reason });
}
