import type { KilledBy } from '../run/contract-shapes.ts';
import { GuestError, type GuestExit } from './machine/agent.ts';
import type { Machine } from './machine/machine.ts';
import type { GuestRequest } from './machine/program.ts';

export interface ExecutionOptions {
  readonly stdin?: string | undefined;
  readonly keepInput?: boolean | undefined;
  readonly timeoutMs: number;
  readonly outputBytes: number;
  readonly signal: AbortSignal;
  readonly onOutput: (stream: 'stdout' | 'stderr', data: Buffer) => void;
}

export interface Executed {
  /** As a shell tells it; null when a limit or a person ended it. */
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly killedBy: KilledBy | null;
  readonly truncated: boolean;
  readonly outputBytes: number;
  readonly durationMs: number;
  readonly cpuMs: number;
  readonly peakMemoryBytes: number;
}

export interface ActiveExecution {
  /** Ends the program; the first reason given is the one reported. */
  readonly kill: (by: KilledBy) => void;
  readonly write: (data: Buffer) => Promise<boolean>;
  readonly endInput: () => void;
  /** @throws GuestError when the machine itself has ended */
  readonly ended: Promise<Executed>;
}

/**
 * A guest that does not end a killed program in time is itself at fault, and ended. On a busy server it may not have had a
 * processor meanwhile, which is not its fault: so it has either this much of one, or, when it asks for none, this time.
 */
const killGraceMs = 5000;
/** Below this it did not want a processor, rather than got none. */
const idleCpuMs = 250;
const longestGraceMs = 30_000;
const graceStepMs = 250;
/** What a guest may still send of a program that has been told to stop for printing too much. */
const floodFactor = 8;

/** Runs a program in a machine, within limits that hold whatever the guest does. */
export function executeInMachine(
  machine: Machine,
  request: GuestRequest,
  options: ExecutionOptions,
): ActiveExecution {
  const startedMs = performance.now();
  let killedBy: KilledBy | null = null;
  let outputBytes = 0;
  let truncated = false;
  let grace: NodeJS.Timeout | undefined;

  const run = machine.agent.run(request, {
    ...(options.stdin === undefined ? {} : { stdin: options.stdin }),
    ...(options.keepInput === undefined ? {} : { keepInput: options.keepInput }),
    onOutput(stream, data) {
      const room = Math.max(0, options.outputBytes - outputBytes);
      outputBytes += data.length;
      if (room > 0) options.onOutput(stream, Buffer.from(data.subarray(0, room)));
      if (data.length <= room) return;
      truncated = true;
      kill('output');
      if (outputBytes > (options.outputBytes + 1024 * 1024) * floodFactor)
        void machine[Symbol.asyncDispose]();
    },
  });

  function kill(by: KilledBy): void {
    if (killedBy !== null) return;
    killedBy = by;
    run.kill();
    const [killedMs, cpuBeforeMs] = [performance.now(), machine.usage().cpuMs];
    grace = setInterval(() => {
      const waitedMs = performance.now() - killedMs;
      const cpuMs = machine.usage().cpuMs - cpuBeforeMs;
      const hadItsTime = waitedMs > killGraceMs && (cpuMs > killGraceMs || cpuMs < idleCpuMs);
      if (hadItsTime || waitedMs > longestGraceMs) void machine[Symbol.asyncDispose]();
    }, graceStepMs);
  }

  async function finish(): Promise<Executed> {
    const timer = setTimeout(() => kill('time'), options.timeoutMs);
    const onAbort = () => kill('client');
    options.signal.addEventListener('abort', onAbort, { once: true });
    if (options.signal.aborted) onAbort();
    try {
      const exit = await run.ended.catch((error: unknown) => {
        // The guest did not obey, so its machine was ended; the program has met its limit all the same.
        if (killedBy !== null && error instanceof GuestError) return null;
        throw error;
      });
      return conclude(exit);
    } finally {
      clearTimeout(timer);
      clearInterval(grace);
      options.signal.removeEventListener('abort', onAbort);
    }
  }

  function conclude(exit: GuestExit | null): Executed {
    const reason = killedBy ?? (exit === null ? null : limitOf(exit));
    const signal = exit?.signal ?? null;
    return {
      exitCode: reason !== null ? null : signal === null ? (exit?.exitCode ?? null) : 128 + signal,
      signal: signal === null ? null : `SIG${signal}`,
      killedBy: reason,
      truncated,
      outputBytes,
      durationMs: performance.now() - startedMs,
      cpuMs: exit?.cpuMs ?? 0,
      peakMemoryBytes: Math.round(exit?.peakMemoryBytes ?? 0),
    };
  }

  const { write, endInput } = run;
  return { kill, write, endInput, ended: finish() };
}

function limitOf(exit: GuestExit): KilledBy | null {
  if (exit.outOfMemoryKills > 0 && exit.signal === 9) return 'memory';
  if (exit.refusedForks > 0 && exit.exitCode !== 0) return 'processes';
  return null;
}
