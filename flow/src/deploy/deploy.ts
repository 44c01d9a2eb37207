import { FlowFault } from '../core/fault.ts';
import { releaseManifestName } from '../core/layout.ts';
import type { FlowContext, FlowStep, StepResult } from '../core/step.ts';
import { diffManifests } from '../releases/diff.ts';
import { type HistoryEntry, recordDeploy } from './history.ts';
import { type LocalRelease, readLocalRelease } from './release.ts';
import type { DeployOutcome, DeployTarget } from './target.ts';
import { createTargets } from './targets/create.ts';

/**
 * Step 6: brings the release in `releaseDir` to every target of the environment. The folder is checked byte by byte
 * before anything is sent; assets go first, pages last; a failure leaves a target's live release as it was. With several
 * targets the first failure ends the step, and its fault names the targets that are already switched.
 * @throws deploy.release_missing, deploy.release_tampered, deploy.locked, deploy.partly_done and the targets' own faults
 */
export const deployStep: FlowStep = {
  id: 'deploy',
  title: { en: 'Deploy', de: 'Ausliefern' },
  run: deploy,
};

async function deploy(context: FlowContext): Promise<StepResult> {
  const targets = createTargets(context);
  if (targets.length === 0) {
    return {
      outcome: 'skipped',
      summary: {
        en: `No target for ${context.environment} in flow.config.ts (deploy.targets).`,
        de: `Kein Ziel für ${context.environment} in flow.config.ts (deploy.targets).`,
      },
    };
  }
  if (context.dryRun) return plan(context, targets);
  const release = await readLocalRelease(context.releaseDir);
  const entries: HistoryEntry[] = [];
  const outcomes: Array<{ target: string; outcome: DeployOutcome }> = [];
  for (const target of targets) {
    try {
      const outcome = await target.deploy(release);
      outcomes.push({ target: target.name, outcome });
      entries.push(await historyEntry({ context, target, release, outcome }));
      await recordDeploy(context.workDir, entries);
    } catch (error) {
      throw outcomes.length === 0 ? error : partlyDoneFault(error, target.name, outcomes);
    }
  }
  return {
    outcome: 'done',
    summary: summarise(release, outcomes),
    details: { releases: outcomes.map(describe) },
  };
}

/** A dry run reads what it can without sending anything: a release that is not built yet has nothing to say. */
async function plan(context: FlowContext, targets: readonly DeployTarget[]): Promise<StepResult> {
  const names = targets.map((target) => `${target.name} (${target.kind})`).join(', ');
  const release = await readLocalRelease(context.releaseDir).catch((error: unknown) => {
    if (error instanceof FlowFault && error.code === 'deploy.release_missing') return null;
    throw error;
  });
  const files = release === null ? '' : ` ${release.files.length}`;
  return {
    outcome: 'planned',
    summary: {
      en: `Would send${files} files to ${names}.`,
      de: `Würde${files} Dateien an ${names} senden.`,
    },
  };
}

async function historyEntry(input: {
  context: FlowContext;
  target: DeployTarget;
  release: LocalRelease;
  outcome: DeployOutcome;
}): Promise<HistoryEntry> {
  const { context, target, release, outcome } = input;
  const previous =
    outcome.previousId === null ? null : await target.manifest(outcome.previousId).catch(() => null);
  const changes = previous ? diffManifests(previous, release.manifest).changes : null;
  return {
    at: context.now().toISOString(),
    action: 'deploy',
    target: target.name,
    releaseId: outcome.releaseId,
    previousId: outcome.previousId,
    changedPaths: changes
      ? [
          ...changes.filter((change) => change.role !== 'hashed').map((change) => change.path),
          releaseManifestName,
        ]
      : null,
  };
}

function summarise(
  release: LocalRelease,
  outcomes: ReadonlyArray<{ target: string; outcome: DeployOutcome }>,
): StepResult['summary'] {
  const parts = outcomes.map(
    ({ target, outcome }) => `${target}: ${outcome.uploadedFiles}/${release.files.length}`,
  );
  return {
    en: `${release.manifest.id} is live; files sent: ${parts.join(', ')}.`,
    de: `${release.manifest.id} ist live; gesendete Dateien: ${parts.join(', ')}.`,
  };
}

function describe({ target, outcome }: { target: string; outcome: DeployOutcome }) {
  return {
    target,
    releaseId: outcome.releaseId,
    previousId: outcome.previousId,
    uploadedFiles: outcome.uploadedFiles,
    uploadedBytes: outcome.uploadedBytes,
    retainedFiles: outcome.retainedFiles,
    removedReleases: [...outcome.removedReleases],
  };
}

function partlyDoneFault(
  cause: unknown,
  failed: string,
  outcomes: ReadonlyArray<{ target: string }>,
): FlowFault {
  const done = outcomes.map((one) => one.target).join(', ');
  const reason = cause instanceof FlowFault ? cause.text : { en: String(cause), de: String(cause) };
  return new FlowFault('deploy.partly_done', {
    text: {
      en: `${done}: the new release is live. ${failed}: it is not. ${reason.en}`,
      de: `${done}: Das neue Release ist live. ${failed}: nicht. ${reason.de}`,
    },
    fix: {
      en: 'Remove the cause and run cds flow deploy again, or go back: cds flow rollback',
      de: 'Die Ursache beheben und cds flow deploy wiederholen, oder zurück: cds flow rollback',
    },
    cause,
  });
}
