import type { Limits, RunInput, RunResult } from './use-run.ts';

/** A way to run again that gets past the limit that ended a run. */
export interface MoreLimits {
  readonly name: 'memory' | 'time' | 'output' | 'processes' | 'disk' | 'cpu' | 'fuel';
  readonly amount: number;
  readonly change: Pick<RunInput, 'timeoutMs' | 'limits'>;
}

/**
 * What to raise so that the run would get further, within what the server allows; undefined when no limit ended
 * it or the limit is at its maximum already.
 */
export function moreLimits(result: RunResult, maxima: Limits | undefined): MoreLimits | undefined {
  const { limits, killedBy } = result;
  const raise = (now: number | null, most: number | null | undefined, factor: number) => {
    if (now === null) return undefined;
    const wanted = Math.min(now * factor, most ?? Number.POSITIVE_INFINITY);
    return wanted > now ? wanted : undefined;
  };
  switch (killedBy) {
    case 'memory': {
      const amount = raise(limits.memoryBytes, maxima?.memoryBytes, 2);
      return amount === undefined
        ? undefined
        : { name: 'memory', amount, change: { limits: { memoryBytes: amount } } };
    }
    case 'time': {
      const amount = raise(limits.timeMs, maxima?.timeMs, 3);
      return amount === undefined ? undefined : { name: 'time', amount, change: { timeoutMs: amount } };
    }
    case 'output': {
      const amount = raise(limits.outputBytes, maxima?.outputBytes, 4);
      return amount === undefined
        ? undefined
        : { name: 'output', amount, change: { limits: { outputBytes: amount } } };
    }
    case 'processes': {
      const amount = raise(limits.processes, maxima?.processes, 2);
      return amount === undefined
        ? undefined
        : { name: 'processes', amount, change: { limits: { processes: amount } } };
    }
    case 'disk': {
      const amount = raise(limits.diskBytes, maxima?.diskBytes, 2);
      return amount === undefined
        ? undefined
        : { name: 'disk', amount, change: { limits: { diskBytes: amount } } };
    }
    case 'cpu': {
      const amount = raise(limits.cpuMs, maxima?.cpuMs, 3);
      return amount === undefined
        ? undefined
        : { name: 'cpu', amount, change: { limits: { cpuMs: amount } } };
    }
    case 'fuel': {
      const amount = raise(limits.fuel, maxima?.fuel, 10);
      return amount === undefined
        ? undefined
        : { name: 'fuel', amount, change: { limits: { fuel: amount } } };
    }
    default:
      return undefined;
  }
}
