import type { StepEvent } from '../core/progress.ts';
import type { StepId } from '../core/step.ts';
import type { HistoryEntry } from '../deploy/history.ts';
import type { FaultReport, FlowReport } from '../pipeline/report.ts';
import type { ReleaseDiff } from '../releases/diff.ts';
import type { TargetReleases } from '../releases/releases.ts';

/**
 * What a server asks the flow to do with somebody's workspace, as the first line of the program's input. All folders are
 * absolute. `sourceDir` is a copy that nobody else changes; `liveDir` is the only place that is deployed to.
 */
export type WorkspaceRequest = WorkspaceFolders &
  (
    | { readonly kind: 'build'; readonly steps: readonly StepId[] }
    | { readonly kind: 'deploy' }
    | { readonly kind: 'state' }
    | { readonly kind: 'diff'; readonly before?: string; readonly after?: string }
    | { readonly kind: 'rollback'; readonly releaseId: string }
  );

export interface WorkspaceFolders {
  readonly sourceDir: string;
  readonly releaseDir: string;
  readonly liveDir: string;
  /** Gets a file for each release that is built: where its addresses begin at the root of the host. */
  readonly previewDir: string;
  /** Seconds since 1970 of the commit, for `SOURCE_DATE_EPOCH`; absent outside git. */
  readonly commitSeconds?: number;
}

/** Lines of the program's output, JSON each. The last one is `done` or `fault`. */
export type WorkspaceMessage =
  | { readonly kind: 'event'; readonly event: StepEvent }
  /** The project's own build: to be run in a sandbox, its output then to be brought into `sourceDir`. */
  | {
      readonly kind: 'command';
      readonly command: string;
      readonly output: string;
      readonly variables: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'fault'; readonly fault: FaultReport; readonly report?: FlowReport }
  | { readonly kind: 'done'; readonly result: WorkspaceResult };

export type WorkspaceResult =
  | { readonly kind: 'report'; readonly report: FlowReport }
  | {
      readonly kind: 'state';
      readonly targets: readonly TargetReleases[];
      readonly history: ReadonlyArray<Omit<HistoryEntry, 'changedPaths'>>;
    }
  | { readonly kind: 'diff'; readonly diff: ReleaseDiff }
  | { readonly kind: 'rollback'; readonly releaseId: string };

/** The answer to `command`, as a further line of input. */
export interface CommandAnswer {
  readonly code: number | null;
  readonly output: string;
}
