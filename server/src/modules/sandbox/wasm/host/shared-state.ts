/**
 * What the host's main thread and its worker tell each other without waking anybody's event loop: numbers in shared memory.
 * The worker sleeps on the count of calls between two of them, which costs a fraction of a message in a loop.
 */
export class SharedState {
  readonly buffer: SharedArrayBuffer;
  readonly #numbers: Int32Array;

  constructor(buffer = new SharedArrayBuffer(12)) {
    this.buffer = buffer;
    this.#numbers = new Int32Array(buffer);
  }

  /** Set while a frame is being written: a worker that is ended then leaves half a frame behind. */
  get writing(): boolean {
    return Atomics.load(this.#numbers, 0) !== 0;
  }
  set writing(writing: boolean) {
    Atomics.store(this.#numbers, 0, writing ? 1 : 0);
  }

  /** The last call that was handed over; handing over wakes the worker. */
  get handedOver(): number {
    return Atomics.load(this.#numbers, 1);
  }
  handOver(callId: number): void {
    Atomics.store(this.#numbers, 1, callId);
    Atomics.notify(this.#numbers, 1);
  }
  /** Worker: sleeps while this is the last call that was handed over. */
  sleepAfter(callId: number): void {
    Atomics.wait(this.#numbers, 1, callId);
  }

  /** The last call whose end was told. */
  get ended(): number {
    return Atomics.load(this.#numbers, 2);
  }
  set ended(callId: number) {
    Atomics.store(this.#numbers, 2, callId);
  }
}
