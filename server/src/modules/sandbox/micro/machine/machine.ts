import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import path from 'node:path';
import type { Duplex } from 'node:stream';
import type { DescriptorShield } from '../../engine/inherited.ts';
import type { GroupUsage, LimitDriver, LimitGroup } from '../../limits/group.ts';
import { type Agent, connectAgent, GuestError } from './agent.ts';
import { type Accelerator, type MachineShape, machineArguments } from './arguments.ts';
import { type Confinement, confinedCommand } from './confinement.ts';
import { connectMonitor, type Monitor } from './qmp.ts';

/** What every machine is started with. */
export interface MachineParts {
  readonly confinement: Confinement;
  readonly driver: LimitDriver;
  readonly shield: DescriptorShield;
  /** A folder that other accounts may enter but not list; each machine gets one of its own in it. */
  readonly socketFolder: string;
}

/** Open descriptors of the files that a machine is made of. They stay the caller's. */
export interface MachineFiles {
  readonly memory: number | null;
  readonly state: number | null;
  readonly disk: number;
  readonly kernel: number;
  readonly initialDisk: number;
}

export interface MachineOptions {
  readonly shape: Omit<MachineShape, 'incoming'>;
  readonly files: MachineFiles;
  /** Share of one processor core. */
  readonly cpuCores: number;
}

/** Why a machine is no more. */
export type MachineEnd = 'stopped' | 'ended' | 'flooded' | 'broken';

/** A running virtual machine. */
export interface Machine extends AsyncDisposable {
  readonly agent: Agent;
  readonly monitor: Monitor;
  readonly accelerator: Accelerator;
  readonly memoryMb: number;
  /** Settles when it has ended, whatever ended it. */
  readonly ended: Promise<MachineEnd>;
  readonly usage: () => GroupUsage;
  readonly processId: number;
  /** Last lines of the console and of QEMU's own complaints. */
  readonly lastWords: () => string;
  /**
   * Hands the state of the machine to a function as a stream. The machine stands still at the end of it, then goes on, unless
   * it is to stay so: whose memory is a file must not write to it any more, or the file is later than the state.
   * Not stopped before: a state remembers whether its machine ran, and one that did goes on by itself.
   */
  readonly saveState: (take: (stream: Socket) => Promise<void>, after: 'goesOn' | 'stays') => Promise<void>;
}

/** QEMU itself, its translated code and its device state, beside the guest's memory. */
export const overheadBytes = 192 * 1024 * 1024;
/** A healthy guest says a few lines to its console; one that says more than this is up to no good. */
const consoleBytesLimit = 256 * 1024;

/** Starts a machine that boots, or, given a state, one that goes on from it. @throws MonitorError, GuestError */
export async function startMachine(parts: MachineParts, options: MachineOptions): Promise<Machine> {
  // Short, as the path of a socket has at most 107 bytes, and not to be guessed.
  const id = randomBytes(8).toString('hex');
  const { shape, files } = options;
  const socketFolder = path.join(parts.socketFolder, id);
  await mkdir(socketFolder, { mode: 0o711 });
  const group = parts.driver.create(`vm-${id}`, {
    timeMs: 0,
    memoryBytes: shape.memoryMb * 1024 * 1024 + overheadBytes,
    cpuCores: options.cpuCores,
    cpuMs: null,
    processes: 64,
    outputBytes: 0,
    diskBytes: 0,
    diskFiles: 0,
    openFiles: 256,
  });
  const [file = '', ...args] = confinedCommand(parts.confinement, group, {
    arguments: machineArguments({ ...shape, incoming: files.state !== null && shape.memory !== 'shared' }),
    kvm: shape.accelerator === 'kvm',
    socketFolder,
  });
  const child = spawn(file, args, {
    env: {},
    stdio: [
      ...(['ignore', 'ignore', 'pipe', 'pipe', 'pipe', 'pipe'] as const),
      ...[files.memory ?? 'ignore', files.state ?? 'ignore', files.disk, files.kernel, files.initialDisk],
      // Entries of the shield start at descriptor 4.
      ...parts.shield.stdio.slice(7),
    ] as ('ignore' | 'pipe' | number)[],
  });
  if (child.pid !== undefined) group.started(child.pid);
  return follow(child, { group, shape, socketFolder });
}

