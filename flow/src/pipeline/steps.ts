import { type BuildStepOptions, createBuildStep } from '../build/build.ts';
import { cleanStep } from '../build/clean.ts';
import type { FlowStep } from '../core/step.ts';
import { deployStep } from '../deploy/deploy.ts';
import { hashStep } from '../hash/hash.ts';
import { createMetadataStep } from '../metadata/metadata.ts';
import { purgeStep } from '../purge/purge.ts';
import { verifyStep } from '../verify/verify.ts';
import { workerStep } from '../worker/worker.ts';

/** Every step, in the order in which they run. The options are for folders that a stranger may have written. */
export function createFlowSteps(options: BuildStepOptions = {}): readonly FlowStep[] {
  return [
    cleanStep,
    createBuildStep(options),
    hashStep,
    workerStep,
    createMetadataStep({ useGit: options.useGit ?? true }),
    deployStep,
    purgeStep,
    verifyStep,
  ];
}
