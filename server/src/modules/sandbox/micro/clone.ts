import { closeSync, openSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { type Machine, type MachineParts, receiveState, startMachine } from './machine/machine.ts';
import type { GuestRequest } from './machine/program.ts';
import { within } from './machine/within.ts';
import type { Template } from './template.ts';

/** What makes a copy one of its own. */
export interface Identity {
  /** 64 fresh random bytes. */
  readonly random: Buffer;
  readonly timeMs: number;
}

/** A machine that takes no state within this time is given up. Restoring takes a fifth of a second on a quiet machine. */
const restoreTimeoutMs = 30_000;

/** A copy of a template, ready to run programs: its memory is the template's until it writes. @throws MonitorError, GuestError */
export async function cloneMachine(
  parts: MachineParts,
  template: Template,
  own: Identity & { readonly cpuCores: number },
): Promise<Machine> {
  const { accelerator, memoryMb, kilohertz } = template;
  const state = openSync(template.stateFile, 'r');
  let machine: Machine;
  try {
    machine = await startMachine(parts, {
      shape: { accelerator, memoryMb, kilohertz, memory: 'copied' },
      files: { ...template.files, state },
      cpuCores: own.cpuCores,
    });
  } finally {
    closeSync(state);
  }
  try {
    await within(restoreTimeoutMs, receiveState(machine.monitor));
    await within(restoreTimeoutMs, machine.agent.seed(own));
    return machine;
  } catch (error) {
    await machine[Symbol.asyncDispose]();
    throw error;
  }
}

/** A machine that took less of the processor in one step has come to rest; one that never does is given out all the same. */
const restStepMs = 300;
const restingCpuMs = 6;
const longestRestMs = 5000;

/** A program that does nothing, by which a waiting machine gets the way to programs translated and its pages copied. */
const nothing: GuestRequest = {
  language: 'python',
  code: '',
  args: [],
  env: {},
  cwd: '',
  memoryBytes: 64 * 1024 * 1024,
  processes: 8,
};

/** Lets a machine that is to wait in the pool run once, and gives it the time to get its next process ready. */
export async function warmUp(machine: Machine): Promise<void> {
  await within(restoreTimeoutMs, machine.agent.run(nothing, { onOutput: () => undefined }).ended);
  const untilMs = performance.now() + longestRestMs;
  for (let before = machine.usage().cpuMs; performance.now() < untilMs; ) {
    await delay(restStepMs);
    const { cpuMs } = machine.usage();
    if (cpuMs - before < restingCpuMs) return;
    before = cpuMs;
  }
}
