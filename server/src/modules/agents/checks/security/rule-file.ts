import { readdirSync, readFileSync } from 'node:fs';
import type { LocalizedText } from '#base/fault.ts';
import type { Finding } from '../../contract-shapes.ts';

/** A dangerous pattern on the syntax tree, read from a file of rules/. */
export interface TreeRule {
  /** `javascript/eval`: where its file is. */
  readonly id: string;
  /** `CWE-95 eval`: what its findings are called. */
  readonly rule: string;
  readonly severity: Finding['severity'];
  readonly message: LocalizedText;
  /** Grammars that it is for. */
  readonly languages: readonly string[];
  /** A query of tree-sitter; each capture `finding` is one. */
  readonly query: string;
  /** Code that it must find, and code that it must not. */
  readonly samples: { readonly found: readonly string[]; readonly notFound: readonly string[] };
}

const folders: Readonly<Record<string, readonly string[]>> = {
  javascript: ['javascript', 'typescript', 'tsx'],
  python: ['python'],
};
const severities: readonly string[] = ['high', 'medium', 'low'] satisfies Finding['severity'][];

/** The rules that ship. @throws Error for a file that is no rule: they are part of the program */
export function readTreeRules(): TreeRule[] {
  return Object.keys(folders).flatMap((folder) => {
    const place = new URL(`./rules/${folder}/`, import.meta.url);
    return readdirSync(place)
      .filter((name) => name.endsWith('.scm'))
      .toSorted()
      .map((name) =>
        parseRule(`${folder}/${name.replace(/\.scm$/, '')}`, readFileSync(new URL(name, place), 'utf8')),
      );
  });
}

/**
 * Reads a rule file: comments with name, severity, `en:`, `de:`, `in:` (grammars) and samples (`+` must be found, `-`
 * must not), then a query.
 */
export function parseRule(id: string, text: string): TreeRule {
  const lines = text.split('\n');
  const end = lines.findIndex((line) => !line.startsWith(';'));
  const header = lines.slice(0, end).map((line) => line.slice(1).trim());
  const [rule = '', severity = ''] = header;
  const after = (mark: string) =>
    header.filter((line) => line.startsWith(`${mark} `)).map((line) => line.slice(mark.length + 1));
  const [en] = after('en:');
  const [de] = after('de:');
  const languages = after('in:')[0]?.split(' ') ?? folders[id.split('/')[0] ?? ''];
  if (!/^CWE-\d+ \S/.test(rule) || !severities.includes(severity) || !en || !de || languages === undefined) {
    throw new Error(`the rule file ${id} lacks its name, severity or texts`);
  }
  return {
    id,
    rule,
    severity: severity as Finding['severity'],
    message: { en, de },
    languages,
    query: lines.slice(end).join('\n'),
    samples: { found: after('+'), notFound: after('-') },
  };
}
