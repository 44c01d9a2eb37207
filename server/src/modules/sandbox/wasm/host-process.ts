import { setTimeout as delay } from 'node:timers/promises';
import { fault } from '#base/fault.ts';
import { processTree } from '../limits/process-table.ts';
import { createFrameReader, encodeFrame, type Frame } from './host/frames.ts';
import { inputRingBytes } from './host/input-ring.ts';
import type { CallOrder } from './host/orders.ts';
import type { HostLauncher } from './host-launch.ts';
import { type CallReport, HostMessage, type LoadedReport } from './host-messages.ts';
import { createInputWindow, type InputWindow } from './input-window.ts';

export interface HostCall {
  readonly order: CallOrder;
  readonly bodies: readonly Uint8Array[];
  /** Returns false to be given no more until `resume`. */
  readonly onOutput: (stream: 'stdout' | 'stderr', data: Buffer) => boolean;
}

export type HostEnd =
  | { readonly kind: 'reported'; readonly report: CallReport; readonly contents: Buffer }
  /** It was ended before it could report; `memory` when the host ran out of it. */
  | { readonly kind: 'gone'; readonly memory: boolean };

/** A process that runs the WebAssembly of one user and project, one call at a time. */
export type WasmHost = ReturnType<typeof startHost>;

/** How long a worker has to end before its whole process is ended. */
const stopWithinMs = 150;
const loadWithinMs = 30_000;
const mostLogBytes = 4096;
const mostModules = 32;
/** Below this a frame is copied into one piece. */
const joinedBytes = 65_536;
const cpuLookEvery = 16;
const shortCallMs = 5;

