/** The part of a WebSocket that sending needs; `ws` fits. */
export interface SocketLike {
  send(text: string, sent: (error?: Error | null) => void): void;
  /** Bytes given to `send` that the operating system has not taken yet. */
  readonly bufferedAmount: number;
  terminate(): void;
}

export interface OutboundLimits {
  /** Above so many waiting bytes, streams hold back. */
  readonly highWaterBytes: number;
  /** A connection that takes nothing for so long while streams wait is given up. */
  readonly stuckMs: number;
}

/** One connection's way out, shared by its answers and its streams. */
export interface Outbound {
  readonly closed: boolean;
  /** Sends in order, whatever waits already; does nothing on a closed connection. */
  send(text: string): void;
  /**
   * Undefined when there is room now; else a promise of `room`, `closed`, or `stuck` when the reader has taken
   * nothing for `stuckMs`.
   */
  waitForRoom(): Promise<'room' | 'closed' | 'stuck'> | undefined;
  /** To be called when the socket has closed. */
  close(): void;
  /** Drops the connection without a word: its reader takes nothing. */
  terminate(): void;
}

/** One for all who wait: however many they are, they take no more memory and no more timers. */
interface Waiting {
  readonly outcome: Promise<'room' | 'closed' | 'stuck'>;
  readonly resolve: (outcome: 'room' | 'closed' | 'stuck') => void;
  readonly timer: NodeJS.Timeout;
}

export function createOutbound(socket: SocketLike, limits: OutboundLimits): Outbound {
  const { highWaterBytes, stuckMs } = limits;
  let waiting: Waiting | undefined;
  let closed = false;

  function settle(outcome: 'room' | 'closed' | 'stuck'): void {
    clearTimeout(waiting?.timer);
    waiting?.resolve(outcome);
    waiting = undefined;
  }

  function onSent(): void {
    if (waiting === undefined) return;
    if (socket.bufferedAmount <= highWaterBytes) settle('room');
    // Something was taken, so the reader is slow but alive.
    else waiting.timer.refresh();
  }

  return {
    get closed() {
      return closed;
    },
    send(text) {
      if (!closed) socket.send(text, onSent);
    },
    waitForRoom() {
      if (closed) return Promise.resolve('closed');
      if (socket.bufferedAmount <= highWaterBytes) return undefined;
      if (waiting === undefined) {
        const { promise: outcome, resolve } = Promise.withResolvers<'room' | 'closed' | 'stuck'>();
        waiting = { outcome, resolve, timer: setTimeout(() => settle('stuck'), stuckMs) };
      }
      return waiting.outcome;
    },
    terminate: () => socket.terminate(),
    close() {
      closed = true;
      settle('closed');
    },
  };
}
