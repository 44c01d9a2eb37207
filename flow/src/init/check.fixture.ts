import { formatPlain } from '../checks/output/plain.ts';
import { checkNames, runChecks } from '../checks/run.ts';
import { flowContext } from '../testing/context.ts';

/** `check <names…> -- <files…>` for the test of the hook: the real checks without the rest of the command line. */
const [, , , ...words] = process.argv;
const split = words.indexOf('--');
const names = words.slice(0, split);
const result = await runChecks(flowContext(process.cwd(), {}), {
  checks: checkNames.filter((name) => names.includes(name)),
  files: words.slice(split + 1),
});
process.stdout.write(formatPlain(result.findings, result.checkedFiles, 'en'));
process.exitCode = result.findings.length > 0 ? 1 : 0;
