import { readFileSync } from 'node:fs';

/** Memory that a process holds; 0 where the system does not tell (Linux tells it in /proc). */
export function residentBytesOf(processId: number | undefined): number {
  if (processId === undefined) return 0;
  try {
    const kilobytes = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${processId}/status`, 'utf8'))?.[1];
    return Number(kilobytes ?? 0) * 1024;
  } catch {
    return 0;
  }
}
