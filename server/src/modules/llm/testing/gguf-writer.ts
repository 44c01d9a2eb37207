import { closeSync, openSync, writeSync } from 'node:fs';

/** Numbers of the GGUF specification, version 3 (docs/gguf.md of the ggml project). */
const valueTypes = {
  uint16: 2,
  uint32: 4,
  int32: 5,
  float32: 6,
  bool: 7,
  string: 8,
  array: 9,
  uint64: 10,
} as const;
const tensorTypes = { F32: 0, F16: 1, Q8_0: 8 } as const;
const alignment = 32;

export type GgufValue =
  | { readonly type: 'uint16' | 'uint32' | 'int32' | 'float32' | 'uint64'; readonly value: number }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'strings'; readonly value: readonly string[] }
  | { readonly type: 'int32s' | 'float32s'; readonly value: readonly number[] };

export interface GgufTensor {
  readonly name: string;
  /** Row length first, as GGUF counts them (ne0). */
  readonly shape: readonly number[];
  readonly type: keyof typeof tensorTypes;
  /** Called once, when the tensor is written; row after row. */
  readonly values: () => Float32Array;
}

export interface GgufContent {
  readonly metadata: Readonly<Record<string, GgufValue>>;
  readonly tensors: readonly GgufTensor[];
}

/** Writes a GGUF file, version 3, little-endian. One tensor is in memory at a time. */
export function writeGguf(file: string, content: GgufContent): void {
  const descriptor = openSync(file, 'w');
  try {
    const head = headOf(content);
    writeWhole(descriptor, head);
    writeWhole(descriptor, Buffer.alloc(paddingAfter(head.length)));
    for (const tensor of content.tensors) {
      const bytes = encodeTensor(tensor);
      writeWhole(descriptor, bytes);
      writeWhole(descriptor, Buffer.alloc(paddingAfter(bytes.length)));
    }
  } finally {
    closeSync(descriptor);
  }
}

/** Writes a model in several files, as llama.cpp's gguf-split does; the paths in order. */
export function writeSplitGguf(prefix: string, content: GgufContent, count: number): string[] {
  const each = Math.ceil(content.tensors.length / count);
  return Array.from({ length: count }, (_, index) => {
    const number = (value: number) => String(value).padStart(5, '0');
    const file = `${prefix}-${number(index + 1)}-of-${number(count)}.gguf`;
    writeGguf(file, {
      metadata: {
        ...(index === 0 ? content.metadata : {}),
        'split.no': { type: 'uint16', value: index },
        'split.count': { type: 'uint16', value: count },
        'split.tensors.count': { type: 'int32', value: content.tensors.length },
      },
      tensors: content.tensors.slice(index * each, (index + 1) * each),
    });
    return file;
  });
}

function writeWhole(descriptor: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length; ) written += writeSync(descriptor, bytes, written);
}

function headOf({ metadata, tensors }: GgufContent): Buffer {
  const parts: Buffer[] = [Buffer.from('GGUF'), uint32(3), uint64(tensors.length)];
  const entries = Object.entries(metadata);
  parts.push(uint64(entries.length));
  for (const [key, value] of entries) parts.push(string(key), encodeValue(value));
  let offset = 0;
  for (const tensor of tensors) {
    parts.push(string(tensor.name), uint32(tensor.shape.length), ...tensor.shape.map(uint64));
    parts.push(uint32(tensorTypes[tensor.type]), uint64(offset));
    const bytes = sizeOf(tensor);
    offset += bytes + paddingAfter(bytes);
  }
  return Buffer.concat(parts);
}

function encodeValue(value: GgufValue): Buffer {
  switch (value.type) {
    case 'strings':
      return array(valueTypes.string, value.value.map(string));
    case 'int32s':
      return array(valueTypes.int32, value.value.map(int32));
    case 'float32s':
      return array(valueTypes.float32, value.value.map(float32));
    case 'string':
      return Buffer.concat([uint32(valueTypes.string), string(value.value)]);
    case 'bool':
      return Buffer.concat([uint32(valueTypes.bool), Buffer.from([value.value ? 1 : 0])]);
    default:
      return Buffer.concat([uint32(valueTypes[value.type]), scalars[value.type](value.value)]);
  }
}

function array(elementType: number, elements: readonly Buffer[]): Buffer {
  return Buffer.concat([uint32(valueTypes.array), uint32(elementType), uint64(elements.length), ...elements]);
}

function elementsOf(tensor: GgufTensor): number {
  return tensor.shape.reduce((product, length) => product * length, 1);
}

function sizeOf(tensor: GgufTensor): number {
  const elements = elementsOf(tensor);
  if (tensor.type === 'F32') return elements * 4;
  return tensor.type === 'F16' ? elements * 2 : (elements / 32) * 34;
}

function encodeTensor(tensor: GgufTensor): Uint8Array {
  const values = tensor.values();
  if (values.length !== elementsOf(tensor)) throw new Error(`${tensor.name} has ${values.length} values`);
  if (tensor.type === 'F32') return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  if (tensor.type === 'F16') {
    const halves = new Uint16Array(values.length);
    values.forEach((value, index) => {
      halves[index] = halfOf(value);
    });
    return new Uint8Array(halves.buffer);
  }
  return encodeQ8(values);
}

/** Blocks of 32 values: a half-precision scale, then 32 signed bytes. */
function encodeQ8(values: Float32Array): Uint8Array {
  const bytes = Buffer.alloc((values.length / 32) * 34);
  for (let block = 0; block < values.length / 32; block += 1) {
    const part = values.subarray(block * 32, block * 32 + 32);
    let largest = 0;
    for (const value of part) largest = Math.max(largest, Math.abs(value));
    const scale = largest / 127;
    bytes.writeUInt16LE(halfOf(scale), block * 34);
    part.forEach((value, index) => {
      bytes.writeInt8(scale === 0 ? 0 : Math.round(value / scale), block * 34 + 2 + index);
    });
  }
  return bytes;
}

const floatView = new Float32Array(1);
const bitsView = new Uint32Array(floatView.buffer);

/** IEEE 754 half precision; what is too small becomes zero. */
function halfOf(value: number): number {
  floatView[0] = value;
  const bits = bitsView[0] ?? 0;
  const sign = (bits >>> 16) & 0x8000;
  const exponent = ((bits >>> 23) & 0xff) - 112;
  if (exponent <= 0) return sign;
  if (exponent >= 31) return sign | 0x7c00;
  return sign | ((exponent << 10) + (((bits & 0x7fffff) + 0x1000) >>> 13));
}

function paddingAfter(length: number): number {
  return (alignment - (length % alignment)) % alignment;
}

function string(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([uint64(bytes.length), bytes]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}

function float32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return bytes;
}

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

const scalars = { uint16, uint32, int32, float32, uint64 };
