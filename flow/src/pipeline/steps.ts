import { type BuildStepOptions, createBuildStep } from '../build/build.ts';
import { cleanStep } from '../build/clean.ts';
import type { LocalizedText } from '../core/language.ts';
import type { FlowStep, StepId } from '../core/step.ts';
import { hashStep } from '../hash/hash.ts';
import { createMetadataStep } from '../metadata/metadata.ts';
import { workerStep } from '../worker/worker.ts';

/** Every step, in the order in which they run. The options are for folders that a stranger may have written. */
export function createFlowSteps(options: BuildStepOptions = {}): readonly FlowStep[] {
  return [
    cleanStep,
    createBuildStep(options),
    hashStep,
    workerStep,
    createMetadataStep({ useGit: options.useGit ?? true }),
    // The programs of servers and clients take a good part of a short build's time; they are loaded when they are needed.
    loadedLater(
      'deploy',
      { en: 'Deploy', de: 'Ausliefern' },
      async () => (await import('../deploy/deploy.ts')).deployStep,
    ),
    loadedLater(
      'purge',
      { en: 'Purge caches', de: 'Caches leeren' },
      async () => (await import('../purge/purge.ts')).purgeStep,
    ),
    loadedLater(
      'verify',
      { en: 'Verify', de: 'Prüfen' },
      async () => (await import('../verify/verify.ts')).verifyStep,
    ),
  ];
}

function loadedLater(id: StepId, title: LocalizedText, load: () => Promise<FlowStep>): FlowStep {
  return { id, title, run: async (context) => (await load()).run(context) };
}
