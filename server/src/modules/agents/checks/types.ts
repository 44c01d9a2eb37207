import path from 'node:path';
import { isFault } from '#base/fault.ts';
import type { CommandLine } from '../contract-shapes.ts';
import { reason } from '../reasons/reason.ts';
import { withBaseState } from './base-state.ts';
import { type CheckContext, type CheckResult, passed } from './check.ts';

const script = /\.[cm]?[jt]sx?$/;
const typescript = /\.[cm]?tsx?$/;
/** Where the sandbox has the platform's TypeScript. */
const ownCompiler: CommandLine = { command: '/opt/typescript/lib/tsc', args: [] };
const projectCompilers = ['node_modules/typescript/bin/tsc'];
const mostProjects = 3;
const shownErrors = 20;
/** Modules and types that are not installed: nothing that the change could help. */
const notInstalled = new Set([
  'TS2307',
  'TS2580',
  'TS2582',
  'TS2584',
  'TS2591',
  'TS2688',
  'TS2792',
  'TS2875',
  'TS7016',
]);

interface Diagnostic {
  readonly file: string;
  readonly line: number;
  readonly code: string;
  readonly message: string;
}

/**
 * Type-checks with the project's TypeScript, or with the platform's; only errors that were not there before count. Runs
 * in the sandbox: settings of a project can name any file. Where no compiler runs, a note says so.
 */
export async function checkTypes(context: CheckContext): Promise<CheckResult> {
  const changed = (await context.changes()).filter(
    ({ afterHash, path: name }) => afterHash !== null && script.test(name),
  );
  if (changed.length === 0) return passed;
  const projects = await projectsOf(
    context,
    changed.map(({ path: name }) => name),
  );
  for (const args of projects) {
    const after = await diagnose(context, args);
    if (after === null) return { passed: true, note: 'Types were not checked: no TypeScript runs here.' };
    if (after.length === 0) continue;
    const before = (await withBaseState(context, script, () => diagnose(context, args))) ?? [];
    const added = newOnes(before, after);
    const [first] = added;
    if (first === undefined) continue;
    const lines = added
      .slice(0, shownErrors)
      .map(({ file, line, code, message }) => `${file}, line ${line}: ${message} (${code})`);
    const more = added.length > shownErrors ? [`[${added.length - shownErrors} more]`] : [];
    return {
      passed: false,
      reason: reason('type_error', { path: first.file }),
      output: ['New type errors:', ...lines, ...more].join('\n'),
    };
  }
  return passed;
}

/** The compiler's arguments for each project that a changed file belongs to. */
async function projectsOf({ bench }: CheckContext, files: readonly string[]): Promise<string[][]> {
  const projects = new Set<string>();
  const alone: string[] = [];
  for (const file of files) {
    const settings = await nearestSettings(bench, file);
    if (settings !== null) projects.add(settings);
    else if (typescript.test(file) && !/\.d\.[cm]?ts$/.test(file)) alone.push(file);
  }
  const shared = ['--noEmit', '--pretty', 'false', '--skipLibCheck'];
  const loose = [
    '--target',
    'esnext',
    '--module',
    'nodenext',
    '--allowImportingTsExtensions',
    '--strict',
    'false',
  ];
  return [
    ...[...projects].slice(0, mostProjects).map((settings) => ['-p', settings, ...shared]),
    ...(alone.length === 0 ? [] : [[...shared, ...loose, ...alone.slice(0, 20)]]),
  ];
}

async function nearestSettings(bench: CheckContext['bench'], file: string): Promise<string | null> {
  for (let folder = path.posix.dirname(file); ; folder = path.posix.dirname(folder)) {
    const settings = path.posix.join(folder, 'tsconfig.json');
    if ((await bench.read(settings)) !== null) return settings;
    if (folder === '.') return null;
  }
}

/** What the compiler says; null when none can run. */
async function diagnose({ bench }: CheckContext, args: readonly string[]): Promise<Diagnostic[] | null> {
  const [own] = (
    await Promise.all(projectCompilers.map(async (name) => ((await bench.read(name)) === null ? [] : [name])))
  ).flat();
  const { command, args: first } = own === undefined ? ownCompiler : { command: 'node', args: [own] };
  try {
    const { exitCode, output, timedOut } = await bench.run({ command, args: [...first, ...args] });
    const found = readDiagnostics(output);
    // 1 and 2 are the compiler's own codes for errors; anything else without a diagnostic is no compiler at work.
    if (timedOut || (found.length === 0 && exitCode !== 0)) return null;
    const installed = (await bench.read('node_modules/.package-lock.json')) !== null;
    return installed ? found : found.filter(({ code }) => !notInstalled.has(code));
  } catch (error) {
    if (isFault(error) && error.code.startsWith('sandbox.')) return null;
    throw error;
  }
}

/** `src/a.ts(3,7): error TS2322: …`, as `tsc --pretty false` prints it. */
export function readDiagnostics(output: string): Diagnostic[] {
  return output.split(/\r?\n/).flatMap((line) => {
    const match = /^(.{1,1000}?)\((\d+),\d+\): error (TS\d+): (.*)$/.exec(line);
    if (match === null) return [];
    const [, file = '', at = '1', code = '', message = ''] = match;
    return [{ file, line: Number(at), code, message: message.slice(0, 500) }];
  });
}

/** Those that occur more often than before; lines move, so they do not count. */
export function newOnes(before: readonly Diagnostic[], after: readonly Diagnostic[]): Diagnostic[] {
  const keyOf = ({ file, code, message }: Diagnostic) => `${file} ${code} ${message}`;
  const left = new Map<string, number>();
  for (const diagnostic of before) left.set(keyOf(diagnostic), (left.get(keyOf(diagnostic)) ?? 0) + 1);
  return after.filter((diagnostic) => {
    const count = left.get(keyOf(diagnostic)) ?? 0;
    left.set(keyOf(diagnostic), count - 1);
    return count <= 0;
  });
}
