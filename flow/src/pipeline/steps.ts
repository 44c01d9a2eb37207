import type { FlowStep } from '../core/step.ts';
import { deployStep } from '../deploy/deploy.ts';
import { hashStep } from '../hash/hash.ts';
import { metadataStep } from '../metadata/metadata.ts';
import { purgeStep } from '../purge/purge.ts';
import { verifyStep } from '../verify/verify.ts';
import { workerStep } from '../worker/worker.ts';

/** Every step, in the order in which they run; their position in a report comes from `stepIds`. */
export const flowSteps: readonly FlowStep[] = [
  hashStep,
  workerStep,
  metadataStep,
  deployStep,
  purgeStep,
  verifyStep,
];
