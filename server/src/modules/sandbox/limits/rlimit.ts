import { constants, setPriority } from 'node:os';
import type { Limits } from '../run/contract-shapes.ts';
import { killQuietly } from './control-files.ts';
import { type GroupUsage, type LimitDriver, type LimitGroup, wrapperProcesses } from './group.ts';
import {
  isAlive,
  type ProcessEntry,
  pageSizeBytes,
  processTree,
  startTimeOf,
  ticksPerSecond,
} from './process-table.ts';

/** Address space that programs such as Node reserve as data without ever touching it. */
const dataSlackBytes = 512 * 1024 * 1024;

/** What the driver may rely on here. */
export interface RlimitOptions {
  /** The kernel never refuses root a process, so the watchdog alone holds a fork bomb of a server that runs as root. */
  readonly root: boolean;
  /** Numbers of the processors that this process may use. */
  readonly processors: readonly number[];
  readonly taskset: string | null;
  readonly nice: string | null;
}

/**
 * Limits without control groups: the kernel's per-process limits as the outer bound, and a watchdog that adds up what
 * /proc tells of all processes, twenty times a second and more. Between two looks a run can exceed a limit. The programs
 * get processors of their own, so that whatever they do the watchdog finds one that is free to end them: a fork bomb
 * that shared all processors with it once reached 16,000 processes before it could.
 */
export function createRlimitDriver(options: RlimitOptions): LimitDriver {
  let turn = 0;
  return {
    name: 'rlimit',
    create(_runId, limits) {
      turn += 1;
      return createGroup(limits, { ...options, turn });
    },
    recover: () => Promise.resolve(),
    dispose: () => Promise.resolve(),
  };
}

function createGroup(limits: Limits, options: RlimitOptions & { readonly turn: number }): LimitGroup {
  const { root } = options;
  const pageBytes = pageSizeBytes();
  let outermost: number | null = null;
  let startTime: number | null = null;
  const peak = { memoryBytes: 0, processes: 0, ticks: 0 };
  let memoryExceeded = 0;
  let processesExceeded = 0;

  /** When it has ended and its id is another process's, there is none. */
  const tree = () =>
    outermost === null || !isAlive(outermost, startTime ?? -1) ? [] : processTree(outermost);

  function usage(): GroupUsage {
    const entries = tree();
    const memoryBytes = entries.reduce((sum, entry) => sum + entry.residentPages * pageBytes, 0);
    const processes = Math.max(0, countTasks(entries) - wrapperProcesses);
    peak.memoryBytes = Math.max(peak.memoryBytes, memoryBytes);
    peak.processes = Math.max(peak.processes, processes);
    if (memoryBytes > limits.memoryBytes) memoryExceeded += 1;
    if (processes > limits.processes) processesExceeded += 1;
    // A parent's ticks hold those of the children that it has waited for, so the sum over the living is the whole.
    const ticks = entries.reduce((sum, entry) => sum + entry.ticks, 0);
    peak.ticks = Math.max(peak.ticks, ticks);
    return {
      memoryBytes,
      peakMemoryBytes: peak.memoryBytes,
      cpuMs: (peak.ticks * 1000) / ticksPerSecond,
      processes,
      peakProcesses: peak.processes,
      outOfMemoryKills: memoryExceeded,
      refusedForks: processesExceeded * 1000,
    };
  }

  return {
    joinScript: [
      `ulimit -d ${Math.floor((limits.memoryBytes + dataSlackBytes) / 1024)}`,
      // Only half a limit: the kernel counts it for each process apart.
      limits.cpuMs === null ? '' : `ulimit -t ${Math.ceil(limits.cpuMs / 1000) + 1}`,
    ].join('\n'),
    prefix: prefixOf(limits, options),
    wrap: (command) => (root ? command : withProcessLimit(command, limits.processes)),
    sampleEveryMs: root ? 20 : 50,
    started(processId) {
      outermost = processId;
      startTime = startTimeOf(processId);
    },
    usage,
    cpuMs: () => usage().cpuMs,
    processIds: () => tree().map((entry) => entry.processId),
    kill() {
      const entries = tree();
      // The first process inside, whose end is the end of all: it must not wait for its turn behind a fork bomb.
      const first = entries.find((entry) => entry.parentId === outermost);
      if (first !== undefined) hurry(first.processId);
      for (const entry of [first, ...entries]) if (entry !== undefined) killQuietly(entry.processId);
    },
    remove: () => Promise.resolve(),
  };
}

function hurry(processId: number): void {
  try {
    setPriority(processId, constants.priority.PRIORITY_HIGHEST);
  } catch {
    // only root may
  }
}

/** All processors but the first are the programs', each run on as many as its limit says, in turns. */
function prefixOf(limits: Limits, options: RlimitOptions & { readonly turn: number }): string[] {
  const { processors, taskset, nice, turn } = options;
  const lowered = nice === null ? [] : [nice, '-n', '5'];
  const usable = processors.slice(1);
  if (taskset === null || usable.length === 0) return lowered;
  const count = Math.min(usable.length, Math.max(1, Math.ceil(limits.cpuCores)));
  const chosen = Array.from({ length: count }, (_, index) => usable[(turn + index) % usable.length]);
  return [...lowered, taskset, '-c', chosen.join(',')];
}

function countTasks(entries: readonly ProcessEntry[]): number {
  return entries.reduce((sum, entry) => sum + (entry.state === 'Z' ? 1 : entry.threads), 0);
}

/**
 * Sets the limit on processes inside of the sandbox: there it counts the processes of the sandbox only (per user
 * namespace, since Linux 5.14). The superuser's account is exempt from it.
 */
function withProcessLimit(command: readonly string[], processes: number): readonly string[] {
  const count = processes + wrapperProcesses;
  const script = `ulimit -u ${count} 2>/dev/null || ulimit -p ${count} 2>/dev/null; exec "$@"`;
  return ['/bin/sh', '-c', script, 'sh', ...command];
}
