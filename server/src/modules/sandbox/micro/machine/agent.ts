import type { Duplex } from 'node:stream';
import { z } from 'zod';
import { createFrameReader, decodeParts, encodeFrame, encodeParts, fromGuest, toGuest } from './frames.ts';
import { encodeProgram, type GuestRequest } from './program.ts';

/** The guest's agent said something that it never says, or the machine ended. */
export class GuestError extends Error {}

const Exit = z.object({
  exitCode: z.int().min(0).max(255).nullable(),
  signal: z.int().min(0).max(64).nullable(),
  durationMs: z.number().nonnegative(),
  cpuMs: z.number().nonnegative(),
  peakMemoryBytes: z.number().nonnegative(),
  outOfMemoryKills: z.number().nonnegative(),
  refusedForks: z.number().nonnegative(),
});
/** How a program in the guest ended, by the guest's own account. */
export type GuestExit = z.infer<typeof Exit>;

export interface GuestRun {
  readonly ended: Promise<GuestExit>;
  readonly kill: () => void;
  /** Resolves once the machine has taken it; false when the input is closed, or had all that it may have. */
  readonly write: (data: Buffer) => Promise<boolean>;
  readonly endInput: () => void;
}

/** All input of one program: the guest holds what is not read yet in its own memory. */
const mostInputBytes = 8 * 1024 * 1024;
const inputPieceBytes = 65_536;

/** What the guest wants with the network, when it was turned on. */
export interface NetworkListener {
  readonly open: (channel: number) => void;
  readonly data: (channel: number, data: Buffer) => void;
  readonly close: (channel: number) => void;
}

export interface Agent {
  /** Settles when the agent of a fresh machine is up. */
  readonly booted: Promise<void>;
  /** Makes this copy differ from all others. */
  readonly seed: (own: { random: Buffer; timeMs: number }) => Promise<void>;
  readonly run: (
    request: GuestRequest,
    options: {
      readonly stdin?: string;
      /** Standard input stays open for `write`. */
      readonly keepInput?: boolean;
      readonly onOutput: (stream: 'stdout' | 'stderr', data: Buffer) => void;
    },
  ) => GuestRun;
  /** @throws GuestError with the guest's words */
  readonly ask: (
    question: 'put' | 'get' | 'list',
    head: Readonly<Record<string, unknown>>,
    body?: Uint8Array,
  ) => Promise<{ head: unknown; body: Buffer }>;
  readonly openNetwork: (listener: NetworkListener) => void;
  readonly sendNetwork: (channel: number, data: Uint8Array | null) => boolean;
  /** Bytes that wait for the guest to take them. */
  readonly waitingBytes: () => number;
  readonly onceDrained: (listener: () => void) => void;
  /** Runs that have not ended. */
  readonly running: () => number;
}

interface PendingRun {
  readonly resolve: (exit: GuestExit) => void;
  readonly reject: (error: Error) => void;
  readonly onOutput: (stream: 'stdout' | 'stderr', data: Buffer) => void;
}

interface Pending<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

