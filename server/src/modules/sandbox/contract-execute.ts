import { z } from 'zod';
import type { MethodDefinitions } from '#base/contract.ts';
import { Command, InputPiece, KilledBy, ResourceSample, TextEncoding } from './run/contract-shapes.ts';

/** Engines that run programs: fast (run), deterministic (wasm), a machine of its own (micro). */
export const EngineName = z.enum(['run', 'wasm', 'micro']);
export type EngineName = z.infer<typeof EngineName>;

const Argument = z
  .string()
  .max(131_072)
  .refine((text) => !text.includes('\0'), 'must not contain NUL');
const Arguments = z.array(Argument).max(4096).default([]);

/** What is to run. `sandbox.engines` tells which kinds each engine takes. */
export const Program = z.discriminatedUnion('kind', [
  /** A program that the engine's system has, or a file of the project. */
  z.strictObject({ kind: z.literal('command'), ...Command }),
  /** Source text, handed to the language's interpreter. */
  z.strictObject({
    kind: z.literal('code'),
    language: z.enum(['python', 'javascript', 'shell']),
    code: z.string().max(1024 * 1024),
    args: Arguments,
  }),
  /** A WebAssembly file of the project. `_start` is a program's entry, for any other export args are its numbers. */
  z.strictObject({
    kind: z.literal('module'),
    path: z.string().min(1).max(4096),
    function: z.string().min(1).max(256).default('_start'),
    args: Arguments,
  }),
]);
export type Program = z.infer<typeof Program>;

/** Whether the program sees the project's files, and whether what it changes is kept. */
export const FilesGrant = z.enum(['none', 'read', 'write']);
export type FilesGrant = z.infer<typeof FilesGrant>;

const ExecuteParams = z.strictObject({
  projectId: z.uuid(),
  engine: EngineName,
  program: Program,
  /** Text given to standard input, which is then closed. */
  stdin: z
    .string()
    .max(8 * 1024 * 1024)
    .optional(),
  /** Absent: what is usual for the engine: run works in the project's folder, wasm and micro see no files. */
  files: FilesGrant.optional(),
  /**
   * Whether the program reaches the hosts that the project was granted; refused where none are, or the engine has no network.
   * Absent: what is usual: run reaches them if there are any, micro and wasm reach nothing.
   */
  network: z.boolean().optional(),
  timeoutMs: z.int().min(1).optional(),
  /** A limit that an engine does not know is refused, never ignored. */
  limits: z
    .strictObject({
      memoryBytes: z.int().min(1).optional(),
      outputBytes: z.int().min(0).optional(),
      cpuMs: z.int().min(100).optional(),
      processes: z.int().min(2).optional(),
      /** Units of wasm fuel. */
      fuel: z.int().min(1).optional(),
    })
    .default({}),
});

const StreamParams = ExecuteParams.extend({
  /** Leaves standard input open for sandbox.input. */
  keepInput: z.boolean().default(false),
});
/** What is asked of an engine; without `keepInput` standard input is closed after what was given. */
export type ExecuteRequest = z.output<typeof ExecuteParams> &
  Partial<Pick<z.output<typeof StreamParams>, 'keepInput'>>;

/** The limits that hold for a run; null where the engine has no such limit. */
export const ExecutionLimits = z.object({
  timeMs: z.int(),
  memoryBytes: z.int(),
  outputBytes: z.int(),
  cpuMs: z.int().nullable(),
  processes: z.int().nullable(),
  fuel: z.int().nullable(),
});
export type ExecutionLimits = z.infer<typeof ExecutionLimits>;

const ExecutionEnd = z.object({
  processId: z.uuid(),
  engine: EngineName,
  /** The means by which the engine works here, such as `bubblewrap 0.8.0, cgroup2`. */
  driver: z.string(),
  /** As a shell tells it: 128 + n when signal n ended it; null when it never started or was ended by a limit. */
  exitCode: z.int().nullable(),
  signal: z.string().nullable(),
  truncated: z.boolean(),
  outputBytes: z.int(),
  durationMs: z.number(),
  timedOut: z.boolean(),
  killedBy: KilledBy.nullable(),
  cpuMs: z.number(),
  peakMemoryBytes: z.int(),
  limits: ExecutionLimits,
  /** Of wasm: units that were burnt; null elsewhere. */
  fuelUsed: z.int().nullable(),
  /** Of wasm: what the called function returned, as text; empty elsewhere. */
  results: z.array(z.string()),
});
export type ExecutionEnd = z.infer<typeof ExecutionEnd>;

const ExecuteResult = ExecutionEnd.extend({
  /** Empty in the result of sandbox.stream: its chunks carried the output. */
  stdout: z.string(),
  stdoutEncoding: TextEncoding,
  stderr: z.string(),
  stderrEncoding: TextEncoding,
});
export type ExecuteResult = z.infer<typeof ExecuteResult>;

const ExecuteChunk = z.discriminatedUnion('kind', [
  /** Always the first. */
  z.object({
    kind: z.literal('started'),
    processId: z.uuid(),
    engine: EngineName,
    driver: z.string(),
    limits: ExecutionLimits,
    network: z.boolean(),
  }),
  z.object({
    kind: z.literal('output'),
    stream: z.enum(['stdout', 'stderr']),
    data: z.string(),
    encoding: TextEncoding,
  }),
  ResourceSample,
]);
export type ExecuteChunk = z.infer<typeof ExecuteChunk>;

/** One way to run a program in any engine: for agents, protocols, and whoever lets people choose the wall. */
export const executeMethods = {
  'sandbox.execute': {
    summary: 'Runs a program in the chosen engine and answers when it has ended.',
    access: 'developer',
    rateClass: 'execute',
    timeoutMs: 0,
    params: ExecuteParams,
    result: ExecuteResult,
  },
  'sandbox.stream': {
    summary: 'Runs a program in the chosen engine and streams its output and resource use.',
    access: 'developer',
    rateClass: 'execute',
    params: StreamParams,
    chunk: ExecuteChunk,
    result: ExecuteResult,
  },
  'sandbox.input': {
    summary: 'Writes to the standard input of a program of one’s own that was streamed with keepInput.',
    access: 'developer',
    rateClass: 'read',
    params: InputPiece,
    result: z.object({ processId: z.uuid() }),
  },
  'sandbox.stop': {
    summary: 'Ends a program at once, whichever engine runs it.',
    access: 'developer',
    rateClass: 'execute',
    positional: ['processId'],
    params: z.strictObject({ processId: z.uuid() }),
    result: z.object({ processId: z.uuid() }),
  },
} as const satisfies MethodDefinitions;
