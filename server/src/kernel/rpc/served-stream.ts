import { fault } from '#base/fault.ts';
import type { RpcErrorObject } from './dispatch.ts';
import type { Outbound } from './outbound.ts';
import { createReplayBuffer } from './replay-buffer.ts';

export interface StreamLimits {
  /** Frames kept for a client that comes back, and what is produced ahead while it is away. */
  readonly replayBytes: number;
  /** How long a stream waits for a client that has gone, and its end for one that missed it. */
  readonly graceMs: number;
  /** A client that confirms frames, then stops confirming for so long, is given up. */
  readonly stuckMs: number;
}

export interface ServedStreamOptions {
  readonly id: string;
  readonly source: AsyncGenerator<unknown, unknown, undefined>;
  readonly limits: StreamLimits;
  /** Aborts what the source works on. */
  readonly abort: (reason: unknown) => void;
  readonly describe: (error: unknown) => RpcErrorObject;
  /** The reader of this connection takes nothing any more. */
  readonly onStuck: (outbound: Outbound) => void;
  /** The source has ended; the stream can still be resumed for its last frames. */
  readonly onFinished: () => void;
  /** Nobody can resume it any more. */
  readonly onForgotten: () => void;
}

/** One running answer in pieces. It outlives its connection by `graceMs`. */
export interface ServedStream {
  readonly id: string;
  readonly finished: boolean;
  readonly outbound: Outbound | null;
  /** Begins to read the source. */
  start(): void;
  /** Whether every frame after `afterSeq` is still kept. */
  holds(afterSeq: number): boolean;
  /** Sends every kept frame after `afterSeq` on this connection, as fast as it takes them, and goes on there. */
  attach(outbound: Outbound, afterSeq: number): void;
  /** The connection is gone; someone may come back. */
  detach(): void;
  /** The client has everything up to `seq`; from then on nothing unconfirmed is ever let go. */
  acknowledge(seq: number): void;
  /** The number of the last frame. */
  readonly lastSeq: number;
  cancel(reason: unknown): void;
  forget(): void;
}

/** Frame numbers begin with 1; `stream.end` takes the next number after the last `stream.data`. */
export function createServedStream(options: ServedStreamOptions, first: Outbound): ServedStream {
  const { id, source, limits } = options;
  const replay = createReplayBuffer(limits.replayBytes);
  let outbound: Outbound | null = first;
  let seq = 0;
  /** The last frame that was given to the connection; behind `seq` while kept ones are being delivered. */
  let givenSeq = 0;
  let finished = false;
  let forgotten = false;
  let acknowledging = false;
  let grace: NodeJS.Timeout | undefined;
  let rounds = 0;
  let wakePump: () => void = () => undefined;

  function emit(method: 'stream.data' | 'stream.end', fields: object): void {
    seq += 1;
    const text = JSON.stringify({ jsonrpc: '2.0', method, params: { ...fields, streamId: id, seq } });
    const upToDate = outbound !== null && givenSeq === seq - 1;
    replay.push({ seq, text }, upToDate && !acknowledging);
    if (outbound === null || !upToDate) return;
    givenSeq = seq;
    outbound.send(text);
  }

  /**
   * Gives the connection what it has not got, one frame whenever there is room: a client that asks for its frames again
   * and again, and reads none, costs no more memory than one that never left. Another `attach` ends it.
   */
  async function deliver(to: Outbound): Promise<void> {
    rounds += 1;
    const round = rounds;
    const current = () => outbound === to && rounds === round;
    while (current()) {
      const waiting = to.waitForRoom();
      if (waiting !== undefined) {
        const outcome = await waiting;
        if (!current()) return;
        if (outcome === 'stuck') return giveUp(to);
        if (outcome === 'closed') return detach();
        continue;
      }
      const frame = replay.after(givenSeq);
      if (frame === undefined) break;
      givenSeq = frame.seq;
      to.send(frame.text);
    }
    wakePump();
  }

  function finish(fields: object): void {
    if (finished) return;
    finished = true;
    emit('stream.end', fields);
    waitForgetting();
    options.onFinished();
  }

  function waitForgetting(): void {
    clearTimeout(grace);
    grace = setTimeout(() => {
      if (!finished) cancel(fault('common.cancelled'));
      // Its last frames are on their way to a client that reads slowly, but reads.
      else if (outbound !== null && givenSeq < seq) waitForgetting();
      else forget();
    }, limits.graceMs).unref();
  }

  function forget(): void {
    if (forgotten) return;
    forgotten = true;
    clearTimeout(grace);
    replay.clear();
    options.onForgotten();
  }

  function cancel(reason: unknown): void {
    if (finished) return;
    options.abort(reason);
    finish({ error: options.describe(reason) });
    wakePump();
    // Not awaited: a source that ignores its signal must not hold up anybody.
    source.return(undefined).catch(() => undefined);
    if (outbound === null) forget();
  }

  /** Resolves when something has changed: a confirmation, a connection, the end; or after `stuckMs`. */
  function waitForChange(): Promise<'changed' | 'stuck'> {
    return new Promise((resolve) => {
      const timer =
        outbound === null ? undefined : setTimeout(() => resolve('stuck'), limits.stuckMs).unref();
      wakePump = () => {
        clearTimeout(timer);
        resolve('changed');
      };
    });
  }

  function giveUp(stuck: Outbound): void {
    if (outbound !== stuck) return;
    if (finished) detach();
    else cancel(fault('stream.reader_stuck', { stuckMs: limits.stuckMs }));
    options.onStuck(stuck);
  }

  /** Waits until another frame may be made. False when the stream has ended meanwhile. */
  async function waitForDemand(): Promise<boolean> {
    while (!finished) {
      const current = outbound;
      const bounded = current === null || acknowledging || givenSeq < seq;
      if (bounded && replay.bytes >= limits.replayBytes) {
        // While kept frames are on their way to it, their delivery judges the reader.
        if ((await waitForChange()) === 'stuck' && current !== null && givenSeq === seq) giveUp(current);
        continue;
      }
      const waiting = current?.waitForRoom();
      if (current === null || waiting === undefined) return true;
      const outcome = await waiting;
      if (outcome === 'stuck') giveUp(current);
      if (outcome === 'closed' && outbound === current) detach();
    }
    return false;
  }

  async function pump(): Promise<void> {
    try {
      while (await waitForDemand()) {
        const step = await source.next();
        if (finished) return;
        if (step.done === true) return finish({ result: step.value ?? null });
        const chunk = step.value;
        emit('stream.data', isPlainObject(chunk) ? chunk : { value: chunk });
      }
    } catch (error) {
      finish({ error: options.describe(error) });
    }
  }

  function detach(): void {
    if (outbound === null) return;
    outbound = null;
    waitForgetting();
    wakePump();
  }

  return {
    id,
    get finished() {
      return finished;
    },
    get outbound() {
      return outbound;
    },
    get lastSeq() {
      return seq;
    },
    start: () => void pump(),
    holds: (afterSeq) => replay.holds(afterSeq),
    attach(next, afterSeq) {
      outbound = next;
      givenSeq = afterSeq;
      if (!finished) clearTimeout(grace);
      wakePump();
      void deliver(next);
    },
    detach,
    acknowledge(confirmed) {
      acknowledging = true;
      replay.acknowledge(Math.min(confirmed, seq));
      if (finished && confirmed >= seq) return forget();
      if (replay.bytes < limits.replayBytes) wakePump();
    },
    cancel,
    forget,
  };
}

function isPlainObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
