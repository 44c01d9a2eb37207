import { expect, test } from 'vitest';
import { moreLimits } from './more-limits.ts';
import type { Limits, RunResult } from './use-run.ts';

const limits: Limits = {
  timeMs: 10_000,
  memoryBytes: 256,
  cpuCores: 1,
  cpuMs: null,
  processes: 64,
  outputBytes: 1_000,
  diskBytes: 512,
  fuel: null,
};
const ended = (killedBy: RunResult['killedBy']) => ({ killedBy, limits }) as RunResult;

test('offers twice the memory, or as much as the server allows', () => {
  expect(moreLimits(ended('memory'), { ...limits, memoryBytes: 4_096 })?.change).toEqual({
    limits: { memoryBytes: 512 },
  });
  expect(moreLimits(ended('memory'), { ...limits, memoryBytes: 300 })?.amount).toBe(300);
});

test('offers nothing when the limit is at its maximum, or no limit ended the run', () => {
  expect(moreLimits(ended('memory'), limits)).toBeUndefined();
  expect(moreLimits(ended('user'), undefined)).toBeUndefined();
  expect(moreLimits(ended(null), undefined)).toBeUndefined();
});

test('offers ten times the fuel, and no fuel where there is none', () => {
  const wasm = { ...ended('fuel'), limits: { ...limits, fuel: 100 } };
  expect(moreLimits(wasm, undefined)?.change).toEqual({ limits: { fuel: 1_000 } });
  expect(moreLimits(ended('fuel'), undefined)).toBeUndefined();
});

test('more time is asked for outside of the other limits', () => {
  expect(moreLimits(ended('time'), undefined)?.change).toEqual({ timeoutMs: 30_000 });
});
