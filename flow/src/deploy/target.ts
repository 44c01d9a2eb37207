import type { ReleaseManifest } from '../core/layout.ts';
import type { StepLog } from '../core/progress.ts';
import type { TargetConfig } from './config.ts';
import type { LocalRelease } from './release.ts';

/** A release as a target knows it. Times are ISO 8601 in UTC. */
export interface DeployedRelease {
  readonly id: string;
  /** Names this deployment at the target: a release may be deployed more than once. */
  readonly deploymentId: string;
  readonly label: string;
  readonly version: string | null;
  readonly commit: string | null;
  readonly contentHash: string;
  readonly deployedAt: string;
  /** True for the one that visitors get. */
  readonly live: boolean;
}

/** What a deploy or a rollback did. */
export interface DeployOutcome {
  readonly releaseId: string;
  /** What was live before; null for the first release. */
  readonly previousId: string | null;
  /** Files whose bytes travelled; the others were there already. */
  readonly uploadedFiles: number;
  readonly uploadedBytes: number;
  /** Hashed assets of earlier releases that stay reachable for open tabs. */
  readonly retainedFiles: number;
  readonly removedReleases: readonly string[];
}

/** One place a release can live. Every method throws FlowFault; none leaves the live release half-changed. */
export interface DeployTarget {
  readonly name: string;
  readonly kind: TargetConfig['kind'];
  /** The releases kept there, newest first. */
  list(): Promise<readonly DeployedRelease[]>;
  /** The manifest of a kept release. @throws deploy.release_unknown */
  manifest(releaseId: string): Promise<ReleaseManifest>;
  /** @throws deploy.locked, deploy.release_tampered, deploy.target_full and the target's own codes */
  deploy(release: LocalRelease): Promise<DeployOutcome>;
  /** Makes a kept release live again. @throws deploy.release_unknown, deploy.locked */
  rollback(releaseId: string): Promise<DeployOutcome>;
}

/** What a target gets from outside. */
export interface TargetDependencies {
  readonly rootDir: string;
  readonly workDir: string;
  readonly keepReleases: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: StepLog;
  readonly signal: AbortSignal;
  now(): Date;
}
