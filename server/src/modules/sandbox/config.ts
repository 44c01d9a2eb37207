import { availableParallelism, totalmem } from 'node:os';
import { z } from 'zod';

const megabyte = 1024 * 1024;
const gigabyte = 1024 * megabyte;

const size = (defaultBytes: () => number, minimum = megabyte) => z.int().min(minimum).default(defaultBytes);

/** Settings of the sandbox (CDS_SANDBOX_*). */
export const sandboxConfig = z.object({
  bubblewrap: z
    .string()
    .startsWith('/')
    .optional()
    .describe('Path of the bwrap program; else it is looked for'),
  limitDriver: z
    .enum(['auto', 'cgroup2', 'cgroup1', 'rlimit'])
    .default('auto')
    .describe('How limits are kept; auto takes the first that works'),
  cgroup: z
    .string()
    .startsWith('/')
    .optional()
    .describe('A cgroup 2 folder that was delegated to this account; else the own one is tried'),
  totalMemoryBytes: size(() => Math.floor(totalmem() * 0.6), 64 * megabyte).describe(
    'Memory of all programs together',
  ),
  maxRunning: z
    .int()
    .min(1)
    .default(() => Math.max(8, availableParallelism() * 4))
    .describe('Programs at the same time'),
  maxRunningPerUser: z.int().min(1).default(8).describe('Programs of one user at the same time'),
  maxWaitingPerUser: z.int().min(0).default(128).describe('Programs of one user that wait for a place'),
  maxWaitMs: z.int().min(100).default(30_000).describe('How long a program waits for a place'),
  cpuSecondsPerHour: z
    .number()
    .positive()
    .default(() => availableParallelism() * 3600 * 0.75)
    .describe('Seconds of processor time that the programs of one user may take in an hour'),
  maxTimeMs: z.int().min(1000).default(3_600_000).describe('Longest time limit of a program'),
  maxMemoryBytes: size(() => Math.floor(totalmem() * 0.6)).describe('Highest memory limit of a program'),
  maxCpuCores: z
    .number()
    .min(0.05)
    .default(() => availableParallelism())
    .describe('Highest processor limit of a program, in cores'),
  maxProcesses: z.int().min(16).default(1024).describe('Highest limit on processes of a program'),
  maxOutputBytes: size(() => 64 * megabyte).describe('Highest output limit of a program'),
  maxDiskBytes: size(() => 10 * gigabyte).describe(
    'Highest limit on the growth of a workspace during a program',
  ),
  maxDiskFiles: z.int().min(1000).default(500_000).describe('Highest limit on new files during a program'),
  maxOpenFiles: z.int().min(64).default(8192).describe('Highest limit on open files of a process'),
  maxTerminals: z.int().min(0).default(64).describe('Terminals at the same time'),
  maxTerminalsPerUser: z.int().min(0).default(8).describe('Terminals of one user at the same time'),
  terminalIdleMs: z
    .int()
    .min(1000)
    .default(4 * 3_600_000)
    .describe('A terminal that nobody watches or types into for so long is ended'),
  terminalMemoryBytes: size(() => Math.min(gigabyte, Math.floor(totalmem() / 4))).describe(
    'Memory limit of a terminal',
  ),
  scrollbackBytes: z
    .int()
    .min(4096)
    .default(megabyte)
    .describe('Output that a terminal keeps for attaching again'),
  historyLength: z.int().min(1).default(200).describe('Runs of a project that are kept in its history'),
  wasmMemoryBytes: size(() => Math.min(gigabyte, Math.floor(totalmem() / 4)), 8 * megabyte).describe(
    'Highest memory limit of a WebAssembly program',
  ),
  wasmFuel: z
    .int()
    .min(1)
    .default(10 ** 14)
    .describe('Highest fuel of a WebAssembly program, in units of about one instruction'),
  wasmModuleBytes: size(() => 32 * megabyte).describe('Largest WebAssembly module'),
  wasmFileBytes: size(() => 64 * megabyte).describe(
    'Project files that a WebAssembly program may be given or make, in memory',
  ),
  wasmIdleHosts: z
    .int()
    .min(0)
    .default(4)
    .describe('WebAssembly processes that are kept for the next call of the same user and project'),
  wasmIdleMs: z.int().min(100).default(60_000).describe('How long one is kept'),
  network: z.boolean().default(true).describe('Whether projects may be granted hosts on the network'),
  networkBytes: size(() => gigabyte).describe('Bytes that one program may exchange with the network'),
  qemu: z.string().startsWith('/').optional().describe('Path of qemu-system-x86_64; else it is looked for'),
  microMachines: z
    .int()
    .min(0)
    .default(() => Math.max(2, Math.min(64, Math.floor((totalmem() * 0.5) / (512 * megabyte)))))
    .describe('Virtual machines at the same time'),
  microMachinesPerUser: z.int().min(0).default(10).describe('Virtual machines of one user at the same time'),
  microMaxMemoryMb: z
    .int()
    .min(256)
    .default(() => Math.max(256, Math.floor((totalmem() * 0.25) / megabyte)))
    .describe('Largest virtual machine, in MiB of memory'),
  microPool: z
    .int()
    .min(0)
    .default(() => (totalmem() < 4 * gigabyte ? 0 : Math.min(4, Math.ceil(availableParallelism() / 2))))
    .describe('Virtual machines that wait to be given out while machines are in use'),
  microIdleMs: z
    .int()
    .min(1000)
    .default(15 * 60_000)
    .describe('A virtual machine that nobody uses for so long is ended'),
  microOutputBytes: size(() => megabyte, 1024).describe('Output limit of a program in a virtual machine'),
  microSnapshotsPerUser: z
    .int()
    .min(0)
    .default(10)
    .describe('Snapshots of virtual machines that a user keeps'),
  networkConnections: z.int().min(1).default(64).describe('Connections of one program at the same time'),
});
export type SandboxConfig = z.output<typeof sandboxConfig>;
