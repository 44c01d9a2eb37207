import { FlowFault } from '../core/fault.ts';
import type { FlowContext } from '../core/step.ts';
import { nothingEarlierFault, releaseUnknownFault } from '../deploy/faults.ts';
import { type HistoryEntry, recordDeploy } from '../deploy/history.ts';
import type { DeployedRelease, DeployOutcome, DeployTarget } from '../deploy/target.ts';
import { createTargets } from '../deploy/targets/create.ts';
import { diffManifests, type ReleaseDiff } from './diff.ts';

/** What one target keeps, newest first. */
export interface TargetReleases {
  readonly target: string;
  readonly kind: DeployTarget['kind'];
  readonly releases: readonly DeployedRelease[];
}

/** Lists the releases of every target of the environment, read from the targets themselves. @throws deploy.no_target */
export async function listReleases(context: FlowContext): Promise<TargetReleases[]> {
  return Promise.all(
    requireTargets(context).map(async (target) => ({
      target: target.name,
      kind: target.kind,
      releases: await target.list(),
    })),
  );
}

/**
 * Compares two kept releases of the first target; without ids, the live one with the one deployed before it.
 * @throws deploy.no_target, deploy.release_unknown
 */
export async function diffReleases(
  context: FlowContext,
  wish: { before?: string; after?: string } = {},
): Promise<ReleaseDiff> {
  const [target] = requireTargets(context);
  if (!target) throw noTargetFault(context);
  const releases = await target.list();
  const after = wish.after ?? releases.find((release) => release.live)?.id;
  const before = wish.before ?? releaseBefore(releases, after)?.id;
  if (after === undefined || before === undefined) throw nothingEarlierFault(target.name, idsOf(releases));
  return diffManifests(await target.manifest(before), await target.manifest(after));
}

/**
 * Makes an earlier release live at every target of the environment, within seconds: the bytes are there already. Without an
 * id, the release deployed before the live one. Each target is looked at before the first is switched, so a release that
 * one of them no longer keeps changes nothing anywhere.
 * @throws deploy.no_target, deploy.release_unknown, deploy.target_corrupt, deploy.locked
 */
export async function rollbackRelease(
  context: FlowContext,
  releaseId?: string,
): Promise<Array<{ target: string; outcome: DeployOutcome }>> {
  const targets = requireTargets(context);
  const looked = await Promise.allSettled(targets.map((target) => planRollback(target, releaseId)));
  // Of several targets that can't, the first is told of, whichever answered first.
  const plans = looked.map((plan) => {
    if (plan.status === 'rejected') throw plan.reason;
    return plan.value;
  });
  const outcomes: Array<{ target: string; outcome: DeployOutcome }> = [];
  const entries: HistoryEntry[] = [];
  for (const { target, id, changedPaths } of plans) {
    const outcome = await target.rollback(id);
    outcomes.push({ target: target.name, outcome });
    entries.push({
      at: context.now().toISOString(),
      action: 'rollback',
      target: target.name,
      releaseId: outcome.releaseId,
      previousId: outcome.previousId,
      changedPaths,
    });
    await recordDeploy(context.workDir, entries);
  }
  return outcomes;
}

async function planRollback(target: DeployTarget, releaseId: string | undefined) {
  const releases = await target.list();
  const live = releases.find((release) => release.live);
  const wanted =
    releaseId === undefined
      ? releaseBefore(releases, live?.id)
      : releases.find((release) => release.id === releaseId || release.deploymentId === releaseId);
  if (!wanted)
    throw releaseId === undefined
      ? nothingEarlierFault(target.name, idsOf(releases))
      : releaseUnknownFault(releaseId, idsOf(releases));
  const manifest = await target.manifest(wanted.id);
  const from = live ? await target.manifest(live.id) : null;
  const changes = from ? diffManifests(from, manifest).changes : null;
  const changedPaths =
    changes?.filter((change) => change.role !== 'hashed').map((change) => change.path) ?? null;
  return { target, id: wanted.id, changedPaths };
}

/** A release may have been deployed several times. */
function idsOf(releases: readonly DeployedRelease[]): string[] {
  return [...new Set(releases.map((one) => one.id))];
}

/** The newest release with another id that was deployed before the given one. */
function releaseBefore(
  releases: readonly DeployedRelease[],
  id: string | undefined,
): DeployedRelease | undefined {
  const index = releases.findIndex((release) => release.id === id);
  return releases.slice(index + 1).find((release) => release.id !== id);
}

function requireTargets(context: FlowContext): DeployTarget[] {
  const targets = createTargets(context);
  if (targets.length === 0) throw noTargetFault(context);
  return targets;
}

function noTargetFault(context: FlowContext): FlowFault {
  return new FlowFault('deploy.no_target', {
    file: 'flow.config.ts',
    text: {
      en: `flow.config.ts names no deploy target for ${context.environment}.`,
      de: `flow.config.ts nennt kein Ziel für ${context.environment}.`,
    },
    fix: {
      en: "Add one: deploy: { targets: [{ kind: 'local', path: '/srv/www/site' }] }",
      de: "Eines eintragen: deploy: { targets: [{ kind: 'local', path: '/srv/www/site' }] }",
    },
  });
}
