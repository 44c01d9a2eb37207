import type { FileHandle } from 'node:fs/promises';

export type GgufScalar = number | boolean | string;

/** The file is no GGUF file, or is damaged; the message completes "its file cannot be used: …". */
export class GgufSyntaxError extends Error {
  override readonly name = 'GgufSyntaxError';
}

const chunkBytes = 1 << 20;
/** The largest real headers, vocabularies and merges included, have about 15 MB. */
const headerBytesAtMost = 128 << 20;
const entriesAtMost = 100_000;
const textBytesAtMost = 4 << 20;
const arrayElementsAtMost = 10_000_000;

const stringType = 8;
const arrayType = 9;
/** Bytes of each type of value, by its number. */
const widths: Readonly<Record<number, number>> = {
  0: 1,
  1: 1,
  2: 2,
  3: 2,
  4: 4,
  5: 4,
  6: 4,
  7: 1,
  10: 8,
  11: 8,
  12: 8,
};

/** Elements and bytes of one block, by the number of the tensor type (ggml.h). */
const blocks: Readonly<Record<number, readonly [elements: number, bytes: number]>> = {
  0: [1, 4],
  1: [1, 2],
  2: [32, 18],
  3: [32, 20],
  6: [32, 22],
  7: [32, 24],
  8: [32, 34],
  9: [32, 36],
  10: [256, 84],
  11: [256, 110],
  12: [256, 144],
  13: [256, 176],
  14: [256, 210],
  15: [256, 292],
  16: [256, 66],
  17: [256, 74],
  18: [256, 98],
  19: [256, 50],
  20: [32, 18],
  21: [256, 110],
  22: [256, 82],
  23: [256, 136],
  24: [1, 1],
  25: [1, 2],
  26: [1, 4],
  27: [1, 8],
  28: [1, 8],
  29: [256, 56],
  30: [1, 2],
  34: [256, 54],
  35: [256, 66],
  39: [32, 17],
};

/** Reads the parts of a GGUF header one after another, in pieces of a megabyte. */
export class GgufReader {
  readonly #handle: FileHandle;
  readonly #size: number;
  #buffer: Buffer = Buffer.alloc(0);
  #at = 0;
  #read = 0;
  #entries = 0;
  #tensorCount = 0;

  constructor(handle: FileHandle, size: number) {
    this.#handle = handle;
    this.#size = size;
  }

  get position(): number {
    return this.#read - this.#buffer.length + this.#at;
  }

