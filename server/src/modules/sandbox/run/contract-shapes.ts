import { z } from 'zod';

const megabyte = 1024 * 1024;

/** What a run may use unless it asks for something else. Sizes in bytes, times in milliseconds. */
export const defaultLimits = {
  timeMs: 10_000,
  memoryBytes: 256 * megabyte,
  cpuCores: 1,
  processes: 64,
  outputBytes: megabyte,
  diskBytes: 512 * megabyte,
  diskFiles: 50_000,
  openFiles: 1024,
} as const;

/** What a run may use. A limit that is left out has its default; the server's settings cap each. */
export const LimitsInput = z.strictObject({
  /** Bytes of memory of all processes together, page cache of /tmp included. */
  memoryBytes: z
    .int()
    .min(8 * megabyte)
    .optional(),
  /** Processor cores, parts allowed: 0.5 is half of one core. */
  cpuCores: z.number().min(0.05).max(256).optional(),
  /** Processor time of all processes together; absent: only the time limit counts. */
  cpuMs: z.int().min(100).optional(),
  /** Processes and threads at the same time. */
  processes: z.int().min(2).optional(),
  /** Bytes of standard output and standard error together. */
  outputBytes: z.int().min(0).optional(),
  /** Bytes by which the workspace may grow. */
  diskBytes: z.int().min(0).optional(),
  /** Files and folders by which the workspace may grow. */
  diskFiles: z.int().min(0).optional(),
  /** Open files of each process. */
  openFiles: z.int().min(16).optional(),
});
export type LimitsInput = z.infer<typeof LimitsInput>;

/** The limits that a run really had. */
export const Limits = z.object({
  timeMs: z.int(),
  memoryBytes: z.int(),
  cpuCores: z.number(),
  cpuMs: z.int().nullable(),
  processes: z.int(),
  outputBytes: z.int(),
  diskBytes: z.int(),
  diskFiles: z.int(),
  openFiles: z.int(),
});
export type Limits = z.infer<typeof Limits>;

/** What ended a run before its own end: a limit by its name, a person, the caller's departure, or the loss of its machine. */
export const KilledBy = z.enum([
  'time',
  'memory',
  'processes',
  'output',
  'disk',
  'cpu',
  'fuel',
  'user',
  'client',
  'shutdown',
  'machine',
]);
export type KilledBy = z.infer<typeof KilledBy>;

/** How limits are kept on this machine; `rlimit` samples, the others are exact. */
export const LimitDriver = z.enum(['cgroup2', 'cgroup1', 'rlimit']);
export type LimitDriver = z.infer<typeof LimitDriver>;

/** The text when it is UTF-8, else base64 of the bytes. */
export const TextEncoding = z.enum(['utf8', 'base64']);
export type TextEncoding = z.infer<typeof TextEncoding>;

export const RunResult = z.object({
  processId: z.uuid(),
  /** As a shell tells it: 128 + n when signal n ended the program; null when it never started. */
  exitCode: z.int().nullable(),
  /** `SIGKILL`, `SIGSEGV`, …; null after an ordinary exit. */
  signal: z.string().nullable(),
  /** Empty in the result of run.stream: its chunks carried the output. */
  stdout: z.string(),
  stdoutEncoding: TextEncoding,
  stderr: z.string(),
  stderrEncoding: TextEncoding,
  /** Output was cut off at the limit. */
  truncated: z.boolean(),
  outputBytes: z.int(),
  durationMs: z.number(),
  timedOut: z.boolean(),
  killedBy: KilledBy.nullable(),
  cpuMs: z.number(),
  peakMemoryBytes: z.int(),
  peakProcesses: z.int(),
  limits: Limits,
  driver: LimitDriver,
});
export type RunResult = z.infer<typeof RunResult>;

/** One point of the resource graph, about four a second. */
export const ResourceSample = z.object({
  kind: z.literal('sample'),
  /** Milliseconds since the start of the run. */
  atMs: z.number(),
  memoryBytes: z.int(),
  cpuMs: z.number(),
  processes: z.int(),
  outputBytes: z.int(),
});
export type ResourceSample = z.infer<typeof ResourceSample>;

export const RunChunk = z.discriminatedUnion('kind', [
  /** Always the first. */
  z.object({
    kind: z.literal('started'),
    processId: z.uuid(),
    limits: Limits,
    driver: LimitDriver,
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
export type RunChunk = z.infer<typeof RunChunk>;

/** A piece of standard input for a program that runs. */
export const InputPiece = z.strictObject({
  processId: z.uuid(),
  data: z.string().max(4 * 1024 * 1024),
  /** Closes the input afterwards. */
  end: z.boolean().default(false),
});

const environmentName = /^[A-Za-z_][A-Za-z0-9_]*$/;
const NoNul = z.string().refine((text) => !text.includes('\0'), 'must not contain NUL');

/** A program and how to call it; no shell reads it. */
export const Command = {
  command: NoNul.min(1).max(4096),
  args: z.array(NoNul.max(131_072)).max(4096).default([]),
  env: z
    .record(
      z.string().max(256).regex(environmentName, 'letters, digits and _ only, no digit first'),
      NoNul.max(131_072),
    )
    .default({}),
  /** Relative to the project's workspace. */
  cwd: NoNul.max(4096).default(''),
} as const;
