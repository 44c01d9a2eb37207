import type { FlowConfig } from './config.ts';
import type { LocalizedText } from './language.ts';
import type { JsonValue, StepLog } from './progress.ts';
import type { ReleaseContent } from './release-content.ts';

/** The eight steps, in the order in which they run. */
export const stepIds = ['clean', 'build', 'hash', 'worker', 'metadata', 'deploy', 'purge', 'verify'] as const;
export type StepId = (typeof stepIds)[number];

export type Environment = 'dev' | 'staging' | 'prod';

/** What every step receives. All folders are absolute paths. */
export interface FlowContext {
  /** The site's folder: where flow.config.ts, the sources and .git are. */
  readonly rootDir: string;
  /** `<rootDir>/.flow`: caches, locks, deploy history. Never deployed, ignored by git. */
  readonly workDir: string;
  /** Where the finished release is moved when step 5 is done. */
  readonly outDir: string;
  /** Where the release is now: the folder being made in steps 1-5, the same as `outDir` from step 6 on. */
  readonly releaseDir: string;
  /** The files of `releaseDir` while the steps 1 to 5 make it; without it each step works on the disk. */
  readonly content?: ReleaseContent;
  readonly config: FlowConfig;
  readonly environment: Environment;
  /** Nothing outside a temporary folder may be changed, and nothing is sent; a step says what it would do. */
  readonly dryRun: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: StepLog;
  readonly signal: AbortSignal;
  /** The present, for history and time-outs only: no byte of a release may depend on it. */
  now(): Date;
}

export interface StepResult {
  /** `planned` is the answer of a dry run. `skipped` says in `summary` why. Success with something unchecked is never `done`: throw. */
  readonly outcome: 'done' | 'skipped' | 'planned';
  readonly summary: LocalizedText;
  /** For the machine-readable report; no secrets. */
  readonly details?: { readonly [key: string]: JsonValue };
}

/** A step throws FlowFault on failure and leaves nothing half-done that a visitor could see. */
export interface FlowStep {
  readonly id: StepId;
  readonly title: LocalizedText;
  run(context: FlowContext): Promise<StepResult>;
}
