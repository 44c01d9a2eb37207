interface Frame {
  readonly seq: number;
  readonly text: string;
  readonly bytes: number;
}

/** The latest frames of a stream, for a client that comes back. Bounded in bytes, but for one frame at least. */
export interface ReplayBuffer {
  readonly bytes: number;
  /** Keeps a frame. `evict` lets the oldest go to stay within the bound. */
  push(frame: { seq: number; text: string }, evict: boolean): void;
  /** Forgets what the client has confirmed. */
  acknowledge(seq: number): void;
  /** Whether every frame after `seq` is kept. */
  holds(seq: number): boolean;
  /** The first kept frame after `seq`. */
  after(seq: number): { readonly seq: number; readonly text: string } | undefined;
  clear(): void;
}

export function createReplayBuffer(limitBytes: number): ReplayBuffer {
  let frames: Frame[] = [];
  let first = 0;
  let bytes = 0;
  let lastGone = 0;

  function drop(): void {
    const frame = frames[first];
    if (frame === undefined) return;
    first += 1;
    bytes -= frame.bytes;
    lastGone = frame.seq;
    // The array is shortened now and then instead of on every drop, which would move all its elements.
    if (first > 256 && first * 2 > frames.length) {
      frames = frames.slice(first);
      first = 0;
    }
  }

  return {
    get bytes() {
      return bytes;
    },
    push({ seq, text }, evict) {
      const size = Buffer.byteLength(text);
      frames.push({ seq, text, bytes: size });
      bytes += size;
      while (evict && bytes > limitBytes && frames.length - first > 1) drop();
    },
    acknowledge(seq) {
      while ((frames[first]?.seq ?? Number.POSITIVE_INFINITY) <= seq) drop();
    },
    holds: (seq) => seq >= lastGone,
    after(seq) {
      // Numbers have no gaps: the place follows from the number.
      const at = frames[first];
      return at === undefined ? undefined : frames[first + Math.max(0, seq + 1 - at.seq)];
    },
    clear() {
      frames = [];
      first = 0;
      bytes = 0;
    },
  };
}
