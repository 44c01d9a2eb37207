// `npm test`: every check there is, on a machine that has nothing but Node. Ends with one line of counts.
import { sayOutcome } from './lib/counts.mjs';
import { ensureDebianParts } from './lib/debian.mjs';
import { staticChecks } from './lib/static-checks.mjs';
import { runSteps } from './lib/steps.mjs';
import { allTests } from './lib/test-run.mjs';
import { ensureDependencies, ensureNode, ensureStudio, environmentFor } from './lib/toolchain.mjs';

const toolchain = ensureNode();
ensureDependencies(toolchain);
ensureDebianParts(['bubblewrap', 'git', 'chromium']);
ensureStudio(toolchain);
const env = environmentFor(toolchain.node);
const failed = await runSteps(staticChecks(toolchain.node), { env });
const tests = await allTests(toolchain.node, env);
failed.push(...tests.failedSteps);
sayOutcome(tests);
if (failed.length > 0) process.stderr.write(`\nfailed: ${failed.join(', ')}\n`);
process.stdout.write(
  `\n${tests.passed} passed, ${Math.max(tests.failed, failed.length)} failed, ${tests.skipped} skipped${tests.unsteady.length > 0 ? `, ${tests.unsteady.length} unsteady` : ''}\n`,
);
process.exit(failed.length === 0 && tests.failed === 0 ? 0 : 1);
