import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Limits } from '../run/contract-shapes.ts';
import {
  emptyAndRemove,
  killQuietly,
  namesOfTheDead,
  ownName,
  processIdsOf,
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

/** Folder of the own group in each hierarchy of cgroup version 1; cpu and cpuacct may be the same one. */
export interface Hierarchies {
  readonly memory: string;
  readonly pids: string;
  readonly cpu: string;
  readonly cpuacct: string;
}

export interface Cgroup1Options {
  readonly hierarchies: Hierarchies;
  /** Name of the platform's group, unique to the installation. */
  readonly name: string;
  /** Bytes of memory of all runs together. */
  readonly totalMemoryBytes: number;
}

const cpuPeriodUs = 100_000;

/** Limits by cgroup version 1 (Documentation/admin-guide/cgroup-v1 of the kernel). */
export function createCgroup1Driver({ hierarchies, name, totalMemoryBytes }: Cgroup1Options): LimitDriver {
  const roots = Object.values(hierarchies).map((folder) => path.join(folder, name));
  const own = ownName();
  const folderOf = (controller: keyof Hierarchies, ...rest: string[]) =>
    path.join(hierarchies[controller], name, own, ...rest);
  prepare();

  function prepare(): void {
    for (const root of roots) mkdirSync(path.join(root, own), { recursive: true });
    writeControl(path.join(folderOf('memory'), 'memory.limit_in_bytes'), totalMemoryBytes);
    // The server keeps twice the weight of all sandboxes together when the processor is contended.
    tryWriteControl(path.join(hierarchies.cpu, name, 'cpu.shares'), 512);
  }

  async function recover(): Promise<void> {
    for (const root of roots) {
      for (const dead of namesOfTheDead(root)) {
        await removeWithChildren(path.join(root, dead));
      }
    }
  }

  return {
    name: 'cgroup1',
    create: (runId, limits, owner) => {
      const above = owner === undefined ? [] : [ownerName(owner)];
      return createGroup((controller) => folderOf(controller, ...above, runId), limits);
    },
    recover,
    async dispose() {
      for (const root of roots) {
        await removeWithChildren(path.join(root, own));
        removeIfIdle(root);
      }
    },
  };
}

function createGroup(folderOf: (controller: keyof Hierarchies) => string, limits: Limits): LimitGroup {
  const [memory, pids, cpu, cpuacct] = (['memory', 'pids', 'cpu', 'cpuacct'] as const).map(folderOf) as [
    string,
    string,
    string,
    string,
  ];
  const folders = [...new Set([memory, pids, cpu, cpuacct])];
  for (const folder of folders) mkdirSync(folder, { recursive: true });
  writeControl(`${memory}/memory.limit_in_bytes`, limits.memoryBytes);
  tryWriteControl(`${memory}/memory.memsw.limit_in_bytes`, limits.memoryBytes);
  writeControl(`${pids}/pids.max`, limits.processes + wrapperProcesses);
  writeControl(`${cpu}/cpu.cfs_period_us`, cpuPeriodUs);
  writeControl(`${cpu}/cpu.cfs_quota_us`, Math.round(limits.cpuCores * cpuPeriodUs));
  let peakProcesses = 0;

  const cpuMs = () => (readNumber(`${cpuacct}/cpuacct.usage`) ?? 0) / 1e6;

  function usage(): GroupUsage {
    const processes = Math.max(0, (readNumber(`${pids}/pids.current`) ?? 0) - wrapperProcesses);
    const refusedForks = readKey(`${pids}/pids.events`, 'max');
    peakProcesses = Math.max(
      peakProcesses,
      processes,
      (readNumber(`${pids}/pids.peak`) ?? 0) - wrapperProcesses,
      refusedForks > 0 ? limits.processes : 0,
    );
    return {
      memoryBytes: readNumber(`${memory}/memory.usage_in_bytes`) ?? 0,
      peakMemoryBytes: readNumber(`${memory}/memory.max_usage_in_bytes`) ?? 0,
      cpuMs: cpuMs(),
      processes,
      peakProcesses,
      outOfMemoryKills: readKey(`${memory}/memory.oom_control`, 'oom_kill'),
      refusedForks,
    };
  }

  return {
    joinScript: folders.map((folder) => `echo $$ > ${shellQuote(`${folder}/cgroup.procs`)}`).join('\n'),
    prefix: [],
    wrap: (command) => command,
    sampleEveryMs: 250,
    started: () => undefined,
    usage,
    cpuMs,
    processIds: () => processIdsOf(pids),
    kill() {
      for (const processId of processIdsOf(pids)) killQuietly(processId);
    },
    async remove() {
      await Promise.all(folders.map(emptyAndRemove));
      // The owner's group, when this was the last in it; not the platform's own.
      for (const above of folders.map((folder) => path.dirname(folder))) {
        if (path.basename(above).startsWith('u')) removeIfIdle(above);
      }
    },
  };
}
