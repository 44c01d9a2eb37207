import { readdirSync, readFileSync } from 'node:fs';

/** Memory of a process and all its descendants in MiB, shared pages counted in proportion (PSS of smaps_rollup). */
export function treeMemoryMiB(rootProcessId: number): number {
  return sumOverTree(rootProcessId, /^Pss:\s+(\d+)/m);
}

/** The same without files: heaps and stacks, which nothing outside of the processes changes. */
export function treeHeapMiB(rootProcessId: number): number {
  return sumOverTree(rootProcessId, /^Pss_Anon:\s+(\d+)/m);
}

function sumOverTree(rootProcessId: number, kibibytesIn: RegExp): number {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    const parent = Number(/^PPid:\s+(\d+)/m.exec(read(`/proc/${name}/status`))?.[1] ?? -1);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  let kibibytes = 0;
  const waiting = [rootProcessId];
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    kibibytes += Number(kibibytesIn.exec(read(`/proc/${id}/smaps_rollup`))?.[1] ?? 0);
    waiting.push(...(children.get(id) ?? []));
  }
  return kibibytes / 1024;
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // the process has ended meanwhile
  }
}