/** Starts a host. It is of use at once: what is asked of it waits until it is up. */
export function startHost(launcher: HostLauncher, hostId: string, owner?: string) {
  const { child, group, started } = launcher.launch(hostId, owner);
  let waiting: ((message: HostMessage | null, body: Buffer) => void) | null = null;
  let output: HostCall['onOutput'] | null = null;
  let input: InputWindow | null = null;
  let ended = false;
  let usable = true;
  let stopping = false;
  let log = '';
  let ownMemoryBytes: number | null = null;
  let lookedCpuMs = 0;
  let callsSinceLook = cpuLookEvery;
  if (child.pid !== undefined) group.started(child.pid);

  const frames = createFrameReader((frame: Frame) => {
    const parsed = HostMessage.safeParse(frame.header);
    if (!parsed.success) return kill();
    const message = parsed.data;
    const body = Buffer.from(frame.body.buffer, frame.body.byteOffset, frame.body.byteLength);
    if (message.type === 'output') {
      if (output !== null && !output(message.stream, Buffer.from(body))) child.stdout?.pause();
      return undefined;
    }
    if (message.type === 'taken') {
      if (input?.taken(message.bytes) !== true) kill();
    } else if (message.type === 'ready') started();
    else settle(message, body);
    return undefined;
  });
  child.stdout?.on('data', (piece: Buffer) => {
    try {
      frames.push(piece);
    } catch {
      // An escaped program can write anything here; what is no frame ends its host.
      kill();
    }
  });
  child.stderr?.on('data', (piece: Buffer) => {
    if (log.length < mostLogBytes) log += piece.toString('utf8', 0, mostLogBytes);
  });
  child.stdin?.on('error', () => undefined);
  const gone = new Promise<void>((resolve) => {
    child.once('error', () => resolve());
    child.once('close', () => resolve());
  }).then(async () => {
    ended = true;
    usable = false;
    started();
    group.kill();
    settle(null, Buffer.alloc(0));
    await group.remove();
  });

  function settle(message: HostMessage | null, body: Buffer): void {
    const told = waiting;
    waiting = null;
    told?.(message, body);
  }

  function kill(): void {
    usable = false;
    group.kill();
    child.kill('SIGKILL');
    child.stdout?.resume();
  }

  /** In one piece: each write is a system call, and each may wake the host for half a frame. */
  function send(header: unknown, bodies: readonly Uint8Array[] = []): void {
    const parts = encodeFrame(header, bodies);
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    if (length <= joinedBytes) {
      child.stdin?.write(Buffer.concat(parts, length));
      return;
    }
    child.stdin?.cork();
    for (const part of parts) if (part.length > 0) child.stdin?.write(part);
    child.stdin?.uncork();
  }

  function ask(header: unknown, bodies: readonly Uint8Array[] = []) {
    return new Promise<{ message: HostMessage | null; body: Buffer }>((resolve) => {
      if (ended) return resolve({ message: null, body: Buffer.alloc(0) });
      waiting = (message, body) => resolve({ message, body });
      send(header, bodies);
      return undefined;
    });
  }

  return {
    hostId,
    /** Whether it may be given another call. */
    usable: () => usable,
    usage: group.usage,
    cpuMs: group.cpuMs,
    /**
     * Processor time before a call that has no limit on it: looked up after each longer call and once in a while, because
     * looking takes longer than many a call. So a call may be told to have taken what short ones before it did.
     */
    cpuMsAbout(): number {
      if (callsSinceLook >= cpuLookEvery) {
        callsSinceLook = 0;
        lookedCpuMs = group.cpuMs();
      }
      callsSinceLook += 1;
      return lookedCpuMs;
    },
    /** Memory that it holds itself, without a program: looked up once, as what remains of earlier ones is its own. */
    ownMemoryBytes: () => (ownMemoryBytes ??= group.usage().memoryBytes),
    /** Modules that it has compiled, by hash. */
    loaded: new Map<string, LoadedReport>(),
    kill,
    gone,
    resume: () => child.stdout?.resume(),

    /** @throws sandbox.module_refused, sandbox.start_failed */
    async load(hash: string, bytes: Uint8Array): Promise<LoadedReport> {
      const timer = setTimeout(kill, loadWithinMs);
      const { message } = await ask({ type: 'load', hash }, [bytes]);
      clearTimeout(timer);
      if (message?.type === 'loaded') {
        this.loaded.set(hash, message);
        // What it has compiled it keeps; with many modules a new one takes its place.
        if (this.loaded.size >= mostModules) usable = false;
        return message;
      }
      if (message?.type === 'refused') throw fault('sandbox.module_refused', { reason: message.reason });
      const cause = new Error(log.slice(0, 1000));
      throw fault('sandbox.start_failed', { reason: 'the WebAssembly host has ended' }, { cause });
    },

    /** Its end settles when the program has ended in whatever way. */
    call(call: HostCall): { readonly ended: Promise<HostEnd>; readonly input: InputWindow } {
      const own = createInputWindow(inputRingBytes, (piece, end) => send({ type: 'input', end }, [piece]));
      if (call.order.keepInput) input = own;
      else own.close();
      return { ended: this.answered(call, own), input: own };
    },

    async answered({ order, bodies, onOutput }: HostCall, ownInput: InputWindow): Promise<HostEnd> {
      output = onOutput;
      const startedMs = performance.now();
      const { message, body } = await ask(order, bodies);
      if (performance.now() - startedMs > shortCallMs) callsSinceLook = cpuLookEvery;
      output = null;
      input = null;
      ownInput.close();
      if (message?.type === 'ended') {
        // It ended by itself while its thread was being ended: another call would be lost with that thread.
        if (stopping) usable = false;
        return { kind: 'reported', report: message, contents: body };
      }
      stopping = false;
      if (message?.type === 'gone') return { kind: 'gone', memory: message.outcome !== null };
      kill();
      return { kind: 'gone', memory: group.usage().outOfMemoryKills > 0 };
    },

    /** Ends the call that runs: its thread, and when that takes too long the whole process. */
    async stop(): Promise<void> {
      const call = waiting;
      if (call === null) return;
      child.stdout?.resume();
      output = () => true;
      stopping = true;
      send({ type: 'stop' });
      await delay(stopWithinMs);
      if (waiting === call) kill();
    },

    async [Symbol.asyncDispose](): Promise<void> {
      kill();
      await gone;
    },
    processes: () => (child.pid === undefined ? [] : processTree(child.pid)),
  };
}
