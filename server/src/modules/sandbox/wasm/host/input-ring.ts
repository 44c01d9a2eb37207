/** Input that a program has not read yet, at most. A power of two. */
export const inputRingBytes = 65_536;

const [writtenAt, readAt, closedAt, changedAt] = [0, 1, 2, 3] as const;
const stateBytes = 16;

/**
 * Standard input that is written while the program runs: memory that both threads of the host share. The main thread writes,
 * the worker reads and sleeps when there is nothing; ending its thread wakes it. Counters run over, their difference holds.
 */
export class InputRing {
  readonly buffer: SharedArrayBuffer;
  readonly #state: Int32Array;
  readonly #bytes: Uint8Array;

  constructor(buffer = new SharedArrayBuffer(stateBytes + inputRingBytes)) {
    this.buffer = buffer;
    this.#state = new Int32Array(buffer, 0, stateBytes / 4);
    this.#bytes = new Uint8Array(buffer, stateBytes, inputRingBytes);
  }

  /** Main thread. False when there is no room for it: whoever sends keeps to the window. */
  push(piece: Uint8Array): boolean {
    if (piece.length > inputRingBytes - this.available()) return false;
    const from = Atomics.load(this.#state, writtenAt) & (inputRingBytes - 1);
    const first = piece.subarray(0, inputRingBytes - from);
    this.#bytes.set(first, from);
    this.#bytes.set(piece.subarray(first.length), 0);
    Atomics.add(this.#state, writtenAt, piece.length);
    this.#changed();
    return true;
  }

  /** Main thread: nothing comes any more. */
  close(): void {
    Atomics.store(this.#state, closedAt, 1);
    this.#changed();
  }

  #changed(): void {
    Atomics.add(this.#state, changedAt, 1);
    Atomics.notify(this.#state, changedAt);
  }

  available(): number {
    return (Atomics.load(this.#state, writtenAt) - Atomics.load(this.#state, readAt)) | 0;
  }

  /** Worker: everything was read, and nothing comes any more. */
  ended(): boolean {
    return Atomics.load(this.#state, closedAt) === 1 && this.available() === 0;
  }

  /** Worker: up to so many bytes, none when there are none. */
  take(count: number): Uint8Array {
    const length = Math.min(count, this.available());
    const from = Atomics.load(this.#state, readAt) & (inputRingBytes - 1);
    const data = new Uint8Array(length);
    const first = this.#bytes.subarray(from, from + length);
    data.set(first);
    data.set(this.#bytes.subarray(0, length - first.length), first.length);
    Atomics.add(this.#state, readAt, length);
    return data;
  }

  /** Worker: sleeps until there is input, or its end, or so much time has passed. False when it has passed. */
  wait(milliseconds: number): boolean {
    const endsMs = performance.now() + milliseconds;
    for (;;) {
      const seen = Atomics.load(this.#state, changedAt);
      if (this.available() > 0 || this.ended()) return true;
      const leftMs = endsMs - performance.now();
      if (leftMs <= 0) return false;
      Atomics.wait(this.#state, changedAt, seen, leftMs);
    }
  }
}
