import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import { fault, isFault } from '#base/fault.ts';
import type { LazyCall } from './call-context.ts';
import { type RpcErrorObject, rpcErrorOf } from './dispatch.ts';
import type { FaultCatalogue } from './fault-catalogue.ts';
import type { BoundMethod } from './method.ts';
import type { Outbound } from './outbound.ts';
import { createServedStream, type ServedStream, type StreamLimits } from './served-stream.ts';

export interface StreamHubLimits extends StreamLimits {
  readonly streamsPerConnection: number;
  /** Running ones, those that wait for their client included. */
  readonly streamsPerUser: number;
  /** Ended ones that are kept for a client that missed the end. */
  readonly finishedPerUser: number;
}

export const defaultStreamLimits: StreamHubLimits = {
  replayBytes: 1024 * 1024,
  graceMs: 60_000,
  stuckMs: 30_000,
  streamsPerConnection: 64,
  streamsPerUser: 128,
  finishedPerUser: 16,
};

export interface OpenStream {
  readonly method: BoundMethod;
  readonly params: unknown;
  readonly call: LazyCall;
  readonly outbound: Outbound;
}

/** All streams of a process, by their owners. */
export interface StreamHub extends Disposable {
  /**
   * Opens a stream for the call's user. Nothing is read from the source before `start` is called, so that the
   * answer with the id goes out first.
   * @throws stream.too_many
   */
  open(input: OpenStream): { streamId: string; start: () => void };
  /**
   * Takes a stream over to this connection; `deliver` sends the frames after `afterSeq` and goes on, so that the
   * answer can go out before them.
   * @throws stream.unknown, also for streams of other users; stream.gap
   */
  resume(input: { streamId: string; afterSeq: number; userId: string; outbound: Outbound }): {
    lastSeq: number;
    deliver: () => void;
  };
  /** True when a running stream was ended by this. @throws stream.unknown */
  cancel(input: { streamId: string; userId: string }): boolean;
  acknowledge(input: { streamId: string; seq: number; userId: string }): void;
  /** The connection is gone: its streams wait for their client. */
  detach(outbound: Outbound): void;
  /** Ends every stream of a user whose rights have ended. */
  cancelUser(userId: string): void;
  readonly running: number;
}

export interface StreamHubOptions {
  readonly limits: StreamHubLimits;
  readonly catalogue: FaultCatalogue;
  readonly log: Logger;
}

interface Entry {
  readonly stream: ServedStream;
  readonly userId: string;
}

export function createStreamHub(options: StreamHubOptions): StreamHub {
  const { limits, catalogue, log } = options;
  const entries = new Map<string, Entry>();
  const byUser = new Map<string, Set<ServedStream>>();

  function owned(streamId: string, userId: string): ServedStream {
    const entry = entries.get(streamId);
    if (entry?.userId !== userId) throw fault('stream.unknown', { streamId: streamId.slice(0, 64) });
    return entry.stream;
  }

  function runningOf(userId: string): ServedStream[] {
    return [...(byUser.get(userId) ?? [])].filter((stream) => !stream.finished);
  }

  function checkConnectionCap(running: readonly ServedStream[], outbound: Outbound): void {
    const here = running.filter((stream) => stream.outbound === outbound);
    if (here.length >= limits.streamsPerConnection) {
      throw fault('stream.too_many', { limit: limits.streamsPerConnection });
    }
  }

  function remove(stream: ServedStream, userId: string): void {
    entries.delete(stream.id);
    const streams = byUser.get(userId);
    streams?.delete(stream);
    if (streams?.size === 0) byUser.delete(userId);
  }

  function keepFewFinished(userId: string): void {
    const finished = [...(byUser.get(userId) ?? [])].filter((stream) => stream.finished);
    for (const stream of finished.slice(0, Math.max(0, finished.length - limits.finishedPerUser))) {
      stream.forget();
    }
  }

  function describer({ method, call }: OpenStream): (error: unknown) => RpcErrorObject {
    return (error) => {
      if (!isFault(error)) {
        log.error({ err: error, traceId: call.traceId, method: method.name }, 'a stream failed');
      }
      return rpcErrorOf(error, { catalogue, language: call.language, traceId: call.traceId });
    };
  }

  return {
    open(input) {
      const { method, params, call, outbound } = input;
      // Streams without a sign-in belong to nobody else: each gets an owner of its own, and can't be resumed.
      const userId = call.principal?.userId ?? `anonymous ${randomBytes(16).toString('hex')}`;
      const running = runningOf(userId);
      if (running.length >= limits.streamsPerUser) {
        throw fault('stream.too_many', { limit: limits.streamsPerUser });
      }
      checkConnectionCap(running, outbound);
      const id = randomBytes(16).toString('base64url');
      let timer: NodeJS.Timeout | undefined;
      const stream = createServedStream(
        {
          id,
          source: method.open(params, call),
          limits,
          abort: (reason) => call.abort(reason),
          describe: describer(input),
          onStuck: (stuck) => stuck.terminate(),
          onFinished: () => {
            clearTimeout(timer);
            keepFewFinished(userId);
          },
          onForgotten: () => remove(stream, userId),
        },
        outbound,
      );
      entries.set(id, { stream, userId });
      const streams = byUser.get(userId) ?? new Set();
      byUser.set(userId, streams.add(stream));
      const timeoutMs = method.definition.timeoutMs ?? 0;
      if (timeoutMs > 0) {
        timer = setTimeout(() => stream.cancel(fault('common.timeout', { timeoutMs })), timeoutMs).unref();
      }
      return { streamId: id, start: () => stream.start() };
    },
    resume({ streamId, afterSeq, userId, outbound }) {
      const stream = owned(streamId, userId);
      if (afterSeq > stream.lastSeq) {
        throw fault('common.invalid_params', {
          field: 'afterSeq',
          reason: 'the stream has no such frame yet',
        });
      }
      if (!stream.finished && stream.outbound !== outbound) {
        checkConnectionCap(runningOf(userId), outbound);
      }
      if (!stream.holds(afterSeq)) throw fault('stream.gap', { afterSeq });
      // Without a connection nothing is let go, so what was found stays until it is delivered.
      stream.detach();
      return { lastSeq: stream.lastSeq, deliver: () => stream.attach(outbound, afterSeq) };
    },
    cancel({ streamId, userId }) {
      const stream = owned(streamId, userId);
      const running = !stream.finished;
      stream.cancel(fault('common.cancelled'));
      return running;
    },
    acknowledge({ streamId, seq, userId }) {
      const entry = entries.get(streamId);
      if (entry?.userId === userId) entry.stream.acknowledge(seq);
    },
    detach(outbound) {
      for (const { stream } of entries.values()) if (stream.outbound === outbound) stream.detach();
    },
    cancelUser(userId) {
      for (const stream of byUser.get(userId) ?? []) stream.cancel(fault('common.unauthenticated'));
    },
    get running() {
      let count = 0;
      for (const { stream } of entries.values()) if (!stream.finished) count += 1;
      return count;
    },
    [Symbol.dispose]() {
      for (const { stream } of [...entries.values()]) {
        stream.cancel(fault('common.unavailable', { service: 'gateway' }));
        stream.forget();
      }
    },
  };
}