/** Speaks with guest/agent.py. Every word of a guest is checked; one that it would never say ends the machine. */
export function connectAgent(stream: Duplex, onBroken: (error: GuestError) => void): Agent {
  const runs = new Map<number, PendingRun>();
  const replies = new Map<number, Pending<{ head: unknown; body: Buffer }>>();
  const ready: Pending<void>[] = [];
  let network: NetworkListener | null = null;
  let networkOn = false;
  let gone: GuestError | null = null;
  let lastId = 0;

  const read = createFrameReader(({ kind, id, payload }) => {
    switch (kind) {
      case fromGuest.stdout:
        return runs.get(id)?.onOutput('stdout', payload);
      case fromGuest.stderr:
        return runs.get(id)?.onOutput('stderr', payload);
      case fromGuest.exit: {
        const run = runs.get(id);
        runs.delete(id);
        return run?.resolve(Exit.parse(JSON.parse(payload.toString())));
      }
      case fromGuest.reply: {
        const reply = replies.get(id);
        replies.delete(id);
        return reply?.resolve(decodeParts(payload));
      }
      case fromGuest.ready:
        return ready.shift()?.resolve();
      case fromGuest.networkOpen:
        return network?.open(id);
      case fromGuest.networkData:
        return network?.data(id, payload);
      case fromGuest.networkClose:
        return network?.close(id);
      default:
        throw new GuestError(`a frame of the unknown kind ${kind}`);
    }
  });

  stream.on('data', (data: Buffer) => {
    if (gone !== null) return;
    try {
      read(data);
    } catch (error) {
      leave(new GuestError(`the guest does not keep to the protocol: ${String(error)}`, { cause: error }));
    }
  });
  stream.on('error', () => undefined);
  stream.on('close', () => leave(new GuestError('the machine has ended')));

  function leave(error: GuestError): void {
    if (gone !== null) return;
    gone = error;
    for (const { reject } of [...runs.values(), ...replies.values(), ...ready]) reject(error);
    runs.clear();
    replies.clear();
    onBroken(error);
  }

  function whenReady(): Promise<void> {
    if (gone !== null) return Promise.reject(gone);
    const promise = new Promise<void>((resolve, reject) => ready.push({ resolve, reject }));
    promise.catch(() => undefined);
    return promise;
  }

  const send = (kind: number, id: number, payload?: Uint8Array) =>
    stream.write(encodeFrame(kind, id, payload));

  return {
    booted: whenReady(),
    seed({ random, timeMs }) {
      // A copy of a template has said that it is up long ago.
      ready.length = 0;
      const done = whenReady();
      const time = Buffer.alloc(8);
      time.writeBigUInt64BE(BigInt(Math.round(timeMs)) * 1_000_000n);
      send(toGuest.seed, 0, Buffer.concat([time, random]));
      return done;
    },
    run(request, { stdin, keepInput = false, onOutput }) {
      if (gone !== null) {
        const write = () => Promise.resolve(false);
        return { ended: Promise.reject(gone), kill: () => undefined, write, endInput: () => undefined };
      }
      lastId += 1;
      const id = lastId;
      const ended = new Promise<GuestExit>((resolve, reject) => runs.set(id, { resolve, reject, onOutput }));
      send(toGuest.execute, id, encodeProgram(request, networkOn));
      let open = true;
      let inputBytes = 0;
      const write = (data: Buffer) =>
        new Promise<boolean>((resolve) => {
          inputBytes += data.length;
          if (!open || inputBytes > mostInputBytes || !runs.has(id)) return resolve(false);
          for (let at = 0; at < data.length; at += inputPieceBytes)
            send(toGuest.stdin, id, data.subarray(at, at + inputPieceBytes));
          return stream.write(Buffer.alloc(0), (error) => resolve(error == null));
        });
      const endInput = () => {
        if (open && runs.has(id)) send(toGuest.stdin, id);
        open = false;
      };
      if (stdin !== undefined) void write(Buffer.from(stdin));
      if (!keepInput) endInput();
      return { ended, kill: () => void send(toGuest.kill, id), write, endInput };
    },
    ask(question, head, body) {
      if (gone !== null) return Promise.reject(gone);
      lastId += 1;
      const id = lastId;
      const answered = new Promise<{ head: unknown; body: Buffer }>((resolve, reject) =>
        replies.set(id, { resolve, reject }),
      );
      send(toGuest[question], id, encodeParts(head, body));
      return answered;
    },
    openNetwork(listener) {
      network = listener;
      networkOn = true;
      send(toGuest.networkOn, 0);
    },
    sendNetwork: (channel, data) =>
      data === null ? send(toGuest.networkClose, channel) : send(toGuest.networkData, channel, data),
    waitingBytes: () => stream.writableLength,
    onceDrained: (listener) => void stream.once('drain', listener),
    running: () => runs.size,
  };
}
