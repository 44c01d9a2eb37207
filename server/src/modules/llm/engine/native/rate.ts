const windowMs = 10_000;

/** Things per second of work, over about the last ten seconds in which there was work. */
export class Rate {
  #things = 0;
  #elapsedMs = 0;

  add(things: number, elapsedMs: number): void {
    this.#things += things;
    this.#elapsedMs += elapsedMs;
    if (this.#elapsedMs > windowMs) {
      this.#things /= 2;
      this.#elapsedMs /= 2;
    }
  }

  perSecond(): number | null {
    return this.#elapsedMs < 1 ? null : (this.#things / this.#elapsedMs) * 1_000;
  }
}
