import { fuelExport, pageBytes, pageLimitExport, refusedPagesExport } from './meter.ts';

/** What one call of a function of the host costs, and each byte that it moves. Part of the promise: fuel is the same everywhere. */
const hostCallUnits = 100n;

/** Why a call was ended from the inside. */
export type LimitName = 'fuel' | 'output';

/** Thrown through the program to end it. */
export class LimitReached extends Error {
  readonly limit: LimitName;

  constructor(limit: LimitName) {
    super(limit);
    this.limit = limit;
  }
}

/** The fuel and memory limits of one instance, kept in globals of its own. */
export class Fuel {
  readonly #given: number;
  #fuel: WebAssembly.Global | null = null;
  #refused: WebAssembly.Global | null = null;
  #reached: LimitReached | null = null;
  #usedAtEnd: number | null = null;

  constructor(given: number) {
    this.#given = given;
  }

  /** Sets the limits; to be called before anything of the instance runs. */
  attach(instance: WebAssembly.Instance, memoryLimitBytes: number): void {
    this.#fuel = instance.exports[fuelExport] as WebAssembly.Global;
    this.#refused = instance.exports[refusedPagesExport] as WebAssembly.Global;
    this.#fuel.value = BigInt(this.#given);
    const pages = instance.exports[pageLimitExport] as WebAssembly.Global;
    pages.value = Math.floor(memoryLimitBytes / pageBytes);
  }

  /** Units that were burnt; all of them when the program wanted more. */
  get used(): number {
    if (this.#usedAtEnd !== null) return this.#usedAtEnd;
    const left = this.#left();
    return left < 0n ? this.#given : this.#given - Number(left);
  }

  get exhausted(): boolean {
    return this.#usedAtEnd === null && this.#left() < 0n;
  }

  get memoryWasRefused(): boolean {
    return this.#refused?.value === 1;
  }

  #left(): bigint {
    return (this.#fuel?.value as bigint | undefined) ?? BigInt(this.#given);
  }

  /**
   * Pays for one call of the host that moves so many bytes. A program that catches what is thrown here gets no further:
   * its next function or loop traps, and its next call of the host throws again.
   * @throws LimitReached
   */
  pay(bytes: number): void {
    if (this.#reached !== null) throw this.#reached;
    if (this.#fuel === null) return;
    const left = (this.#fuel.value as bigint) - hostCallUnits - BigInt(bytes);
    this.#fuel.value = left;
    if (left < 0n) throw this.end('fuel');
  }

  /** Makes sure that nothing runs any more; gives what is to be thrown. */
  end(limit: LimitName): LimitReached {
    this.#reached ??= new LimitReached(limit);
    if (limit !== 'fuel' && this.#fuel !== null) {
      this.#usedAtEnd = this.used;
      this.#fuel.value = -1n;
    }
    return this.#reached;
  }
}
