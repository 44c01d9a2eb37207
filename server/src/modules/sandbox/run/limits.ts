import { fault } from '#base/fault.ts';
import type { SandboxConfig } from '../config.ts';
import { defaultLimits, type Limits, type LimitsInput } from './contract-shapes.ts';

/** The most that this server lets a program ask for. */
export function maximaOf(config: SandboxConfig): Limits {
  return {
    timeMs: config.maxTimeMs,
    memoryBytes: Math.min(config.maxMemoryBytes, config.totalMemoryBytes),
    cpuCores: config.maxCpuCores,
    cpuMs: null,
    processes: config.maxProcesses,
    outputBytes: config.maxOutputBytes,
    diskBytes: config.maxDiskBytes,
    diskFiles: config.maxDiskFiles,
    openFiles: config.maxOpenFiles,
  };
}

/** What programs get that ask for nothing: the platform's defaults, lowered where the server's maxima are lower. */
export function defaultsWithin(maxima: Limits): Limits {
  return {
    timeMs: Math.min(defaultLimits.timeMs, maxima.timeMs),
    memoryBytes: Math.min(defaultLimits.memoryBytes, maxima.memoryBytes),
    cpuCores: Math.min(defaultLimits.cpuCores, maxima.cpuCores),
    cpuMs: null,
    processes: Math.min(defaultLimits.processes, maxima.processes),
    outputBytes: Math.min(defaultLimits.outputBytes, maxima.outputBytes),
    diskBytes: Math.min(defaultLimits.diskBytes, maxima.diskBytes),
    diskFiles: Math.min(defaultLimits.diskFiles, maxima.diskFiles),
    openFiles: Math.min(defaultLimits.openFiles, maxima.openFiles),
  };
}

export interface StorageLeft {
  readonly bytes: number;
  readonly files: number;
}

/**
 * The limits of one run: what was asked for, else the default; growth of the workspace never beyond what the owner's
 * storage has left.
 * @throws sandbox.limit_too_high
 */
export function resolveLimits(
  asked: LimitsInput & { readonly timeMs?: number | undefined },
  maxima: Limits,
  left: StorageLeft,
): Limits {
  const defaults = defaultsWithin(maxima);
  const pick = (name: Exclude<keyof Limits, 'cpuMs'>) => {
    const value = asked[name];
    if (value === undefined) return defaults[name];
    if (value > maxima[name]) throw fault('sandbox.limit_too_high', { name, maximum: maxima[name] });
    return value;
  };
  return {
    timeMs: pick('timeMs'),
    memoryBytes: pick('memoryBytes'),
    cpuCores: pick('cpuCores'),
    cpuMs: asked.cpuMs ?? null,
    processes: pick('processes'),
    outputBytes: pick('outputBytes'),
    diskBytes: Math.min(pick('diskBytes'), Math.max(0, left.bytes)),
    diskFiles: Math.min(pick('diskFiles'), Math.max(0, left.files)),
    openFiles: pick('openFiles'),
  };
}
