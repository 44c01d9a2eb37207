import type { Syntax } from '#kernel/syntax/syntax.ts';
import type { Finding } from '../../contract-shapes.ts';
import type { Workbench } from '../../tools/workbench.ts';
import { readTreeRules } from './rule-file.ts';
import { secretIn } from './secrets.ts';
import { settingFindings } from './settings-rules.ts';
import { createPatternFinder } from './tree-rules.ts';

const mostFindings = 500;
/** Lock files hold hashes that look like secrets; what they name is looked up as dependencies. */
const generated =
  /(^|\/)(package-lock\.json|npm-shrinkwrap\.json|pnpm-lock\.yaml|[^/]*\.lock)$|\.min\.(js|css)$|\.map$/;

/** Looks for secrets, dangerous patterns on the syntax tree, and settings; each finding carries its line as evidence. */
export async function scanSecurity(
  { bench, syntax }: { readonly bench: Pick<Workbench, 'list' | 'read'>; readonly syntax: Syntax },
  only: readonly string[],
): Promise<Finding[]> {
  const findPatterns = createPatternFinder(syntax, readTreeRules());
  const findings: Finding[] = [];
  const paths = only.length > 0 ? only : await bench.list();
  for (const path of paths) {
    const text = generated.test(path) ? null : await readable(bench, path);
    if (text === null) continue;
    const secrets = secretsIn(path, text);
    const secretLines = new Set(secrets.map(({ line }) => line));
    // A password in the code is one thing to mend, also when two ways of looking find it.
    const others = [...(await findPatterns(path, text)), ...settingFindings(path, text)].filter(
      ({ rule, line }) => !rule.startsWith('CWE-798') || !secretLines.has(line),
    );
    findings.push(...[...secrets, ...others].toSorted((a, b) => a.line - b.line));
    if (findings.length >= mostFindings) return findings.slice(0, mostFindings);
  }
  return findings;
}

function secretsIn(path: string, text: string): Finding[] {
  return text.split('\n').flatMap((line, index) => {
    if (line.length > 2000) return [];
    return secretIn(path, index + 1, line) ?? [];
  });
}

/** Secret files are not in the copy; one that is, is read only when the user named it. */
async function readable(bench: Pick<Workbench, 'read'>, path: string): Promise<string | null> {
  try {
    return await bench.read(path);
  } catch {
    return null;
  }
}
