import type { Call } from '#base/contract.ts';
import type { ExecutionLimits, Program } from '../contract-execute.ts';
import type { OperationStart, Records } from '../run/records.ts';
import type { RunRow } from '../store.ts';
import type { Executed } from './execution.ts';
import { historyRow } from './history-row.ts';

/** What is told of a program that never came to its end: its machine was lost, and with it what it had used. */
function lostAfter(durationMs: number): Executed {
  return {
    ...{ exitCode: null, signal: null, killedBy: 'machine', truncated: false },
    ...{ outputBytes: 0, durationMs, cpuMs: 0, peakMemoryBytes: 0 },
  };
}

/** Tells of a program in a machine as of those of the other engines: events, metrics, the project's history. */
export function createRecording(deps: {
  readonly records: Records;
  readonly remember: (row: RunRow) => void;
  readonly now: () => number;
}) {
  return {
    /** Its start. What it gives is to be called with the end, null when there was none to be had. */
    begin(
      operation: OperationStart,
      about: {
        readonly program: Program;
        readonly label: string;
        readonly limits: ExecutionLimits;
        readonly call: Call;
      },
    ): (end: Executed | null) => void {
      const { program, limits, call } = about;
      const startedAt = new Date(deps.now());
      deps.records.started(operation, about.label, call);
      return (known) => {
        const end = known ?? lostAfter(Math.max(0, deps.now() - startedAt.getTime()));
        deps.remember(historyRow(operation, { program, startedAt, end, limits }));
        const { exitCode, signal, killedBy, durationMs, cpuMs, peakMemoryBytes } = end;
        const told = { exitCode, signal, killedBy, durationMs, cpuMs, peakMemoryBytes };
        deps.records.finished(operation, told, call);
      };
    },
  };
}

export type Recording = ReturnType<typeof createRecording>;
