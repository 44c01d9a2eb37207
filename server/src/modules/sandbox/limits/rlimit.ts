import type { Limits } from '../run/contract-shapes.ts';
import { type GroupUsage, type LimitDriver, type LimitGroup, wrapperProcesses } from './group.ts';
import { type ProcessEntry, pageSizeBytes, processTree, ticksPerSecond } from './process-table.ts';

/** Address space that programs such as Node reserve as data without ever touching it. */
const dataSlackBytes = 512 * 1024 * 1024;

/**
 * Limits without control groups: the kernel's per-process limits as the outer bound, and a watchdog that adds up what
 * /proc tells of all processes, twenty times a second. Between two looks a run can exceed a limit for some milliseconds.
 */
export function createRlimitDriver(options: { readonly root: boolean }): LimitDriver {
  return {
    name: 'rlimit',
    create: (_runId, limits) => createGroup(limits, options),
    recover: () => Promise.resolve(),
    dispose: () => Promise.resolve(),
  };
}

function createGroup(limits: Limits, { root }: { readonly root: boolean }): LimitGroup {
  const pageBytes = pageSizeBytes();
  let outermost: number | null = null;
  const peak = { memoryBytes: 0, processes: 0, ticks: 0 };
  let memoryExceeded = 0;
  let processesExceeded = 0;

  const tree = () => (outermost === null ? [] : processTree(outermost));

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
    wrap: (command) => (root ? command : withProcessLimit(command, limits.processes)),
    sampleEveryMs: 50,
    started(processId) {
      outermost = processId;
    },
    usage,
    processIds: () => tree().map((entry) => entry.processId),
    remove: () => Promise.resolve(),
  };
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
