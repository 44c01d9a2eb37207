import { type ReasonCode, reason } from '../reasons/reason.ts';
import type { CheckContext, CheckResult } from './check.ts';
import { isTestFile } from './mutation.ts';

/** Files that decide what the tests are and how they run. */
const setup =
  /(^|\/)((jest|vitest|vite|mocha|karma|ava|playwright|cypress)\.config\.[cm]?[jt]s|\.mocharc[\w.]*|\.nycrc[\w.]*|pytest\.ini|tox\.ini|noxfile\.py|setup\.cfg|conftest\.py|Makefile)$/;
/** Ends a program as if all were well. */
const goodEnd =
  /\bprocess\.exit\(\s*0?\s*\)|process\.exitCode\s*=\s*0|\bos\._exit\(\s*0|\bsys\.exit\(\s*0?\s*\)|\bquit\(\s*\)|\bDeno\.exit\(\s*0?\s*\)/g;

/**
 * That a command passes now proves something only when it asks the same as before: no test, nothing that decides how
 * tests run, and no early end of the program may have been changed.
 */
export async function checkTestsAreSame({ bench, before, changes }: CheckContext): Promise<CheckResult> {
  for (const { path } of await changes()) {
    const [then, now] = [await before(path), await bench.read(path)];
    if (isTestFile(path)) return refused('test_changed', `Leave ${path} as it is; change the code.`);
    if (setup.test(path) || (/(^|\/)package\.json$/.test(path) && scriptsOf(then) !== scriptsOf(now)))
      return refused('test_setup_changed', `Leave what ${path} says about the tests; change the code.`);
    if (count(now) > count(then))
      return refused(
        'early_end',
        `${path} ends the program as if all were well; change what is wrong instead.`,
      );
  }
  return { passed: true };
}

const refused = (code: ReasonCode, output: string): CheckResult => ({
  passed: false,
  reason: reason(code),
  output,
});
const count = (text: string | null) => (text?.match(goodEnd) ?? []).length;

function scriptsOf(manifest: string | null): string {
  try {
    const { scripts, jest, mocha, ava, type } = JSON.parse(manifest ?? '{}') as Record<string, unknown>;
    return JSON.stringify([scripts, jest, mocha, ava, type]);
  } catch {
    return manifest ?? '';
  }
}
