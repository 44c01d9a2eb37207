import type { Syntax, SyntaxNode } from '#kernel/syntax/syntax.ts';

/** Lines of a file that belong together; lines count from one, both ends included. */
export interface Chunk {
  readonly startLine: number;
  readonly endLine: number;
  readonly symbol: string | null;
}

const mostLines = 60;
const mostCharacters = 3000;
/** Cuts at the borders of definitions where a grammar knows the language, else at headings and empty lines. */
export async function chunkText(syntax: Syntax, filePath: string, text: string): Promise<Chunk[]> {
  const lines = text.split('\n');
  const chunks = await syntax.withTree(filePath, text, (root) => merge(partsOf(root, lines), lines));
  return chunks === null || chunks.length === 0 ? byParagraphs(lines) : chunks;
}

interface Part {
  start: number;
  end: number;
  symbols: string[];
}

/** The children of a node as line ranges without gaps; what is too large is opened again. */
function partsOf(node: SyntaxNode, lines: readonly string[]): Part[] {
  const parts: Part[] = [];
  for (const child of node.namedChildren) {
    if (child === null) continue;
    const start = child.startPosition.row;
    const end =
      child.endPosition.column === 0 ? Math.max(start, child.endPosition.row - 1) : child.endPosition.row;
    const symbol = symbolOf(child);
    if (isLarge(start, end, lines) && child.namedChildCount > 1) {
      const inner = partsOf(child, lines).map((part) => ({
        ...part,
        symbols:
          symbol === null
            ? part.symbols
            : part.symbols.length === 0
              ? [symbol]
              : part.symbols.map((name) => `${symbol}.${name}`),
      }));
      parts.push(
        {
          start,
          end: Math.max(start, (inner[0]?.start ?? end) - 1),
          symbols: symbol === null ? [] : [symbol],
        },
        ...inner,
      );
    } else parts.push({ start, end, symbols: symbol === null ? [] : [symbol] });
  }
  return parts;
}

const wrappers = new Set([
  'export_statement',
  'decorated_definition',
  'lexical_declaration',
  'variable_declaration',
  'expression_statement',
  'template_declaration',
]);

function symbolOf(node: SyntaxNode): string | null {
  if (/import|comment/.test(node.type)) return null;
  const name =
    node.childForFieldName('name') ??
    node.childForFieldName('declarator') ??
    node.childForFieldName('selectors');
  const text = name?.text.split('\n')[0]?.slice(0, 120);
  if (text !== undefined && text !== '') return text;
  if (node.type === 'rule_set') return node.namedChildren[0]?.text.split('\n')[0]?.slice(0, 120) ?? null;
  if (!wrappers.has(node.type)) return null;
  for (const child of node.namedChildren) {
    const inner = child === null ? null : symbolOf(child);
    if (inner !== null) return inner;
  }
  return null;
}

function isLarge(start: number, end: number, lines: readonly string[]): boolean {
  if (end - start + 1 > mostLines) return true;
  let characters = 0;
  for (let line = start; line <= end; line += 1) characters += (lines[line]?.length ?? 0) + 1;
  return characters > mostCharacters;
}

/** Joins neighbours while they are small; what lies between (comments, blank lines) goes with what follows it. */
function merge(parts: readonly Part[], lines: readonly string[]): Chunk[] {
  const chunks: Part[] = [];
  let next = 0;
  for (const part of parts) {
    if (part.end < next) {
      chunks.at(-1)?.symbols.push(...part.symbols);
      continue;
    }
    const last = chunks.at(-1);
    const start = Math.min(part.start, next);
    if (
      last !== undefined &&
      (last.symbols.length === 0 || last.end - last.start < 8) &&
      !isLarge(last.start, part.end, lines)
    ) {
      last.end = part.end;
      last.symbols.push(...part.symbols);
    } else chunks.push({ start, end: part.end, symbols: [...part.symbols] });
    next = part.end + 1;
  }
  const last = chunks.at(-1);
  if (last !== undefined) last.end = Math.max(last.end, lines.length - 1);
  return chunks.flatMap((chunk) => splitLong(chunk, lines));
}

function byParagraphs(lines: readonly string[]): Chunk[] {
  const parts: Part[] = [];
  for (const [index, line] of lines.entries()) {
    const heading = /^#{1,6} +(.+)$/.exec(line)?.[1];
    const last = parts.at(-1);
    const begins =
      heading !== undefined ||
      (line.trim() === '' && last !== undefined && index - last.start > mostLines / 2);
    if (last === undefined || begins)
      parts.push({ start: index, end: index, symbols: heading === undefined ? [] : [heading.slice(0, 120)] });
    else last.end = index;
  }
  return parts.flatMap((part) => splitLong(part, lines));
}

/** One statement, table or line can still be endless. */
function splitLong({ start, end, symbols }: Part, lines: readonly string[]): Chunk[] {
  const symbol = symbols.length === 0 ? null : [...new Set(symbols)].join(', ').slice(0, 300);
  const chunks: Chunk[] = [];
  let from = start;
  let characters = 0;
  for (let line = start; line <= end; line += 1) {
    characters += (lines[line]?.length ?? 0) + 1;
    if (line > from && (characters > mostCharacters * 2 || line - from >= mostLines * 2)) {
      chunks.push({ startLine: from + 1, endLine: line, symbol });
      from = line;
      characters = lines[line]?.length ?? 0;
    }
  }
  chunks.push({ startLine: from + 1, endLine: end + 1, symbol });
  return chunks;
}
