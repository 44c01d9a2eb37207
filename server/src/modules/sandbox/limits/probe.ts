import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import path from 'node:path';
import { createCgroup1Driver } from './cgroup1.ts';
import { createCgroup2Driver, moveOwnProcessesToLeaf, offersControllers } from './cgroup2.ts';
import { processIdsOf } from './control-files.ts';
import type { LimitDriver } from './group.ts';
import { processEntry } from './process-table.ts';
import { createRlimitDriver, type RlimitOptions } from './rlimit.ts';

export interface ProbeOptions {
  /** Data folder of the installation: installations on one machine keep apart by it. */
  readonly dataDir: string;
  readonly totalMemoryBytes: number;
  /** `auto` takes the first that works: cgroup 2, cgroup 1, rlimit. */
  readonly wanted: 'auto' | 'cgroup2' | 'cgroup1' | 'rlimit';
  /** A cgroup 2 folder that was handed to this account, absolute. */
  readonly delegatedGroup?: string | undefined;
}

export interface ProbedDriver {
  readonly driver: LimitDriver;
  /** Why the better drivers do not work here, by driver. */
  readonly refusals: readonly { readonly driver: string; readonly reason: string }[];
}

/** Picks the way to keep limits by really making a group, with every limit set, and removing it again. */
export async function probeLimitDriver(options: ProbeOptions): Promise<ProbedDriver> {
  const name = `cyberdevstudio-${createHash('sha256').update(options.dataDir).digest('hex').slice(0, 12)}`;
  const refusals: { driver: string; reason: string }[] = [];
  const candidates: { driver: string; make: () => LimitDriver }[] = [
    ...cgroup2Candidates(options).map((delegated) => ({
      driver: 'cgroup2',
      make: () => cgroup2At(delegated, { name, totalMemoryBytes: options.totalMemoryBytes }),
    })),
    {
      driver: 'cgroup1',
      make: () =>
        createCgroup1Driver({
          hierarchies: ownHierarchies(),
          name,
          totalMemoryBytes: options.totalMemoryBytes,
        }),
    },
  ].filter(({ driver }) => options.wanted === 'auto' || options.wanted === driver);
  for (const { driver, make } of candidates) {
    try {
      const made = make();
      await tryGroup(made);
      return { driver: made, refusals };
    } catch (error) {
      refusals.push({ driver, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  return { driver: createRlimitDriver(rlimitOptions()), refusals };
}

function rlimitOptions(): RlimitOptions {
  const program = (name: string) => {
    const file = `/usr/bin/${name}`;
    return existsSync(file) ? file : null;
  };
  return {
    root: process.getuid?.() === 0,
    processors: allowedProcessors(readFileSync('/proc/self/status', 'utf8')),
    taskset: program('taskset'),
    nice: program('nice'),
  };
}

/** The numbers in `Cpus_allowed_list` of /proc/<id>/status, such as `0-3,8`. */
export function allowedProcessors(status: string): number[] {
  const list = /^Cpus_allowed_list:\s+(\S+)/m.exec(status)?.[1] ?? '';
  return list.split(',').flatMap((part) => {
    const [from = 0, to = from] = part.split('-').map(Number);
    return part === '' ? [] : Array.from({ length: to - from + 1 }, (_, index) => from + index);
  });
}

async function tryGroup(driver: LimitDriver): Promise<void> {
  const group = driver.create('probe', {
    timeMs: 1000,
    memoryBytes: Math.min(64 * 1024 * 1024, totalmem()),
    cpuCores: Math.min(1, availableParallelism()),
    cpuMs: null,
    processes: 16,
    outputBytes: 0,
    diskBytes: 0,
    diskFiles: 0,
    openFiles: 64,
  });
  await group.remove();
}

function cgroup2At(delegated: string, options: { name: string; totalMemoryBytes: number }): LimitDriver {
  if (!offersControllers(delegated))
    throw new Error(`${delegated} offers no memory, pids and cpu controllers`);
  const isRootGroup = !existsSync(`${delegated}/cgroup.type`);
  if (!isRootGroup && processIdsOf(delegated).length > 0) {
    if (!processIdsOf(delegated).every(isKin)) {
      throw new Error(`${delegated} holds processes that are not this server's`);
    }
    moveOwnProcessesToLeaf(delegated);
  }
  return createCgroup2Driver({ delegated, ...options });
}

/** True for this process, those that started it and those it started: what may be moved to another group. */
function isKin(processId: number): boolean {
  return isAncestor(processId, process.pid) || isAncestor(process.pid, processId);
}

function isAncestor(ancestor: number, processId: number): boolean {
  for (let id = processId; id > 0; ) {
    if (id === ancestor) return true;
    const entry = processEntry(id);
    if (entry === null) return false;
    id = entry.parentId;
  }
  return false;
}

interface CgroupMount {
  readonly mountPoint: string;
  /** Path of the mount's root within the hierarchy. */
  readonly root: string;
  readonly controllers: readonly string[];
  readonly version: 1 | 2;
}

function cgroupMounts(): CgroupMount[] {
  const text = readFileSync('/proc/self/mountinfo', 'utf8');
  return text.split('\n').flatMap((line) => {
    const [left, right] = line.split(' - ');
    if (left === undefined || right === undefined) return [];
    const [type, , options] = right.split(' ');
    if (type !== 'cgroup' && type !== 'cgroup2') return [];
    const fields = left.split(' ');
    const version: 1 | 2 = type === 'cgroup2' ? 2 : 1;
    const controllers = options?.split(',') ?? [];
    return [{ mountPoint: fields[4] ?? '', root: fields[3] ?? '/', controllers, version }];
  });
}

/** Path of the own group by controller; the empty name is that of cgroup 2 (cgroups(7)). */
function ownGroups(): Map<string, string> {
  const groups = new Map<string, string>();
  for (const line of readFileSync('/proc/self/cgroup', 'utf8').split('\n')) {
    const match = /^\d+:([^:]*):(.*)$/.exec(line);
    if (match === null) continue;
    for (const controller of (match[1] ?? '').split(',')) groups.set(controller, match[2] ?? '/');
  }
  return groups;
}

function folderOf(mount: CgroupMount, group: string): string {
  const inside =
    mount.root === '/' ? group : group.startsWith(mount.root) ? group.slice(mount.root.length) : '/';
  return path.join(mount.mountPoint, inside);
}

/** The given group; else the own one; for root also the top, as the own one may be managed by systemd. */
function cgroup2Candidates({ delegatedGroup }: ProbeOptions): string[] {
  if (delegatedGroup !== undefined) return [delegatedGroup];
  const mount = cgroupMounts().find(({ version }) => version === 2);
  const group = ownGroups().get('');
  if (mount === undefined || group === undefined) return [];
  const own = folderOf(mount, group);
  return process.getuid?.() === 0 ? [...new Set([own, mount.mountPoint])] : [own];
}

function ownHierarchies() {
  const mounts = cgroupMounts();
  const groups = ownGroups();
  const hierarchy = (controller: string) => {
    const mount = mounts.find(
      ({ version, controllers }) => version === 1 && controllers.includes(controller),
    );
    const group = groups.get(controller);
    if (mount === undefined || group === undefined) {
      throw new Error(`there is no cgroup 1 hierarchy with the ${controller} controller`);
    }
    return folderOf(mount, group);
  };
  return {
    memory: hierarchy('memory'),
    pids: hierarchy('pids'),
    cpu: hierarchy('cpu'),
    cpuacct: hierarchy('cpuacct'),
  };
}
