import type { Syntax, SyntaxNode } from '#kernel/syntax/syntax.ts';

interface Change {
  readonly kind: string;
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

const opposites: Readonly<Record<string, string>> = {
  '+': '-',
  '-': '+',
  '*': '+',
  '/': '*',
  '===': '!==',
  '!==': '===',
  '==': '!=',
  '!=': '==',
  '<': '>=',
  '>=': '<',
  '>': '<=',
  '<=': '>',
  '&&': '||',
  '||': '&&',
  and: 'or',
  or: 'and',
};
const literals: Readonly<Record<string, string>> = {
  true: 'false',
  false: 'true',
  True: 'False',
  False: 'True',
};
const operations = new Set([
  'binary_expression',
  'binary_operator',
  'comparison_operator',
  'boolean_operator',
]);
const functions =
  /^(?:function|arrow_function|method|lambda|generator_function|constructor|func_literal|closure)/;

/**
 * Breaks of a file, one for each kind of place: what functions give back, what they compute, what they compare. Changes
 * are made inside of functions only and every break parses: a test that fails because the file cannot be loaded would
 * prove nothing.
 */
export async function mutantsOf(syntax: Syntax, path: string, text: string): Promise<string[]> {
  const nothing = path.endsWith('.py') ? 'None' : /\.[cm]?[jt]sx?$/.test(path) ? 'undefined' : null;
  const changes = await syntax.withTree(path, text, (root) => changesIn(root, nothing));
  const mutants: string[] = [];
  for (const group of Map.groupBy(changes ?? [], ({ kind }) => kind).values()) {
    const mutant = withChanges(text, group);
    if (mutant !== text && !(await syntax.withTree(path, mutant, (root) => root.hasError)))
      mutants.push(mutant);
  }
  return [...new Set(mutants)];
}

function changesIn(root: SyntaxNode, nothing: string | null): Change[] {
  const changes: Change[] = [];
  const waiting: { readonly node: SyntaxNode; readonly inside: boolean }[] = [{ node: root, inside: false }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { node } = next;
    const inside = next.inside || functions.test(node.type);
    if (inside) changes.push(...changesAt(node, nothing));
    for (const child of node.children) if (child !== null) waiting.push({ node: child, inside });
  }
  return changes;
}

function changesAt(node: SyntaxNode, nothing: string | null): Change[] {
  const put = (kind: string, place: SyntaxNode, text: string): Change[] =>
    place.text === text ? [] : [{ kind, start: place.startIndex, end: place.endIndex, text }];
  if (node.type === 'return_statement' && nothing !== null) {
    const value = node.namedChild(0);
    return value === null || value.type === 'comment' ? [] : put('result', value, nothing);
  }
  if (node.type === 'arrow_function' && nothing !== null) {
    const body = node.childForFieldName('body');
    return body === null || body.type === 'statement_block' ? [] : put('result', body, nothing);
  }
  if (operations.has(node.type)) {
    return node.children.flatMap((child) => {
      const opposite =
        child === null || child.isNamed || !Object.hasOwn(opposites, child.type)
          ? undefined
          : opposites[child.type];
      return child === null || opposite === undefined
        ? []
        : put(/[=<>]/.test(child.type) ? 'comparison' : 'operation', child, opposite);
    });
  }
  const literal =
    node.childCount === 0 && Object.hasOwn(literals, node.text) ? literals[node.text] : undefined;
  return literal === undefined ? [] : put('literal', node, literal);
}

/** Makes changes that lie within others only once, the outer one first. */
function withChanges(text: string, changes: readonly Change[]): string {
  let result = '';
  let at = 0;
  for (const { start, end, text: replacement } of changes.toSorted(
    (a, b) => a.start - b.start || b.end - a.end,
  )) {
    if (start < at) continue;
    result += text.slice(at, start) + replacement;
    at = end;
  }
  return result + text.slice(at);
}
