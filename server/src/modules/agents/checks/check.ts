import type { Syntax, SyntaxNode } from '#kernel/syntax/syntax.ts';
import type { FileChange } from '../changes/differences.ts';
import type { CommandLine, Finding } from '../contract-shapes.ts';
import { type Reason, reason } from '../reasons/reason.ts';
import type { RunOutcome, Workbench } from '../tools/workbench.ts';
import type { AuditDependencies } from './dependencies/audit.ts';

export type CheckResult =
  | { readonly passed: true; readonly findings?: readonly Finding[]; readonly note?: string }
  /** `output` is what the model gets to mend it. */
  | { readonly passed: false; readonly reason: Reason; readonly output: string };

export const passed: CheckResult = { passed: true };

/** What a check looks at. */
export interface CheckContext {
  readonly bench: Workbench;
  readonly syntax: Syntax;
  /** The file before the task; null when it was not there. */
  before(path: string): Promise<string | null>;
  changes(): Promise<FileChange[]>;
  /** What checks the project: the user's command, or the one that was found. */
  readonly command: CommandLine | null;
  /** How the command ended before anything was changed. */
  readonly baseline: RunOutcome | null;
  readonly files: readonly string[];
  /** What is known against the packages of lock files. */
  readonly audit: AuditDependencies;
}

/** No file may have more syntax errors than before. */
export async function checkSyntax(context: CheckContext): Promise<CheckResult> {
  for (const { path, afterHash } of await context.changes()) {
    if (afterHash === null) continue;
    const result = await checkFileSyntax(context, path);
    if (!result.passed) return result;
  }
  return passed;
}

export async function checkFileSyntax(
  { bench, syntax, before }: Pick<CheckContext, 'bench' | 'syntax' | 'before'>,
  path: string,
): Promise<CheckResult> {
  const text = await bench.read(path);
  return text === null ? passed : checkTextSyntax({ syntax, before }, path, text);
}

/** As `checkFileSyntax`, for a text that is not written yet. */
export async function checkTextSyntax(
  { syntax, before }: Pick<CheckContext, 'syntax' | 'before'>,
  path: string,
  text: string,
): Promise<CheckResult> {
  if (path.endsWith('.json')) return checkJson(path, text, await before(path));
  const error = await syntax.withTree(path, text, firstError);
  if (error === null || error === undefined) return passed;
  const old = await before(path);
  const oldError = old === null ? null : await syntax.withTree(path, old, firstError);
  if (oldError !== null && oldError !== undefined) return passed;
  const line = text.split('\n')[error - 1]?.trim().slice(0, 200) ?? '';
  return {
    passed: false,
    reason: reason('syntax', { path, line: error, text: line }),
    output: `Syntax error in ${path}, line ${error}: ${line}`,
  };
}

/** Settings of many tools are JSON with comments: what was none before need not become one. */
function checkJson(path: string, text: string, before: string | null): CheckResult {
  try {
    JSON.parse(text.replace(/^\uFEFF/, ''));
    return passed;
  } catch (error) {
    if (before !== null && !isJson(before)) return passed;
    const problem = error instanceof Error ? error.message : 'unreadable';
    return { passed: false, reason: reason('not_json', { path, problem }), output: problem };
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text.replace(/^\uFEFF/, ''));
    return true;
  } catch {
    return false;
  }
}

/** The line of the first error or missing token; undefined when there is none. */
function firstError(root: SyntaxNode): number | undefined {
  if (!root.hasError) return undefined;
  const queue: SyntaxNode[] = [root];
  for (let node = queue.shift(); node !== undefined; node = queue.shift()) {
    if (node.isError || node.isMissing) return node.startPosition.row + 1;
    for (const child of node.children)
      if (child?.hasError === true || child?.isMissing === true) queue.push(child);
  }
  return root.startPosition.row + 1;
}

/** What passed before must pass afterwards. */
export async function checkCommand({ bench, command, baseline }: CheckContext): Promise<CheckResult> {
  if (command === null || baseline?.exitCode !== 0) return passed;
  return mustPass(await bench.run(command), command);
}

export function mustPass(outcome: RunOutcome, { command, args }: CommandLine): CheckResult {
  if (outcome.exitCode === 0) return passed;
  const line = [command, ...args].join(' ');
  const why = outcome.timedOut
    ? reason('command_late', { command: line })
    : reason('command_failed', { command: line, exitCode: outcome.exitCode ?? '?' });
  return { passed: false, reason: why, output: `${why.en}:\n${tail(outcome.output)}` };
}

/** Errors stand at the end of an output; what is left out is counted. */
export function tail(text: string, lines = 80): string {
  const all = text.split('\n');
  if (all.length <= lines) return text.slice(-12_000);
  return `[${all.length - lines} lines before are not shown]\n${all.slice(-lines).join('\n')}`.slice(-12_000);
}

/** Runs checks one after the other; the first that fails counts, findings and notes add up. */
export async function inOrder(checks: readonly (() => Promise<CheckResult>)[]): Promise<CheckResult> {
  const findings: Finding[] = [];
  const notes: string[] = [];
  for (const check of checks) {
    const result = await check();
    if (!result.passed) return result;
    findings.push(...(result.findings ?? []));
    if (result.note !== undefined) notes.push(result.note);
  }
  return { passed: true, findings, ...(notes.length === 0 ? {} : { note: notes.join(' ') }) };
}

/** The command that tests a project; null when none is found. */
export async function findCommand(bench: Workbench): Promise<CommandLine | null> {
  const manifest = await bench.read('package.json');
  if (manifest !== null && hasTestScript(manifest)) return { command: 'npm', args: ['test', '--silent'] };
  const files = await bench.list();
  if (files.some((file) => /(^|\/)(test_[^/]*|[^/]*_test)\.py$/.test(file))) {
    return { command: 'python3', args: ['-m', 'unittest', 'discover'] };
  }
  return null;
}

function hasTestScript(manifest: string): boolean {
  try {
    const parsed = JSON.parse(manifest) as { scripts?: { test?: unknown } } | null;
    const script = parsed?.scripts?.test;
    return typeof script === 'string' && !script.includes('no test specified');
  } catch {
    return false;
  }
}
