import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Limits } from '../run/contract-shapes.ts';
import {
  emptyAndRemove,
  killQuietly,
  namesOfTheDead,
  ownName,
  processIdsOf,
  readControl,
  readKey,
  readNumber,
  removeIfIdle,
  removeWithChildren,
  tryWriteControl,
  writeControl,
} from './control-files.ts';
import {
  type GroupUsage,
  type LimitDriver,
  type LimitGroup,
  ownerName,
  shellQuote,
  wrapperProcesses,
} from './group.ts';

export interface Cgroup2Options {
  /** A group that this account may change and that has no processes of its own, or the root group. */
  readonly delegated: string;
  /** Name of the platform's group, unique to the installation. */
  readonly name: string;
  /** Bytes of memory of all runs together. */
  readonly totalMemoryBytes: number;
}

const cpuPeriodUs = 100_000;
const controllers = '+memory +pids +cpu';

/** Limits by cgroup version 2 (Documentation/admin-guide/cgroup-v2 of the kernel). */
export function createCgroup2Driver({ delegated, name, totalMemoryBytes }: Cgroup2Options): LimitDriver {
  const root = path.join(delegated, name);
  const own = path.join(root, ownName());
  mkdirSync(own, { recursive: true });
  // A controller works in a group only when every group above hands it down.
  for (const group of [delegated, root, own]) writeControl(`${group}/cgroup.subtree_control`, controllers);
  writeControl(`${own}/memory.max`, totalMemoryBytes);
  // The server keeps twice the weight of all sandboxes together when the processor is contended.
  tryWriteControl(`${root}/cpu.weight`, 50);

  return {
    name: 'cgroup2',
    create(runId, limits, owner) {
      if (owner === undefined) return createGroup(path.join(own, runId), limits);
      const above = path.join(own, ownerName(owner));
      mkdirSync(above, { recursive: true });
      writeControl(`${above}/cgroup.subtree_control`, controllers);
      return createGroup(path.join(above, runId), limits);
    },
    async recover() {
      for (const dead of namesOfTheDead(root)) {
        tryWriteControl(path.join(root, dead, 'cgroup.kill'), 1);
        await removeWithChildren(path.join(root, dead));
      }
    },
    async dispose() {
      await removeWithChildren(own);
      removeIfIdle(root);
    },
  };
}

function createGroup(group: string, limits: Limits): LimitGroup {
  mkdirSync(group);
  writeControl(`${group}/memory.max`, limits.memoryBytes);
  tryWriteControl(`${group}/memory.swap.max`, 0);
  tryWriteControl(`${group}/memory.oom.group`, 1);
  writeControl(`${group}/pids.max`, limits.processes + wrapperProcesses);
  writeControl(`${group}/cpu.max`, `${Math.round(limits.cpuCores * cpuPeriodUs)} ${cpuPeriodUs}`);
  let peakProcesses = 0;
  let peakMemoryBytes = 0;

  const cpuMs = () => readKey(`${group}/cpu.stat`, 'usage_usec') / 1000;

  function usage(): GroupUsage {
    const processes = Math.max(0, (readNumber(`${group}/pids.current`) ?? 0) - wrapperProcesses);
    const refusedForks = readKey(`${group}/pids.events`, 'max');
    const memoryBytes = readNumber(`${group}/memory.current`) ?? 0;
    const outOfMemoryKills = readKey(`${group}/memory.events`, 'oom_kill');
    peakProcesses = Math.max(
      peakProcesses,
      processes,
      (readNumber(`${group}/pids.peak`) ?? 0) - wrapperProcesses,
      refusedForks > 0 ? limits.processes : 0,
    );
    // Kernels before 5.19 do not keep the peak: then it is the highest that was seen, or the limit when it was hit.
    peakMemoryBytes = Math.max(
      peakMemoryBytes,
      memoryBytes,
      readNumber(`${group}/memory.peak`) ?? 0,
      outOfMemoryKills > 0 ? limits.memoryBytes : 0,
    );
    return {
      memoryBytes,
      peakMemoryBytes,
      cpuMs: cpuMs(),
      processes,
      peakProcesses,
      outOfMemoryKills,
      refusedForks,
    };
  }

  return {
    joinScript: `echo $$ > ${shellQuote(`${group}/cgroup.procs`)}`,
    prefix: [],
    wrap: (command) => command,
    sampleEveryMs: 250,
    started: () => undefined,
    usage,
    cpuMs,
    processIds: () => processIdsOf(group),
    kill() {
      // Kernels before 5.14 lack cgroup.kill.
      for (const processId of processIdsOf(group)) killQuietly(processId);
      tryWriteControl(`${group}/cgroup.kill`, 1);
    },
    async remove() {
      tryWriteControl(`${group}/cgroup.kill`, 1);
      await emptyAndRemove(group);
      // The owner's group, when this was the last in it; not the platform's own.
      if (path.basename(path.dirname(group)).startsWith('u')) removeIfIdle(path.dirname(group));
    },
  };
}

/**
 * Frees a group of its own processes, so that it may hand controllers to groups inside (the rule of cgroup 2 that only
 * leaves hold processes): they move to a leaf beside the sandboxes. Done only in a group that belongs to this account.
 */
export function moveOwnProcessesToLeaf(group: string): void {
  const leaf = path.join(group, 'cyberdevstudio-server');
  mkdirSync(leaf, { recursive: true });
  for (let round = 0; round < 10; round += 1) {
    const processIds = processIdsOf(group);
    if (processIds.length === 0) return;
    for (const processId of processIds) tryWriteControl(`${leaf}/cgroup.procs`, processId);
  }
}

/** True when the controllers that limits need can be handed down from this group. */
export function offersControllers(group: string): boolean {
  const offered = readControl(`${group}/cgroup.controllers`)?.trim().split(' ') ?? [];
  return ['memory', 'pids', 'cpu'].every((controller) => offered.includes(controller));
}
