// `npm run check`: the fast gate. Format, lint, types, floors, unused code, and the tests that need no long wait.
import { sayOutcome } from './lib/counts.mjs';
import { staticChecks } from './lib/static-checks.mjs';
import { runSteps } from './lib/steps.mjs';
import { fastTests } from './lib/test-run.mjs';
import { ensureDependencies, ensureNode, environmentFor } from './lib/toolchain.mjs';

const toolchain = ensureNode();
ensureDependencies(toolchain);
const env = environmentFor(toolchain.node);
const failed = await runSteps(staticChecks(toolchain.node), { env });
const tests = await fastTests(toolchain.node, env);
if (tests.failed > 0) failed.push('tests');
sayOutcome(tests);
if (failed.length > 0) process.stderr.write(`\nfailed: ${failed.join(', ')}\n`);
process.stdout.write(`\n${tests.passed} passed, ${tests.failed} failed, ${tests.skipped} skipped\n`);
process.exit(failed.length === 0 ? 0 : 1);
