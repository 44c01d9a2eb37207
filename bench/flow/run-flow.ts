// Makes a release of the site in FOLDER, steps 1 to 5, as `cds flow build` does. `node run-flow.ts FOLDER`
import path from 'node:path';
import { parseFlowConfig } from '../../flow/src/core/config.ts';
import { formatFault } from '../../flow/src/core/fault.ts';
import { runPipeline } from '../../flow/src/pipeline/pipeline.ts';

const { fault } = await runPipeline({
  rootDir: path.resolve(process.argv[2] ?? '.'),
  config: parseFlowConfig({
    // Copied documentation names pictures that were not copied with it.
    hash: { unresolved: 'warn' },
    worker: { mode: 'off' },
  }),
  environment: 'prod',
  dryRun: false,
  steps: ['clean', 'build', 'hash', 'worker', 'metadata'],
  env: process.env,
  signal: new AbortController().signal,
  report: () => undefined,
  now: () => new Date(),
});
if (fault !== null) {
  process.stderr.write(`${formatFault(fault, 'en')}\n`);
  process.exitCode = 1;
}
