import { z } from 'zod';
import type { MethodDefinitions } from '#base/contract.ts';
import { EngineName, FilesGrant } from '../contract-execute.ts';
import { Command, InputPiece, KilledBy, LimitsInput, RunChunk, RunResult } from './contract-shapes.ts';

const ProjectId = z.uuid();
const At = z.iso.datetime();

const Start = z.strictObject({
  projectId: ProjectId,
  ...Command,
  /** Text given to the program's standard input, which is then closed. */
  stdin: z
    .string()
    .max(8 * 1024 * 1024)
    .optional(),
  timeoutMs: z.int().min(1).optional(),
  limits: LimitsInput.default({}),
  /** Id of the saved run configuration that this run came from, kept in the history. */
  configId: z.uuid().optional(),
  /** Runs in this copy of the project’s files, which an agent works on, instead of the files. */
  worktreeId: z.uuid().optional(),
  /** Which hosts it may reach; by default the project’s, and none in a copy of its files. */
  network: z.enum(['project', 'none']).optional(),
});

const Running = z.object({
  processId: z.uuid(),
  projectId: ProjectId,
  userId: z.string(),
  command: z.string(),
  args: z.array(z.string()),
  startedAt: At,
  memoryBytes: z.int(),
  cpuMs: z.number(),
  processes: z.int(),
  outputBytes: z.int(),
});

const PastRun = z.object({
  processId: z.uuid(),
  engine: z.enum(['run', 'wasm', 'micro']),
  /** Of wasm; null elsewhere. */
  fuelUsed: z.int().nullable(),
  userId: z.string(),
  configId: z.uuid().nullable(),
  command: z.string(),
  args: z.array(z.string()),
  startedAt: At,
  exitCode: z.int().nullable(),
  signal: z.string().nullable(),
  killedBy: KilledBy.nullable(),
  durationMs: z.number(),
  cpuMs: z.number(),
  peakMemoryBytes: z.int(),
  peakProcesses: z.int(),
  outputBytes: z.int(),
  limits: RunResult.shape.limits,
});

/** Of whichever engine the configuration is for. */
const ConfigLimits = LimitsInput.extend({ fuel: z.int().min(1).optional() });

const RunConfig = z.object({
  configId: z.uuid(),
  name: z.string(),
  engine: EngineName,
  /** Of wasm and micro: whether the program sees the project's files. */
  files: FilesGrant,
  /** Of wasm: a file of the project, `file.wasm#name` for an exported function of it. */
  command: z.string(),
  args: z.array(z.string()),
  env: z.record(z.string(), z.string()),
  cwd: z.string(),
  timeoutMs: z.int().nullable(),
  limits: ConfigLimits,
  /** Standard input stays open while the program runs. */
  keepInput: z.boolean(),
  /** Of micro: whether the program reaches the project’s hosts. */
  network: z.boolean(),
  updatedAt: At,
});

/** The run.* methods but those of the terminal. */
export const runMethods = {
  'run.exec': {
    summary: 'Runs a program in the project’s sandbox and answers when it has ended.',
    access: 'developer',
    rateClass: 'execute',
    positional: ['projectId', 'command', 'args'],
    timeoutMs: 0,
    params: Start,
    result: RunResult,
  },
  'run.stream': {
    summary: 'Runs a program in the project’s sandbox and streams its output and resource use.',
    access: 'developer',
    rateClass: 'execute',
    params: Start.extend({
      /** Leaves standard input open for run.input. */
      keepInput: z.boolean().default(false),
    }),
    chunk: RunChunk,
    result: RunResult,
  },
  'run.input': {
    summary: 'Writes to the standard input of a program of one’s own that was started with keepInput.',
    access: 'developer',
    rateClass: 'read',
    params: InputPiece,
    result: z.object({ processId: z.uuid() }),
  },
  'run.kill': {
    summary: 'Sends a signal to a running program; SIGKILL ends its whole process tree.',
    access: 'developer',
    rateClass: 'execute',
    positional: ['processId', 'signal'],
    params: z.strictObject({
      processId: z.uuid(),
      signal: z.enum(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGKILL']).default('SIGKILL'),
    }),
    result: z.object({ processId: z.uuid() }),
  },
  'run.list': {
    summary: 'Lists the programs that run now in a project.',
    access: 'viewer',
    rateClass: 'read',
    params: z.strictObject({ projectId: ProjectId }),
    result: z.object({ runs: z.array(Running) }),
  },
  'run.history': {
    summary: 'Lists the last runs of a project, newest first, with what ended each.',
    access: 'viewer',
    rateClass: 'read',
    params: z.strictObject({
      projectId: ProjectId,
      limit: z.int().min(1).max(200).default(20),
      /** The last processId of the page before. */
      cursor: z.uuid().optional(),
    }),
    result: z.object({ runs: z.array(PastRun), nextCursor: z.uuid().nullable() }),
  },
  'run.config.list': {
    summary: 'Lists the saved run configurations of a project by name.',
    access: 'viewer',
    rateClass: 'read',
    params: z.strictObject({ projectId: ProjectId }),
    result: z.object({ configs: z.array(RunConfig) }),
  },
  'run.config.save': {
    summary: 'Saves a run configuration: a new one, or over the one with the given configId.',
    access: 'developer',
    rateClass: 'write',
    params: z.strictObject({
      projectId: ProjectId,
      configId: z.uuid().optional(),
      name: z.string().trim().min(1).max(80),
      engine: EngineName.default('run'),
      files: FilesGrant.default('none'),
      ...Command,
      timeoutMs: z.int().min(1).nullable().default(null),
      limits: ConfigLimits.default({}),
      keepInput: z.boolean().default(false),
      network: z.boolean().default(false),
    }),
    result: RunConfig,
  },
  'run.config.delete': {
    summary: 'Deletes a saved run configuration.',
    access: 'developer',
    rateClass: 'write',
    params: z.strictObject({ projectId: ProjectId, configId: z.uuid() }),
    result: z.object({ configId: z.uuid() }),
  },
} as const satisfies MethodDefinitions;
