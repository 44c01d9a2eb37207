import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** What /proc tells of one process (proc(5)). Times in clock ticks. */
export interface ProcessEntry {
  readonly processId: number;
  readonly parentId: number;
  readonly name: string;
  readonly state: string;
  /** Processor time of the process and of its children that have ended and been waited for. */
  readonly ticks: number;
  readonly threads: number;
  readonly startTime: number;
  readonly residentPages: number;
}

/** Ticks a second of times in /proc: fixed at 100 for user space on x86-64 and arm64 (USER_HZ). */
export const ticksPerSecond = 100;

/** Bytes of one page of memory: 4096 on x86-64, more on some arm64 kernels. */
export function pageSizeBytes(): number {
  const match = /^KernelPageSize:\s+(\d+) kB/m.exec(readFileSync('/proc/self/smaps', 'utf8'));
  return match === null ? 4096 : Number(match[1]) * 1024;
}

/** Reads /proc/<id>/stat; null when there is no such process. */
export function processEntry(processId: number): ProcessEntry | null {
  let text: string;
  try {
    text = readFileSync(`/proc/${processId}/stat`, 'utf8');
  } catch {
    return null;
  }
  // The name stands in parentheses and may itself hold spaces and parentheses.
  const nameEnd = text.lastIndexOf(')');
  const fields = text.slice(nameEnd + 2).split(' ');
  const field = (index: number) => Number(fields[index - 3] ?? 0);
  return {
    processId,
    parentId: field(4),
    name: text.slice(text.indexOf('(') + 1, nameEnd),
    state: fields[0] ?? '',
    ticks: field(14) + field(15) + field(16) + field(17),
    threads: field(20),
    startTime: field(22),
    residentPages: field(24),
  };
}

export function startTimeOf(processId: number): number | null {
  return processEntry(processId)?.startTime ?? null;
}

/** True when this very process lives: same id, same start. A zombie counts as dead. */
export function isAlive(processId: number, startTime: number): boolean {
  const entry = processEntry(processId);
  return entry !== null && entry.startTime === startTime && entry.state !== 'Z';
}

/** Ids of a process's children, by the kernel's own list (CONFIG_PROC_CHILDREN); null where it keeps none. */
function childrenOf(processId: number): number[] | null {
  try {
    return readdirSync(`/proc/${processId}/task`).flatMap((thread) =>
      readFileSync(`/proc/${processId}/task/${thread}/children`, 'utf8')
        .split(' ')
        .filter(Boolean)
        .map(Number),
    );
  } catch {
    return existsSync('/proc/self/task') && !existsSync(`/proc/self/task/${process.pid}/children`)
      ? null
      : [];
  }
}

/** Every process below the given one, itself first. Orphans stay below: the sandbox has a first process of its own. */
export function processTree(rootId: number): ProcessEntry[] {
  const root = processEntry(rootId);
  if (root === null) return [];
  const tree = [root];
  for (let index = 0; index < tree.length; index += 1) {
    const children = childrenOf(tree[index]?.processId ?? -1);
    if (children === null) return treeByParents(root);
    for (const child of children) {
      const entry = processEntry(child);
      if (entry !== null) tree.push(entry);
    }
  }
  return tree;
}

/** As `processTree`, by looking at every process of the machine. */
function treeByParents(root: ProcessEntry): ProcessEntry[] {
  const byParent = new Map<number, ProcessEntry[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const entry = processEntry(Number(name));
    if (entry === null) continue;
    const siblings = byParent.get(entry.parentId);
    if (siblings === undefined) byParent.set(entry.parentId, [entry]);
    else siblings.push(entry);
  }
  const tree = [root];
  for (let index = 0; index < tree.length; index += 1) {
    tree.push(...(byParent.get(tree[index]?.processId ?? -1) ?? []));
  }
  return tree;
}
