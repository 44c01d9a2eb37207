import { reason } from '../reasons/reason.ts';
import { type CheckContext, type CheckResult, mustPass, passed } from './check.ts';
import { mutantsOf } from './mutants.ts';

const testFile = /(^|\/)(tests?|__tests__|spec)\/|(\.|_|-)(test|spec)\.[^/]+$|(^|\/)test_[^/]+\.py$/;
const mostMutants = 4;

export const isTestFile = (path: string): boolean => testFile.test(path);

/**
 * New tests count when they pass, touch nothing but tests, and fail for at least one of several breaks of the code under
 * test: a test that cannot fail proves nothing.
 */
export async function checkTests(context: CheckContext): Promise<CheckResult> {
  const { bench, command } = context;
  const changes = await context.changes();
  const other = changes.find(({ path }) => !isTestFile(path));
  if (other !== undefined) {
    return {
      passed: false,
      reason: reason('not_a_test', { path: other.path }),
      output: `Change test files only; ${other.path} is none.`,
    };
  }
  if (changes.length === 0)
    return { passed: false, reason: reason('test_missing'), output: 'Write a test file.' };
  if (command === null)
    return {
      passed: false,
      reason: reason('tests_without_command'),
      output: 'The project has no test command.',
    };
  const result = mustPass(await bench.run(command), command);
  if (!result.passed) return result;
  const sources = await sourcesUnderTest(
    context,
    changes.map(({ path }) => path),
  );
  let tried = 0;
  for (const source of sources) {
    const original = await bench.read(source);
    if (original === null) continue;
    try {
      for (const mutant of (await mutantsOf(context.syntax, source, original)).slice(0, mostMutants)) {
        tried += 1;
        await bench.write(source, mutant);
        if ((await bench.run(command)).exitCode !== 0) return passed;
      }
    } finally {
      await bench.write(source, original);
    }
  }
  if (tried === 0)
    return {
      passed: false,
      reason: reason('tested_missing'),
      output: 'The tests must import the code that they test.',
    };
  const output = `The tests still pass when ${sources.join(', ')} is broken on purpose. Assert on what the code returns.`;
  return { passed: false, reason: reason('tests_blind'), output };
}

/** The files that the user named, else those that the tests import. */
async function sourcesUnderTest({ bench, files }: CheckContext, tests: readonly string[]): Promise<string[]> {
  const named = files.filter((path) => !isTestFile(path));
  if (named.length > 0) return named.slice(0, 3);
  const all = (await bench.list()).filter((path) => !isTestFile(path));
  const found = new Set<string>();
  for (const test of tests) {
    const text = (await bench.read(test)) ?? '';
    const names = [...text.matchAll(/(?:from\s+|import\s+|require\()\s*['"]?([\w./@-]+)/g)].map(
      ([, name = '']) => name,
    );
    for (const name of names) {
      const stem = name
        .replace(/^(\.{1,2}\/)+/, '')
        .replace(/\.[cm]?[jt]sx?$/, '')
        .replaceAll(/(?<=\w)\.(?=\w)/g, '/');
      const match = all.find((path) => path.replace(/\.[^./]+$/, '').endsWith(stem) && stem !== '');
      if (match !== undefined) found.add(match);
    }
  }
  return [...found].slice(0, 3);
}
