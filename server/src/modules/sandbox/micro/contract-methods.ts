import { z } from 'zod';
import type { MethodDefinitions } from '#base/contract.ts';
import { KilledBy, TextEncoding } from '../run/contract-shapes.ts';

const At = z.iso.datetime();
const ImageName = z
  .string()
  .regex(/^[a-z][a-z0-9]*(?:[-.][a-z0-9]+)*$/)
  .max(40);
/** Relative to the workspace of the project, or to /workspace in the machine. */
const FilePath = z.string().max(4096);
const Language = z.enum(['python', 'javascript', 'shell']);

const Vm = z.object({
  vmId: z.uuid(),
  projectId: z.uuid(),
  userId: z.string(),
  image: z.string(),
  language: Language,
  state: z.enum(['ready', 'running', 'saving']),
  memoryMb: z.int(),
  cpus: z.number(),
  network: z.boolean(),
  startedAt: At,
  /** When it will be ended unless it is used. */
  idleEndsAt: At,
  memoryBytes: z.int(),
  cpuMs: z.number(),
  /** The snapshot that it came from. */
  snapshotId: z.uuid().nullable(),
});

const Snapshot = z.object({
  snapshotId: z.uuid(),
  projectId: z.uuid(),
  name: z.string(),
  image: z.string(),
  language: Language,
  memoryMb: z.int(),
  sizeBytes: z.int(),
  createdAt: At,
});

const Execution = z.object({
  /** As the project’s run.history has it. */
  processId: z.uuid(),
  stdout: z.string(),
  stdoutEncoding: TextEncoding,
  stderr: z.string(),
  stderrEncoding: TextEncoding,
  /** As a shell tells it: 128 + n when signal n ended it; null when a limit ended it. */
  exitCode: z.int().nullable(),
  durationMs: z.number(),
  timedOut: z.boolean(),
  killedBy: KilledBy.nullable(),
  truncated: z.boolean(),
  /** By the guest's own account. */
  cpuMs: z.number(),
  peakMemoryBytes: z.int(),
});

const Driver = z.object({
  /** `qemu-tcg` or `qemu-kvm`; null where no machine can run. */
  name: z.enum(['qemu-tcg', 'qemu-kvm']).nullable(),
  version: z.string().nullable(),
  /** Whether a guest has booted by it since the server was started. */
  proven: z.boolean(),
  /** What lacks, and the command that brings it. */
  missing: z
    .object({ reason: z.object({ en: z.string(), de: z.string() }), command: z.string().nullable() })
    .nullable(),
});

const Transfer = z.object({ vmId: z.uuid(), files: z.int(), bytes: z.int() });

/** The micro.* methods: a virtual machine with its own kernel for whoever asks for one. */
export const microMethods = {
  'micro.start': {
    summary: 'Starts a virtual machine of one’s own; with a script, runs that first.',
    access: 'developer',
    rateClass: 'execute',
    positional: ['projectId', 'image', 'script'],
    timeoutMs: 0,
    params: z.strictObject({
      projectId: z.uuid(),
      /** `python`, `node`, or the name of an image that `cds images build` made. */
      image: ImageName.default('python'),
      script: z.string().max(1_000_000).optional(),
      memoryMb: z.int().min(128).max(65_536).optional(),
      /** Share of the machine’s one processor. */
      cpus: z.number().min(0.1).max(1).default(1),
      /** Whether programs in it reach the hosts that the project was granted. */
      network: z.boolean().default(false),
    }),
    result: Vm.extend({ script: Execution.nullable() }),
  },
  'micro.execute': {
    summary: 'Runs a program in a virtual machine and answers when it has ended.',
    access: 'developer',
    rateClass: 'execute',
    positional: ['vmId', 'code', 'timeoutMs'],
    timeoutMs: 0,
    params: z.strictObject({
      vmId: z.uuid(),
      code: z.string().max(1_000_000),
      /** Absent: the language of the machine’s image. */
      language: Language.optional(),
      args: z.array(z.string().max(131_072)).max(1024).default([]),
      stdin: z
        .string()
        .max(8 * 1024 * 1024)
        .optional(),
      timeoutMs: z.int().min(1).max(3_600_000).default(30_000),
    }),
    result: Execution,
  },
  'micro.stop': {
    summary: 'Ends a virtual machine at once; what is in it is gone.',
    access: 'developer',
    rateClass: 'execute',
    positional: ['vmId'],
    params: z.strictObject({ vmId: z.uuid() }),
    result: z.object({ vmId: z.uuid() }),
  },
  'micro.upload': {
    summary: 'Copies a file or folder of the project into a virtual machine.',
    access: 'developer',
    rateClass: 'execute',
    timeoutMs: 0,
    params: z.strictObject({ vmId: z.uuid(), path: FilePath.default(''), dest: FilePath.optional() }),
    result: Transfer,
  },
  'micro.download': {
    summary: 'Copies a file or folder of a virtual machine into the project.',
    access: 'developer',
    rateClass: 'execute',
    timeoutMs: 0,
    params: z.strictObject({ vmId: z.uuid(), path: FilePath, dest: FilePath.optional() }),
    result: Transfer,
  },
  'micro.snapshot': {
    summary: 'Keeps the whole state of a virtual machine, memory and files, on disk.',
    access: 'developer',
    rateClass: 'execute',
    positional: ['vmId', 'name'],
    timeoutMs: 0,
    params: z.strictObject({ vmId: z.uuid(), name: z.string().trim().min(1).max(80).optional() }),
    result: Snapshot,
  },
  'micro.restore': {
    summary: 'Starts a virtual machine that goes on from a snapshot.',
    access: 'developer',
    rateClass: 'execute',
    positional: ['snapshotId'],
    timeoutMs: 0,
    params: z.strictObject({ snapshotId: z.uuid(), network: z.boolean().default(false) }),
    result: Vm,
  },
  'micro.snapshot.delete': {
    summary: 'Deletes a snapshot.',
    access: 'developer',
    rateClass: 'write',
    positional: ['snapshotId'],
    params: z.strictObject({ snapshotId: z.uuid() }),
    result: z.object({ snapshotId: z.uuid() }),
  },
  'micro.list': {
    summary:
      'Lists one’s own virtual machines and snapshots in a project, the images, and the driver at work.',
    access: 'developer',
    rateClass: 'read',
    positional: ['projectId'],
    params: z.strictObject({ projectId: z.uuid() }),
    result: z.object({
      driver: Driver,
      images: z.array(z.object({ name: z.string(), packages: z.array(z.string()), kernel: z.string() })),
      vms: z.array(Vm),
      snapshots: z.array(Snapshot),
      /** Machines that wait to be given out. */
      pooled: z.int(),
    }),
  },
} as const satisfies MethodDefinitions;
