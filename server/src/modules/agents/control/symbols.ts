import type { Syntax, SyntaxNode } from '#kernel/syntax/syntax.ts';
import { type Reason, reason } from '../reasons/reason.ts';

/** A function, class, method, type or rule of a file, with the comments and decorators that belong to it. */
export interface CodeSymbol {
  /** Qualified by what it stands in, as `Cart.add`. */
  readonly name: string;
  readonly kind: 'callable' | 'class' | 'other';
  /** Whole lines, from zero; the last one is included. */
  readonly firstLine: number;
  readonly lastLine: number;
  /** The line that says what it is, below its comments and decorators. */
  readonly nameLine: number;
}

const callable =
  /^(function_declaration|generator_function_declaration|function_definition|method_definition|method_declaration|function_item|method|singleton_method|constructor_declaration)$/;
const classLike =
  /^(class_declaration|abstract_class_declaration|class_definition|class_specifier|struct_specifier|class|module|interface_declaration|struct_item|impl_item|trait_item|enum_item|enum_declaration|type_declaration|record_declaration|struct_declaration|namespace_declaration|namespace_definition|mod_item|internal_module)$/;
const other =
  /^(type_alias_declaration|lexical_declaration|variable_declaration|rule_set|const_declaration|var_declaration|const_item|static_item)$/;
/** What holds the members of a class. */
const bodies =
  /^(class_body|block|declaration_list|body_statement|interface_body|enum_body|statement_block|field_declaration_list)$/;

/**
 * The symbols of a file in their order, those in classes after the class itself; empty where no grammar knows the file.
 * Source: tree-sitter.
 */
export async function symbolsOf(syntax: Syntax, path: string, text: string): Promise<CodeSymbol[]> {
  return (await syntax.withTree(path, text, (root) => collect(root.namedChildren, ''))) ?? [];
}

function collect(nodes: readonly (SyntaxNode | null)[], within: string): CodeSymbol[] {
  const symbols: CodeSymbol[] = [];
  for (const node of nodes) {
    if (node === null) continue;
    const inner = unwrapped(node);
    const kind = kindOf(inner);
    const name = kind === null ? null : nameOf(inner);
    if (kind === null || name === null) continue;
    const qualified = within === '' ? name : `${within}.${name}`;
    symbols.push({
      name: qualified,
      kind,
      firstLine: firstLineOf(node),
      lastLine: lastLineOf(node),
      nameLine: inner.startPosition.row,
    });
    if (kind === 'class') symbols.push(...collect(membersOf(inner), qualified));
  }
  return symbols;
}

/** What an export, a decorator or a template stands around. */
function unwrapped(node: SyntaxNode): SyntaxNode {
  const inner =
    node.type === 'export_statement'
      ? (node.childForFieldName('declaration') ?? node.childForFieldName('value'))
      : node.type === 'decorated_definition'
        ? node.childForFieldName('definition')
        : node.type === 'template_declaration'
          ? node.namedChildren.at(-1)
          : null;
  return inner ?? node;
}

function kindOf({ type }: SyntaxNode): CodeSymbol['kind'] | null {
  if (callable.test(type)) return 'callable';
  if (classLike.test(type)) return 'class';
  return other.test(type) ? 'other' : null;
}

function nameOf(node: SyntaxNode): string | null {
  if (node.type === 'rule_set') return short(node.namedChildren[0]?.text);
  // A getter and a setter have one name, and are two.
  const accessor = node.children.find((child) => child?.type === 'get' || child?.type === 'set')?.type;
  const own = node.childForFieldName('name');
  if (own !== null) return short(accessor === undefined ? own.text : `${accessor} ${own.text}`);
  const declarator =
    node.childForFieldName('declarator') ??
    // Of what Rust implements something for.
    node.childForFieldName('type') ??
    node.namedChildren.find((child) => child !== null && /declarator|spec$/.test(child.type));
  if (declarator === null || declarator === undefined) return null;
  const name =
    declarator.childForFieldName('name') ?? declarator.childForFieldName('declarator') ?? declarator;
  return short(name.text.split('(')[0]);
}

function short(text: string | undefined): string | null {
  const line = text?.split('\n')[0]?.trim().slice(0, 120) ?? '';
  return line === '' ? null : line;
}

function membersOf(node: SyntaxNode): (SyntaxNode | null)[] {
  const body =
    node.childForFieldName('body') ??
    node.namedChildren.find((child) => child !== null && bodies.test(child.type));
  return body?.namedChildren ?? [];
}

/** Comments right above belong to it. */
function firstLineOf(node: SyntaxNode): number {
  let first = node.startPosition.row;
  for (
    let above = node.previousNamedSibling;
    above !== null && /comment|decorator|attribute/.test(above.type) && above.endPosition.row >= first - 1;
    above = above.previousNamedSibling
  ) {
    // A comment at the end of a line of code belongs to that line.
    const before = above.previousSibling;
    if (before !== null && before.endPosition.row === above.startPosition.row) break;
    first = above.startPosition.row;
  }
  return first;
}

function lastLineOf({ startPosition, endPosition }: SyntaxNode): number {
  return endPosition.column === 0 ? Math.max(startPosition.row, endPosition.row - 1) : endPosition.row;
}

/** Words of a task that make it right for a name to go. */
const removes =
  /\b(remov|delet|renam|merg|inlin|mov|extract|unused|entfern|lösch|umbenenn|benenn|ersetz|verschieb|auslager|zusammenfass)/i;

/** Whether a task is about names that go or change. */
export function mayRename(task: string): boolean {
  return removes.test(task);
}

/**
 * What is wrong with a whole file beside its syntax: definitions that were there and are gone although the task does not
 * speak of it, as of an answer that stops early, and functions that are there twice. Null when nothing is.
 */
export async function definitionProblem(
  syntax: Syntax,
  path: string,
  texts: {
    readonly before: string;
    readonly after: string;
    readonly task: string;
    /** The answer was a whole file, so what it does not hold was left out rather than deleted. */
    readonly whole: boolean;
  },
): Promise<Reason | null> {
  if (!/\.([cm]?[jt]sx?|py)$/.test(path)) return null;
  const { task, after, whole } = texts;
  const before = (await symbolsOf(syntax, path, texts.before)).filter(({ kind }) => kind !== 'other');
  const now = (await symbolsOf(syntax, path, after)).filter(({ kind }) => kind !== 'other');
  const twice = path.endsWith('.py') ? undefined : firstTwice(now.filter(({ name }) => !name.includes('.')));
  if (twice !== undefined && firstTwice(before) === undefined)
    return reason('defined_twice', { name: twice });
  if (!whole || mayRename(task)) return null;
  const gone = before.filter(({ name }) => {
    const own = name.split('.').at(-1) ?? name;
    return !wordIn(after, own) && !wordIn(task, own);
  });
  if (gone.length === 0) return null;
  const names = gone.slice(0, 5).map(({ name }) => name);
  return reason('definitions_missing', { names: names.join(', ') });
}

function firstTwice(symbols: readonly CodeSymbol[]): string | undefined {
  const seen = new Set<string>();
  return symbols.find(({ name }) => seen.size === seen.add(name).size)?.name;
}

function wordIn(text: string, word: string): boolean {
  const escaped = word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`(?<![\\w$])${escaped}(?![\\w$])`).test(text);
}
