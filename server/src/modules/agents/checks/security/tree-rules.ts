import { createSyntaxQueries } from '#kernel/syntax/query.ts';
import type { Syntax } from '#kernel/syntax/syntax.ts';
import type { Finding } from '../../contract-shapes.ts';
import type { TreeRule } from './rule-file.ts';
import { masked } from './secrets.ts';

const languages: Readonly<Record<string, string>> = {
  js: 'javascript',
  mjs: 'javascript',
  cjs: 'javascript',
  ts: 'typescript',
  mts: 'typescript',
  cts: 'typescript',
  tsx: 'tsx',
  jsx: 'tsx',
  py: 'python',
};

/** Finds the patterns of rules in a file, once for each line and rule; nothing in a language without rules. */
export type FindPatterns = (path: string, text: string) => Promise<Finding[]>;

export function createPatternFinder(syntax: Syntax, rules: readonly TreeRule[]): FindPatterns {
  const queries = createSyntaxQueries();
  return async (path, text) => {
    const ending = path.slice(path.lastIndexOf('.') + 1).toLowerCase();
    const language = Object.hasOwn(languages, ending) ? languages[ending] : undefined;
    const fitting = rules.filter((rule) => language !== undefined && rule.languages.includes(language));
    if (fitting.length === 0) return [];
    const lines = text.split('\n');
    const found = await syntax.withTree(path, text, (root) =>
      fitting.flatMap((rule) => {
        const at = queries
          .captures(root, rule.query)
          .filter(({ name }) => name === 'finding')
          .map(({ node }) => node.startPosition.row);
        return [...new Set(at)].map((row): Finding => {
          const { severity, message } = rule;
          return {
            path,
            line: row + 1,
            rule: rule.rule,
            severity,
            message,
            evidence: masked(lines[row] ?? ''),
          };
        });
      }),
    );
    return (found ?? []).toSorted((a, b) => a.line - b.line);
  };
}
