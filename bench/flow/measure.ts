import { spawnSync } from 'node:child_process';

/** Processor time of a program and all it started in user mode, in seconds; wall time; the largest resident set in MiB. */
export interface Cost {
  readonly userSeconds: number;
  readonly wallSeconds: number;
  readonly memoryMiB: number;
}

/** Runs a program under GNU time (Debian package `time`). Throws when it fails. */
export function measure(
  argv: readonly string[],
  options: { cwd: string; env?: Record<string, string> },
): Cost {
  const { status, stderr } = spawnSync('/usr/bin/time', ['-f', 'cost %U %e %M', ...argv], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  const match = /^cost ([\d.]+) ([\d.]+) (\d+)$/m.exec(stderr ?? '');
  if (status !== 0 || match === null) throw new Error(`${argv.join(' ')} failed:\n${stderr}`);
  return { userSeconds: Number(match[1]), wallSeconds: Number(match[2]), memoryMiB: Number(match[3]) / 1024 };
}

/** One after the other: times add up, of the memory the larger counts. */
export function together(first: Cost, second: Cost): Cost {
  return {
    userSeconds: first.userSeconds + second.userSeconds,
    wallSeconds: first.wallSeconds + second.wallSeconds,
    memoryMiB: Math.max(first.memoryMiB, second.memoryMiB),
  };
}
