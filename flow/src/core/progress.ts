import type { LocalizedText } from './language.ts';
import type { StepId } from './step.ts';

export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/** What a step can tell while it runs. None of these ever throws, and none may be given a secret. */
export interface StepLog {
  /** A line of progress below the step's own line. */
  info(text: LocalizedText): void;
  /** Something the person should look at, though the step goes on. Kept in the report. */
  warn(warning: StepWarning): void;
  /** How far a long step is; shown on a terminal only, never in the report. */
  advance(done: number, total: number): void;
}

export interface StepWarning {
  readonly code: string;
  readonly text: LocalizedText;
  readonly fix?: LocalizedText;
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
}

export type StepEvent =
  | {
      readonly kind: 'started';
      readonly step: StepId;
      readonly position: number;
      readonly total: number;
      readonly title: LocalizedText;
    }
  | { readonly kind: 'info'; readonly step: StepId; readonly text: LocalizedText }
  | { readonly kind: 'warning'; readonly step: StepId; readonly warning: StepWarning }
  | { readonly kind: 'advanced'; readonly step: StepId; readonly done: number; readonly total: number }
  | {
      readonly kind: 'finished';
      readonly step: StepId;
      readonly position: number;
      readonly total: number;
      readonly outcome: string;
      readonly summary: LocalizedText;
      readonly durationMs: number;
    }
  | {
      readonly kind: 'failed';
      readonly step: StepId;
      readonly position: number;
      readonly total: number;
      readonly code: string;
      readonly durationMs: number;
    };

/** Receives every event of a run: the terminal prints them, the studio's panel shows them, the report collects them. */
export type Reporter = (event: StepEvent) => void;