  async begin(): Promise<void> {
    if (this.#size < 24) throw new GgufSyntaxError('it is too short for a GGUF file');
    if ((await this.#take(4)).toString('latin1') !== 'GGUF') {
      throw new GgufSyntaxError('it does not begin as a GGUF file does');
    }
    const version = (await this.#take(4)).readUInt32LE();
    if (version !== 2 && version !== 3) throw new GgufSyntaxError(`its version ${version} is not known`);
    this.#tensorCount = await this.#count(entriesAtMost, 'tensors');
    this.#entries = await this.#count(entriesAtMost, 'entries');
  }

  /** Scalars by key. Of an array, `key#` tells the length and `key#sum` the sum of its numbers. */
  async metadata(): Promise<ReadonlyMap<string, GgufScalar>> {
    const metadata = new Map<string, GgufScalar>();
    for (let index = 0; index < this.#entries; index += 1) {
      const key = await this.#text();
      const type = (await this.#take(4)).readUInt32LE();
      if (type === arrayType) await this.#array(key, metadata);
      else metadata.set(key, await this.#scalar(type));
    }
    return metadata;
  }

  async tensors(): Promise<{ readonly elements: number; readonly dataBytes: number }> {
    let elements = 0;
    let dataBytes = 0;
    for (let index = 0; index < this.#tensorCount; index += 1) {
      const name = await this.#text();
      const dimensions = (await this.#take(4)).readUInt32LE();
      if (dimensions > 8) throw new GgufSyntaxError(`its tensor ${name} has ${dimensions} dimensions`);
      let values = 1;
      for (let axis = 0; axis < dimensions; axis += 1) values *= await this.#count(2 ** 40, 'values');
      const type = (await this.#take(4)).readUInt32LE();
      const offset = await this.#count(2 ** 48, 'bytes');
      elements += values;
      dataBytes = Math.max(dataBytes, offset + bytesOf(type, values));
    }
    return { elements, dataBytes };
  }

  async #array(key: string, metadata: Map<string, GgufScalar>): Promise<void> {
    const type = (await this.#take(4)).readUInt32LE();
    const length = await this.#count(arrayElementsAtMost, 'array elements');
    metadata.set(`${key}#`, length);
    if (type === stringType) {
      for (let index = 0; index < length; index += 1)
        await this.#skip(await this.#count(textBytesAtMost, 'bytes'));
      return;
    }
    const width = widths[type];
    if (width === undefined) throw new GgufSyntaxError(`it holds an array of the unknown type ${type}`);
    if (length > entriesAtMost) {
      await this.#skip(width * length);
      return;
    }
    let sum = 0;
    for (let index = 0; index < length; index += 1) sum += Number(await this.#scalar(type));
    metadata.set(`${key}#sum`, sum);
  }

  async #scalar(type: number): Promise<GgufScalar> {
    if (type === stringType) return this.#text();
    const width = widths[type];
    if (width === undefined) throw new GgufSyntaxError(`it holds a value of the unknown type ${type}`);
    return decode(type, await this.#take(width));
  }

  async #text(): Promise<string> {
    const length = await this.#count(textBytesAtMost, 'bytes');
    return (await this.#take(length)).toString('utf8');
  }

  async #count(atMost: number, what: string): Promise<number> {
    const value = (await this.#take(8)).readBigUInt64LE();
    if (value > BigInt(atMost)) throw new GgufSyntaxError(`it claims ${value} ${what}`);
    return Number(value);
  }

  async #skip(length: number): Promise<void> {
    for (let left = length; left > 0; ) {
      const part = Math.min(left, chunkBytes);
      await this.#take(part);
      left -= part;
    }
  }

  // Synchronous wherever the bytes are there already would be faster; an await of a plain value costs little enough.
  async #take(length: number): Promise<Buffer> {
    if (this.#at + length > this.#buffer.length) await this.#fill(length);
    const part = this.#buffer.subarray(this.#at, this.#at + length);
    this.#at += length;
    return part;
  }

  async #fill(length: number): Promise<void> {
    const left = this.#buffer.subarray(this.#at);
    const next = Buffer.alloc(Math.max(chunkBytes, length));
    if (this.#read + next.length > headerBytesAtMost) throw new GgufSyntaxError('its header is too large');
    const { bytesRead } = await this.#handle.read(next, 0, next.length, this.#read);
    this.#read += bytesRead;
    this.#buffer = Buffer.concat([left, next.subarray(0, bytesRead)]);
    this.#at = 0;
    if (this.#buffer.length < length) throw new GgufSyntaxError('it ends within its header');
  }
}

function bytesOf(type: number, values: number): number {
  const block = blocks[type];
  if (block === undefined) throw new GgufSyntaxError(`it holds a tensor of the unknown type ${type}`);
  const [elements, bytes] = block;
  return Math.ceil(values / elements) * bytes;
}

function decode(type: number, bytes: Buffer): GgufScalar {
  switch (type) {
    case 0:
      return bytes.readUInt8();
    case 1:
      return bytes.readInt8();
    case 2:
      return bytes.readUInt16LE();
    case 3:
      return bytes.readInt16LE();
    case 4:
      return bytes.readUInt32LE();
    case 5:
      return bytes.readInt32LE();
    case 6:
      return bytes.readFloatLE();
    case 7:
      return bytes.readUInt8() !== 0;
    case 10:
      return Number(bytes.readBigUInt64LE());
    case 11:
      return Number(bytes.readBigInt64LE());
    default:
      return bytes.readDoubleLE();
  }
}