function follow(
  child: ChildProcess,
  about: { group: LimitGroup; shape: Omit<MachineShape, 'incoming'>; socketFolder: string },
): Machine {
  const { group, shape, socketFolder } = about;
  const [, , complaints, monitorStream, agentStream, consoleStream] = child.stdio as (Duplex | null)[];
  if (!complaints || !monitorStream || !agentStream || !consoleStream) {
    throw new Error('the streams of a machine are missing');
  }
  let words = '';
  let consoleBytes = 0;
  let end: MachineEnd | null = null;
  const monitor = connectMonitor(monitorStream);
  const agent = connectAgent(agentStream, () => finish('broken'));
  agent.booted.catch(() => undefined);
  complaints.on('data', (data: Buffer) => listen(data));
  // Nobody may stop reading it: a guest whose console is full stands still.
  consoleStream.on('data', (data: Buffer) => {
    listen(data);
    consoleBytes += data.length;
    if (consoleBytes > consoleBytesLimit) finish('flooded');
  });
  for (const stream of [complaints, consoleStream]) stream.on('error', () => undefined);

  function listen(data: Buffer): void {
    words = (words + data.toString('latin1')).slice(-4000);
  }

  function finish(reason: MachineEnd): void {
    end ??= reason;
    // With the outermost process dies the first one inside, and with that the kernel ends the whole pid namespace.
    group.kill();
    child.kill('SIGKILL');
  }

  const ended = new Promise<MachineEnd>((resolve) => {
    const done = () => {
      end ??= 'ended';
      group.kill();
      for (const stream of [monitorStream, agentStream, consoleStream, complaints]) stream.destroy();
      void group.remove();
      rm(socketFolder, { recursive: true, force: true }).then(
        () => resolve(end ?? 'ended'),
        () => resolve(end ?? 'ended'),
      );
    };
    child.once('exit', done);
    child.once('error', done);
  });

  return {
    agent,
    monitor,
    accelerator: shape.accelerator,
    memoryMb: shape.memoryMb,
    ended,
    usage: group.usage,
    processId: child.pid ?? 0,
    lastWords: () => words,
    saveState: (take, after) => saveState(monitor, { socketFolder, take, after }),
    async [Symbol.asyncDispose]() {
      finish('stopped');
      await ended;
    },
  };
}

/** Capabilities first: the monitor takes no other command before. */
export async function greet(monitor: Monitor): Promise<void> {
  await monitor.execute('qmp_capabilities');
}

/** Memory that both sides share does not travel. A state remembers this setting, and only fits where it is the same. */
export const sharedMemoryStays = [{ capability: 'x-ignore-shared', state: true }] as const;

/** Makes a machine that waits for a state take it and go on. All commands at once: each round trip costs milliseconds. */
export async function receiveState(monitor: Monitor): Promise<void> {
  const resumed = monitor.event('RESUME');
  await Promise.all([
    monitor.execute('qmp_capabilities'),
    monitor.execute('migrate-set-capabilities', { capabilities: sharedMemoryStays }),
    monitor.execute('migrate-incoming', { uri: 'fd:7' }),
    resumed,
  ]);
}

/** Waits for the end of an outgoing state. @throws GuestError */
async function migrated(monitor: Monitor): Promise<void> {
  for (;;) {
    const { status, 'error-desc': reason } = (await monitor.execute('query-migrate')) as {
      status?: string;
      'error-desc'?: string;
    };
    if (status === 'completed') return;
    if (status === 'failed' || status === 'cancelled')
      throw new GuestError(`the state could not be saved: ${reason ?? status}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function saveState(
  monitor: Monitor,
  options: {
    readonly socketFolder: string;
    readonly take: (stream: Socket) => Promise<void>;
    readonly after: 'goesOn' | 'stays';
  },
): Promise<void> {
  const { socketFolder, take, after } = options;
  const name = randomBytes(4).toString('hex');
  const socketPath = path.join(socketFolder, name);
  const { server, connected } = await listenOnce(socketPath);
  // QEMU runs under another account, behind a wall through which it sees only this folder.
  await chmod(socketPath, 0o666);
  try {
    const taken = connected.then(take);
    taken.catch(() => undefined);
    await monitor.execute('migrate-set-parameters', { 'max-bandwidth': 8 * 1024 ** 3 });
    await monitor.execute('migrate', { uri: `unix:/run/machine/${name}` });
    await Promise.all([migrated(monitor), taken]);
  } finally {
    server.close();
    await rm(socketPath, { force: true });
    if (after === 'goesOn') await monitor.execute('cont');
  }
}

async function listenOnce(socketPath: string): Promise<{ server: Server; connected: Promise<Socket> }> {
  const server = createServer({ allowHalfOpen: true });
  server.maxConnections = 1;
  const connected = new Promise<Socket>((resolve) => server.once('connection', resolve));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socketPath, resolve);
  });
  return { server, connected };
}
