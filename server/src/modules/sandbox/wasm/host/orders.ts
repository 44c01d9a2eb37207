/** What the server asks a host for, and what the host tells. Types only: each side checks what it receives. */

export interface LoadOrder {
  readonly type: 'load';
  readonly hash: string;
}

export interface CallOrder {
  readonly type: 'call';
  readonly hash: string;
  readonly function: string;
  /** Of a program its command line, of another function its parameters as text. */
  readonly args: readonly string[];
  readonly fuel: number;
  readonly memoryLimitBytes: number;
  readonly outputBytes: number;
  readonly fileBytes: number;
  readonly fileEntries: number;
  readonly stdinBytes: number;
  /** More input follows while the program runs. */
  readonly keepInput: boolean;
  /** Null: the program finds no folder. */
  readonly files: FilesOrder | null;
  readonly clock: boolean;
  readonly random: boolean;
  readonly seed: number;
}

export interface FilesOrder {
  readonly readOnly: boolean;
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
  readonly folders: readonly string[];
}

/** More standard input for the call that runs, in the body, and perhaps its end. */
export interface InputOrder {
  readonly type: 'input';
  readonly end: boolean;
}

export type Order = LoadOrder | CallOrder | InputOrder | { readonly type: 'stop' };

export type CallOutcome =
  | { readonly kind: 'returned'; readonly results: readonly string[] }
  | { readonly kind: 'exited'; readonly exitCode: number }
  | { readonly kind: 'trapped'; readonly reason: string }
  | { readonly kind: 'limit'; readonly limit: 'fuel' | 'output' | 'memory' | 'disk' }
  | { readonly kind: 'refused'; readonly reason: string };

export interface ChangesReport {
  readonly written: readonly { readonly path: string; readonly bytes: number }[];
  readonly foldersMade: readonly string[];
  readonly filesGone: readonly string[];
  readonly foldersGone: readonly string[];
}

export interface CallReport {
  readonly type: 'ended';
  readonly outcome: CallOutcome;
  readonly fuelUsed: number;
  readonly memoryBytes: number;
  readonly fileBytes: number;
  readonly outputBytes: number;
  readonly cpuMs: number;
  readonly changes: ChangesReport;
}
