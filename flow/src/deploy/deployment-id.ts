import type { ReleaseManifest } from '../core/layout.ts';
import type { DeployedRelease } from './target.ts';

/** `20261121T014500123Z-<release id>`: unique at a target, and sorting by name is sorting by time. */
const PATTERN = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})(\d{3})Z-(.+)$/;

/** Names a new deployment; always after the newest one there is, also when the clock was set back. */
export function newDeploymentId(input: { releaseId: string; now: Date; newest: string | undefined }): string {
  const newestMs = input.newest === undefined ? 0 : Date.parse(deployedAt(input.newest) ?? '') + 1;
  const time = new Date(Math.max(input.now.getTime(), Number.isNaN(newestMs) ? 0 : newestMs));
  return `${time.toISOString().replace(/[-:.]/g, '')}-${input.releaseId}`;
}

/** The time in a deployment's name as ISO 8601; null when the name is none of ours. */
export function deployedAt(deploymentId: string): string | null {
  const match = PATTERN.exec(deploymentId);
  if (!match) return null;
  const [, year, month, day, hour, minute, second, millisecond] = match;
  return `${year}-${month}-${day}T${hour}:${minute}:${second}.${millisecond}Z`;
}

/** What a list shows of a kept release. */
export function describeDeployment(
  deploymentId: string,
  manifest: ReleaseManifest,
  live: boolean,
): DeployedRelease {
  return {
    id: manifest.id,
    deploymentId,
    label: manifest.label,
    version: manifest.version,
    commit: manifest.commit,
    contentHash: manifest.contentHash,
    deployedAt: deployedAt(deploymentId) ?? '',
    live,
  };
}

/**
 * Which deployments to remove: all but the newest `keep` and the live one, which after a rollback may be older.
 * `deploymentIds` and the answer are newest first.
 */
export function surplusDeployments(
  deploymentIds: readonly string[],
  live: string | null,
  keep: number,
): string[] {
  return deploymentIds.slice(keep).filter((id) => id !== live);
}
