import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface RunningTarget extends AsyncDisposable {
  readonly name: string;
  readonly port: number;
  readonly token: string;
  /** CPU time of the process so far, in seconds. */
  cpuSeconds(): number;
  /** Memory in use, in MiB. */
  residentMiB(): number;
}

const ticksPerSecond = 100;

/** Starts one server of targets.ts as a process of its own. */
export async function startTarget(name: string): Promise<RunningTarget> {
  const script = fileURLToPath(new URL('./targets.ts', import.meta.url));
  const child: ChildProcess = spawn(process.execPath, [script, name], { stdio: ['pipe', 'pipe', 'inherit'] });
  if (child.stdout === null) throw new Error('no output');
  const [port, token] = await readiness(createInterface({ input: child.stdout }));
  return {
    name,
    port,
    token,
    cpuSeconds() {
      const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
      return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
    },
    residentMiB() {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
      return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) / 1024;
    },
    async [Symbol.asyncDispose]() {
      child.stdin?.end();
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}

/** Waits for the line `ready <port> <token>` among what else is printed. */
async function readiness(lines: AsyncIterable<string>): Promise<[port: number, token: string]> {
  for await (const line of lines) {
    const [word, port, token = '-'] = line.split(' ');
    if (word === 'ready') return [Number(port), token];
  }
  throw new Error('the server ended before it was ready');
}
