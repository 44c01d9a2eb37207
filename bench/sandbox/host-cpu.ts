import { readdirSync, readFileSync } from 'node:fs';
import { processTree } from '@cyberdevstudio/server/modules/sandbox/limits/process-table.ts';

/** Nanoseconds on a processor of each thread (proc(5), schedstat); exact, unlike the times in stat. */
function threadsOf(processId: number): number {
  try {
    return readdirSync(`/proc/${processId}/task`).reduce((sum, thread) => {
      const text = readFileSync(`/proc/${processId}/task/${thread}/schedstat`, 'utf8');
      return sum + Number(text.split(' ')[0]);
    }, 0);
  } catch {
    return 0;
  }
}

/** Processor time that the hosts of WebAssembly programs have taken, all threads, in milliseconds. */
export function hostsCpuMs(): number {
  const hosts = processTree(process.pid).filter(({ processId }) => {
    try {
      return readFileSync(`/proc/${processId}/cmdline`, 'utf8').includes('/wasm/host/main');
    } catch {
      return false;
    }
  });
  return hosts.reduce((sum, { processId }) => sum + threadsOf(processId), 0) / 1e6;
}
