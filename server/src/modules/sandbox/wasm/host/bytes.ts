/** Why a module is not taken, in words for whoever made it. */
export class ModuleRefused extends Error {
  override readonly name = 'ModuleRefused';
}

/** Reads the binary format of WebAssembly (core specification, chapter 5) from front to end. */
export class Reader {
  readonly bytes: Uint8Array;
  position: number;
  readonly end: number;

  constructor(bytes: Uint8Array, position = 0, end = bytes.length) {
    this.bytes = bytes;
    this.position = position;
    this.end = end;
  }

  get done(): boolean {
    return this.position >= this.end;
  }

  byte(): number {
    if (this.position >= this.end) throw new ModuleRefused('it ends in the middle of something');
    const value = this.bytes[this.position] ?? 0;
    this.position += 1;
    return value;
  }

  skip(count: number): void {
    if (count > this.end - this.position) throw new ModuleRefused('it ends in the middle of something');
    this.position += count;
  }

  /** Unsigned LEB128 of at most 32 bits. */
  unsigned(): number {
    let value = 0;
    for (let index = 0; index < 5; index += 1) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** (7 * index);
      if (byte < 0x80) {
        if (value > 0xffffffff) break;
        return value;
      }
    }
    throw new ModuleRefused('a number in it is too long');
  }

  /** Skips a LEB128 number of at most so many bytes: 5 for 32 bits, 10 for 64. */
  skipNumber(mostBytes: number): void {
    for (let index = 0; index < mostBytes; index += 1) if (this.byte() < 0x80) return;
    throw new ModuleRefused('a number in it is too long');
  }

  slice(count: number): Uint8Array {
    const from = this.position;
    this.skip(count);
    return this.bytes.subarray(from, from + count);
  }

  /** A part of its own with its length in front. */
  part(): Reader {
    const length = this.unsigned();
    const from = this.position;
    this.skip(length);
    return new Reader(this.bytes, from, from + length);
  }

  name(): string {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(this.slice(this.unsigned()));
  }
}

/** Collects pieces of bytes; nothing is copied until the end. */
export class Writer {
  readonly #pieces: Uint8Array[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  raw(bytes: Uint8Array | readonly number[]): this {
    const piece = bytes instanceof Uint8Array ? bytes : Uint8Array.from(bytes);
    if (piece.length > 0) this.#pieces.push(piece);
    this.#length += piece.length;
    return this;
  }

  unsigned(value: number): this {
    return this.raw(unsignedBytes(value));
  }

  name(text: string): this {
    const bytes = new TextEncoder().encode(text);
    return this.unsigned(bytes.length).raw(bytes);
  }

  append(other: Writer): this {
    for (const piece of other.#pieces) this.#pieces.push(piece);
    this.#length += other.#length;
    return this;
  }

  /** Appends another writer's bytes with their length in front. */
  part(other: Writer): this {
    return this.unsigned(other.length).append(other);
  }

  finish(): Uint8Array {
    const whole = new Uint8Array(this.#length);
    let position = 0;
    for (const piece of this.#pieces) {
      whole.set(piece, position);
      position += piece.length;
    }
    return whole;
  }
}

export function unsignedBytes(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    bytes.push(rest > 0 ? low | 0x80 : low);
  } while (rest > 0);
  return bytes;
}

/** Signed LEB128 of a number that is not negative. */
export function signedBytes(value: number): number[] {
  const bytes = unsignedBytes(value);
  const last = bytes.at(-1) ?? 0;
  // The sign is the last byte's second bit.
  if (last < 0x40) return bytes;
  return [...bytes.slice(0, -1), last | 0x80, 0];
}
