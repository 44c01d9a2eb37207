import { isFault } from '#base/fault.ts';
import { reason } from '../reasons/reason.ts';
import { withBaseState } from './base-state.ts';
import { type CheckContext, type CheckResult, passed } from './check.ts';

const python = /\.pyi?$/;
const mostFiles = 50;
/** Compiles without running anything; isolated, so that no module of the project takes part. */
const program = `import sys
for path in sys.argv[1:]:
    try:
        with open(path, 'rb') as file:
            compile(file.read(), path, 'exec', dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        print(f'{path}\\t{getattr(error, "lineno", 1) or 1}\\t{getattr(error, "msg", error)}')
    except OSError:
        pass
print('compiled')`;

/** Python compiles what was changed, unless it did not before either: a tree that parses may still be no program. */
export async function checkPython(context: CheckContext): Promise<CheckResult> {
  const files = (await context.changes())
    .filter(({ path, afterHash }) => afterHash !== null && python.test(path))
    .map(({ path }) => path)
    .slice(0, mostFiles);
  if (files.length === 0) return passed;
  const after = await compileAll(context, files);
  if (after === null)
    return { passed: true, note: 'Python files were not compiled: there is no Python here.' };
  if (after.size === 0) return passed;
  const before = (await withBaseState(context, python, () => compileAll(context, files))) ?? new Map();
  for (const [path, problem] of after) {
    if (before.has(path)) continue;
    return {
      passed: false,
      reason: reason('not_compiled', { path }),
      output: `Python cannot compile ${path}, ${problem}`,
    };
  }
  return passed;
}

/** Problems by path; null when no Python runs. */
async function compileAll(
  { bench }: CheckContext,
  files: readonly string[],
): Promise<Map<string, string> | null> {
  try {
    const { output, exitCode } = await bench.run({
      command: 'python3',
      args: ['-I', '-W', 'ignore', '-c', program, ...files],
    });
    if (exitCode !== 0 || !/^compiled$/m.test(output)) return null;
    return new Map(
      output.split('\n').flatMap((line): [string, string][] => {
        const [path = '', at, message] = line.split('\t');
        return message === undefined ? [] : [[path, `line ${at}: ${message}`]];
      }),
    );
  } catch (error) {
    if (isFault(error) && error.code.startsWith('sandbox.')) return null;
    throw error;
  }
}
