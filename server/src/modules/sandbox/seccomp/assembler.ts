/** Where an instruction goes on: the next one, or the one that carries this label. */
type Target = string | undefined;

/** One classic BPF instruction, its jumps by label. */
export interface Instruction {
  readonly code: number;
  readonly k: number;
  readonly whenTrue?: Target;
  readonly whenFalse?: Target;
  /** Name by which jumps reach this instruction. */
  readonly label?: string;
}

// linux/bpf_common.h
const loadWordAbsolute = 0x20;
const jumpIfEqual = 0x15;
const jumpIfGreaterOrEqual = 0x35;
const jumpIfAnyBitSet = 0x45;
const returnConstant = 0x06;

/** Offsets in struct seccomp_data (linux/seccomp.h); the low words of arguments on little-endian machines. */
export const seccompData = {
  syscallNumber: 0,
  architecture: 4,
  argument: (index: number) => 16 + 8 * index,
} as const;

/** What the kernel does with a call (linux/seccomp.h). */
export const verdicts = {
  killProcess: 0x80000000,
  allow: 0x7fff0000,
  errno: (number: number) => 0x00050000 | number,
} as const;

export function load(offset: number, label?: string): Instruction {
  return { code: loadWordAbsolute, k: offset, ...(label === undefined ? {} : { label }) };
}

export function verdict(value: number, label?: string): Instruction {
  return { code: returnConstant, k: value, ...(label === undefined ? {} : { label }) };
}

interface Branches {
  readonly whenTrue?: string;
  readonly whenFalse?: string;
  readonly label?: string;
}

export function ifEqual(value: number, branches: Branches): Instruction {
  return { code: jumpIfEqual, k: value, ...branches };
}

export function ifAtLeast(value: number, branches: Branches): Instruction {
  return { code: jumpIfGreaterOrEqual, k: value, ...branches };
}

export function ifAnyBit(mask: number, branches: Branches): Instruction {
  return { code: jumpIfAnyBitSet, k: mask, ...branches };
}

/**
 * Turns instructions into `struct sock_filter[]` (8 bytes each, little-endian), as the kernel and bubblewrap's
 * `--seccomp` take it. Jumps in classic BPF reach forward only, at most 255 instructions.
 * @throws Error when a label is unknown or out of reach: a mistake in the policy, not in any input
 */
export function assemble(instructions: readonly Instruction[]): Buffer {
  if (instructions.length > 4096) throw new Error('a BPF program has at most 4096 instructions');
  const positions = new Map<string, number>();
  for (const [index, { label }] of instructions.entries()) {
    if (label === undefined) continue;
    if (positions.has(label)) throw new Error(`label ${label} stands twice`);
    positions.set(label, index);
  }
  function distance(from: number, target: Target): number {
    if (target === undefined) return 0;
    const position = positions.get(target);
    if (position === undefined) throw new Error(`label ${target} is unknown`);
    const steps = position - from - 1;
    if (steps < 0 || steps > 255) throw new Error(`label ${target} is out of reach`);
    return steps;
  }
  const program = Buffer.alloc(instructions.length * 8);
  for (const [index, { code, k, whenTrue, whenFalse }] of instructions.entries()) {
    program.writeUInt16LE(code, index * 8);
    program.writeUInt8(distance(index, whenTrue), index * 8 + 2);
    program.writeUInt8(distance(index, whenFalse), index * 8 + 3);
    program.writeUInt32LE(k >>> 0, index * 8 + 4);
  }
  return program;
}
