import path from 'node:path';
import { type FlowConfigInput, parseFlowConfig } from '../core/config.ts';
import type { StepWarning } from '../core/progress.ts';
import type { FlowContext } from '../core/step.ts';

/** The context of a step for a site in `rootDir` whose release lies in `rootDir/out`. The clock ticks a second a look. */
export function flowContext(
  rootDir: string,
  config: FlowConfigInput,
  overrides: Partial<FlowContext> = {},
): FlowContext & { warnings: StepWarning[] } {
  let ticks = 0;
  const warnings: StepWarning[] = [];
  const outDir = path.join(rootDir, 'out');
  return {
    rootDir,
    workDir: path.join(rootDir, '.flow'),
    outDir,
    releaseDir: outDir,
    config: parseFlowConfig(config),
    environment: 'prod',
    dryRun: false,
    env: {},
    log: { info: () => undefined, warn: (warning) => warnings.push(warning), advance: () => undefined },
    signal: new AbortController().signal,
    now: () => {
      ticks += 1;
      return new Date(Date.UTC(2026, 0, 1, 0, 0, ticks));
    },
    warnings,
    ...overrides,
  };
}
