import type { SyntaxNode } from '#kernel/syntax/syntax.ts';
import { reason } from '../reasons/reason.ts';
import { type CheckContext, type CheckResult, passed } from './check.ts';

const source = /\.([cm]?[jt]sx?|py|go|java|php|rb|rs|c|h|cc|cpp|hpp|cs|sh|bash)$/;

/** In code that was there before, only comments and docstrings may differ: who documents changes nothing else. */
export async function checkCommentsOnly({
  bench,
  syntax,
  before,
  changes,
}: CheckContext): Promise<CheckResult> {
  for (const { path, afterHash } of await changes()) {
    if (!source.test(path)) continue;
    const then = await before(path);
    if (then === null) continue;
    const now = afterHash === null ? null : await bench.read(path);
    const [first, second] = [
      await syntax.withTree(path, then, codeOf),
      now === null ? null : await syntax.withTree(path, now, codeOf),
    ];
    if (first !== null && first !== second)
      return {
        passed: false,
        reason: reason('code_changed', { path }),
        output: `Only comments and docstrings of ${path} may change; leave its code as it was.`,
      };
  }
  return passed;
}

/** The words of a program without comments and docstrings. */
function codeOf(root: SyntaxNode): string {
  const words: string[] = [];
  const waiting: SyntaxNode[] = [root];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (/comment/.test(node.type) || isDocstring(node)) continue;
    if (node.childCount === 0) words.push(node.text);
    else for (const child of node.children.toReversed()) if (child !== null) waiting.push(child);
  }
  return words.filter((word) => word.trim() !== '').join('\n');
}

/** A string that stands alone at the begin of a Python module, class or function. */
function isDocstring(node: SyntaxNode): boolean {
  if (
    node.type !== 'expression_statement' ||
    node.namedChildCount !== 1 ||
    node.namedChild(0)?.type !== 'string'
  )
    return false;
  const first = node.parent?.namedChildren.find((child) => child !== null && child.type !== 'comment');
  return first?.id === node.id && (node.parent?.type === 'module' || node.parent?.type === 'block');
}
