import type { ExecutionLimits, Program } from '../contract-execute.ts';
import type { OperationStart } from '../run/records.ts';
import { rememberedArguments } from '../run/remembered.ts';
import type { RunRow } from '../store.ts';
import type { Executed } from './execution.ts';
import { guestProcesses } from './vms.ts';

const interpreters = { python: ['python3', '-c'], javascript: ['node', '-e'], shell: ['sh', '-c'] } as const;

/** The history shows a command, also for source text: the one that would do the same. */
function commandOf(program: Program): { readonly command: string; readonly args: readonly string[] } {
  if (program.kind !== 'code') {
    return { command: program.kind === 'command' ? program.command : program.path, args: program.args };
  }
  const [command, option] = interpreters[program.language];
  return { command, args: [option, program.code, ...program.args] };
}

/** A program that ran in a machine of its own, as the history of its project keeps it. */
export function historyRow(
  { processId, projectId, userId }: OperationStart,
  about: {
    readonly program: Program;
    readonly startedAt: Date;
    readonly end: Executed;
    readonly limits: ExecutionLimits;
  },
): RunRow {
  const { end, limits } = about;
  const { command, args } = commandOf(about.program);
  return {
    engine: 'micro',
    fuel_used: null,
    process_id: processId,
    project_id: projectId,
    user_id: userId,
    config_id: null,
    command,
    args: rememberedArguments(args),
    started_at: about.startedAt,
    exit_code: end.exitCode,
    signal: end.signal,
    killed_by: end.killedBy,
    duration_ms: end.durationMs,
    cpu_ms: end.cpuMs,
    peak_memory_bytes: BigInt(end.peakMemoryBytes),
    peak_processes: 1,
    output_bytes: BigInt(end.outputBytes),
    limits: {
      timeMs: limits.timeMs,
      memoryBytes: limits.memoryBytes,
      cpuCores: 1,
      cpuMs: null,
      processes: limits.processes ?? guestProcesses,
      outputBytes: limits.outputBytes,
      // Files live in the machine's memory and end with it.
      diskBytes: 0,
      diskFiles: 0,
      openFiles: 1024,
    },
  };
}
