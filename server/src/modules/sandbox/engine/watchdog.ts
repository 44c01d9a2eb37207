import type { GroupUsage, LimitGroup } from '../limits/group.ts';
import type { KilledBy, Limits } from '../run/contract-shapes.ts';
import { createDiskWatch } from './disk-watch.ts';

export interface WatchdogOptions {
  readonly group: LimitGroup;
  readonly limits: Limits;
  readonly workspacePath: string;
  /** False for terminals: a person may think longer than any program may run. */
  readonly timed: boolean;
  readonly onExceeded: (limit: KilledBy) => void;
  /** About four times a second. */
  readonly onUsage?: (usage: GroupUsage) => void;
}

const usageEveryMs = 250;
const diskLookEveryMs = 100;
/**
 * A program that was refused a process or two may cope, and is left to. Only a fork bomb goes on trying; 32 refusals end it.
 */
const refusedForksOfABomb = 32;

/**
 * Looks after one run: its time by a timer, the rest by looking at the group again and again. Memory and the number of
 * processes are held by the kernel at any moment; the watchdog makes a clean end of a run that has hit them.
 */
export function createWatchdog(options: WatchdogOptions) {
  const { group, limits, onExceeded } = options;
  const disk = createDiskWatch({
    workspacePath: options.workspacePath,
    bytes: limits.diskBytes,
    files: limits.diskFiles,
  });
  const timeout = options.timed ? setTimeout(() => onExceeded('time'), limits.timeMs) : null;
  const diskTimer = setInterval(() => disk.look(() => onExceeded('disk')), diskLookEveryMs);
  let sinceUsageMs = 0;
  const usageTimer = setInterval(look, group.sampleEveryMs);

  function look(): void {
    const usage = group.usage();
    const limit = limitHit(usage);
    if (limit !== null) onExceeded(limit);
    sinceUsageMs += group.sampleEveryMs;
    if (sinceUsageMs >= usageEveryMs) {
      sinceUsageMs = 0;
      options.onUsage?.(usage);
    }
  }

  function limitHit(usage: GroupUsage): KilledBy | null {
    // A fork bomb that is seen late has also taken the memory of all its processes: the cause is named, not the effect.
    if (usage.refusedForks >= refusedForksOfABomb) return 'processes';
    if (usage.outOfMemoryKills > 0) return 'memory';
    if (limits.cpuMs !== null && usage.cpuMs > limits.cpuMs) return 'cpu';
    return null;
  }

  return {
    stop(): void {
      if (timeout !== null) clearTimeout(timeout);
      clearInterval(diskTimer);
      clearInterval(usageTimer);
      disk.stop();
    },
    diskTouched: disk.touched,
  };
}

/**
 * Which limit made a program fail that ended by itself before the watchdog looked: its own end tells (SIGXFSZ, SIGXCPU),
 * or the group's counters do. A program that coped with a refusal and ended well was not ended by it.
 */
export function limitBehindFailure(
  ended: { readonly exitCode: number | null; readonly signal: string | null },
  usage: GroupUsage,
): KilledBy | null {
  if (ended.exitCode === 0) return null;
  if (usage.outOfMemoryKills > 0) return 'memory';
  if (ended.signal === 'SIGXFSZ') return 'disk';
  if (ended.signal === 'SIGXCPU') return 'cpu';
  if (usage.refusedForks > 0) return 'processes';
  return null;
}
