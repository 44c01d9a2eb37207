import type { Syntax } from '#kernel/syntax/syntax.ts';
import { type Reason, type ReasonCode, type ReasonData, reason } from '../reasons/reason.ts';
import { blockFor, contentOfCall, fencedBlocks, repeatedLine } from './answer-blocks.ts';
import { type Edit, leftOutLine } from './edits.ts';
import { indentLike } from './find-lines.ts';
import { withEndsOf } from './line-ends.ts';
import { type CodeSymbol, mayRename, symbolsOf } from './symbols.ts';

/** Where code is put: in the place of a symbol, or after it. */
export interface Place {
  readonly kind: 'replace' | 'after';
  readonly name: string;
  /** Among the symbols of this name, from zero. */
  readonly nth: number;
}

export type SymbolText =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'problem'; readonly reason: Reason };

const problem = (code: ReasonCode, data: ReasonData = {}) => ({
  kind: 'problem' as const,
  reason: reason(code, data),
});
const ownName = (name: string) => name.split('.').at(-1) ?? name;

/**
 * Reads the code of one symbol out of an answer. Of an answer that holds more of the file, only the symbol that was asked
 * for is taken, and what is new beside it.
 */
export async function readSymbol(
  answer: string,
  asked: {
    readonly syntax: Syntax;
    readonly path: string;
    readonly code: string;
    readonly place: Place;
    readonly symbols: readonly CodeSymbol[];
  },
): Promise<SymbolText> {
  const { syntax, path, code, place, symbols } = asked;
  const text = answer.replaceAll('\r\n', '\n').replace(/^\uFEFF/, '');
  const blocks = fencedBlocks(text);
  const picked =
    contentOfCall(text, path) ??
    (blocks.length === 0
      ? problem(/(^|\n)\s*(`{3,}|~{3,})/.test(text) ? 'fence_open' : 'fence_missing')
      : blockFor(blocks, path, code));
  if (picked.kind === 'problem') return picked;
  const whole = picked.text.replace(/^\s*\n/, '').trimEnd();
  if (whole === '') return problem('code_empty');
  const left = leftOutLine(whole, code);
  if (left !== null) return problem('left_out', { line: left });
  const said = repeatedLine(whole, code);
  if (said !== null) return problem('repeated', { line: said.slice(0, 80) });
  if (place.kind === 'after') return { kind: 'text', text: whole };
  return { kind: 'text', text: await withoutOthers(whole, { syntax, path, place, symbols }) };
}

/** A model that gives the whole file again: the parts that were not asked for are not looked at. */
async function withoutOthers(
  text: string,
  asked: {
    readonly syntax: Syntax;
    readonly path: string;
    readonly place: Place;
    readonly symbols: readonly CodeSymbol[];
  },
): Promise<string> {
  const { syntax, path, place, symbols } = asked;
  const found = await symbolsOf(syntax, path, text);
  const top = found.filter(({ name }) => !name.includes('.') || name === place.name);
  const own =
    found.find(({ name }) => name === place.name) ??
    found.find(({ name }) => ownName(name) === ownName(place.name));
  const others = new Set(symbols.filter(({ name }) => name !== place.name).map(({ name }) => name));
  const extra = top.filter((symbol) => symbol !== own && others.has(symbol.name));
  if (own === undefined || extra.length === 0) return text;
  const lines = text.split('\n');
  const kept = top.filter(
    (symbol) => symbol === own || (!extra.includes(symbol) && !holds(symbol, own) && !holds(own, symbol)),
  );
  const parts = (kept.includes(own) ? kept : [own]).map(({ firstLine, lastLine }) =>
    lines.slice(firstLine, lastLine + 1).join('\n'),
  );
  return parts.join('\n\n');
}

const holds = (outer: CodeSymbol, inner: CodeSymbol) =>
  outer !== inner && outer.firstLine <= inner.firstLine && outer.lastLine >= inner.lastLine;

/**
 * Puts the code into the file, moved to the indent of its place. A problem when the file would not have the same other
 * symbols as before, or the code is another symbol than the one that was asked for.
 */
export async function spliced(
  file: {
    readonly path: string;
    readonly content: string;
    readonly symbols: readonly CodeSymbol[];
    readonly symbol: CodeSymbol;
  },
  put: { readonly place: Place; readonly text: string; readonly syntax: Syntax; readonly task: string },
): Promise<Edit> {
  const { path, content, symbols, symbol } = file;
  const { place, text, syntax, task } = put;
  const lines = content.replaceAll('\r\n', '\n').split('\n');
  const present = lines[symbol.firstLine] ?? '';
  const code = text.split('\n');
  const moved = indentLike(code, { present, wanted: code.find((line) => line.trim() !== '') ?? '' });
  const after = [
    ...lines.slice(0, place.kind === 'replace' ? symbol.firstLine : symbol.lastLine + 1),
    ...(place.kind === 'replace' ? moved : ['', ...moved]),
    ...lines.slice(symbol.lastLine + 1),
  ].join('\n');
  const now = countsOf((await symbolsOf(syntax, path, after)).map(({ name }) => name));
  const within = symbols.filter((other) => holds(symbol, other));
  const rest = symbols.filter(
    (other) => place.kind === 'after' || (other !== symbol && !within.includes(other)),
  );
  const expected = countsOf(rest.map(({ name }) => name));
  if (place.kind === 'replace' && (now.get(place.name) ?? 0) <= (expected.get(place.name) ?? 0)) {
    const added = [...now.keys()].filter((name) => !symbols.some((other) => other.name === name));
    const renamed = mayRename(task) && added.some((name) => task.includes(ownName(name)));
    if (!renamed) return problem('symbol_other', { name: place.name });
  }
  for (const [name, count] of expected) {
    const allowed = place.kind === 'replace' && name === place.name ? count + 1 : count;
    if ((now.get(name) ?? 0) > allowed) return problem('symbol_twice', { name });
    if ((now.get(name) ?? 0) < count) return problem('symbol_lost', { name });
  }
  if (place.kind === 'after' && now.size === expected.size) return problem('symbol_missing');
  return { kind: 'content', content: withEndsOf(content, after) };
}

function countsOf(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}
