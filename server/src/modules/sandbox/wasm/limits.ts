import { fault } from '#base/fault.ts';
import type { SandboxConfig } from '../config.ts';
import type { ExecutionLimits } from '../contract-execute.ts';
import type { Limits } from '../run/contract-shapes.ts';

/** What a call gets that asks for nothing. */
export const defaultWasmLimits = {
  timeMs: 10_000,
  memoryBytes: 256 * 1024 * 1024,
  outputBytes: 1024 * 1024,
  fuel: 10_000_000_000,
} as const;

/** The most that a call may ask for. */
export function wasmMaxima(config: SandboxConfig): WasmLimits {
  return {
    timeMs: config.maxTimeMs,
    memoryBytes: config.wasmMemoryBytes,
    outputBytes: config.maxOutputBytes,
    fuel: config.wasmFuel,
    cpuMs: null,
    processes: null,
  };
}

export interface AskedLimits {
  readonly timeMs?: number | undefined;
  readonly memoryBytes?: number | undefined;
  readonly outputBytes?: number | undefined;
  readonly cpuMs?: number | undefined;
  readonly fuel?: number | undefined;
}

export interface WasmLimits extends ExecutionLimits {
  readonly fuel: number;
}

/**
 * The limits of one call: what was asked for, else the default, never above what the server allows.
 * @throws sandbox.limit_too_high
 */
export function resolveWasmLimits(asked: AskedLimits, config: SandboxConfig): WasmLimits {
  const maxima = wasmMaxima(config);
  const pick = (name: keyof typeof defaultWasmLimits) => {
    const value = asked[name];
    if (value === undefined) return Math.min(defaultWasmLimits[name], maxima[name]);
    if (value > maxima[name]) throw fault('sandbox.limit_too_high', { name, maximum: maxima[name] });
    return value;
  };
  return {
    timeMs: pick('timeMs'),
    memoryBytes: pick('memoryBytes'),
    outputBytes: pick('outputBytes'),
    fuel: pick('fuel'),
    cpuMs: asked.cpuMs ?? null,
    processes: null,
  };
}

/** The same in the words of the history, which has one shape for every engine. */
export function historyLimits(limits: WasmLimits, fileBytes: number): Limits {
  const { timeMs, memoryBytes, outputBytes, cpuMs } = limits;
  return {
    ...{ timeMs, memoryBytes, outputBytes, cpuMs },
    ...{ cpuCores: 1, processes: 1, diskBytes: fileBytes, diskFiles: fileEntries, openFiles: 1024 },
  };
}

/** Files and folders that a call may be given or make. */
export const fileEntries = 20_000;
