import type { FlowFault } from '../core/fault.ts';
import type { LocalizedText } from '../core/language.ts';
import type { JsonValue, StepWarning } from '../core/progress.ts';
import type { Environment, StepId, StepResult } from '../core/step.ts';

export interface FaultReport {
  readonly code: string;
  readonly text: LocalizedText;
  readonly fix: LocalizedText;
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
}

export interface StepReport {
  readonly step: StepId;
  /** From 1, of eight. */
  readonly position: number;
  readonly outcome: StepResult['outcome'] | 'failed';
  readonly summary: LocalizedText;
  readonly details?: { readonly [key: string]: JsonValue };
  readonly warnings: readonly StepWarning[];
  readonly durationMs: number;
}

/** The machine-readable account of one run: what `--json` prints and the studio shows. Holds no secrets. */
export interface FlowReport {
  readonly formatVersion: 1;
  /** `planned`: a dry run. `failed`: `faults` says why, and no step after the failed one ran. */
  readonly outcome: 'done' | 'planned' | 'failed';
  readonly environment: Environment;
  readonly dryRun: boolean;
  /** ISO 8601 in UTC. */
  readonly startedAt: string;
  readonly durationMs: number;
  readonly outDir: string;
  readonly steps: readonly StepReport[];
  readonly faults: readonly FaultReport[];
}

/** A fault and all it carries, one after the other. */
export function faultReports(fault: FlowFault): FaultReport[] {
  const { code, text, fix, place } = fault;
  return [{ code, text, fix, ...place }, ...fault.more.flatMap(faultReports)];
}
