import { ModuleRefused, type Reader } from './bytes.ts';

/** What the metering needs to know of an instruction beyond its length. */
export type Kind = 'plain' | 'open' | 'loop' | 'end' | 'bytes' | 'elements' | 'pages';

const block = 0x02;
const loop = 0x03;
const end = 0x0b;
const memoryIndexFlag = 0x40;

/** Value types that stand for a block's type in one byte: numbers, v128, funcref, externref, exnref, empty. */
const simpleTypes = new Set([0x7f, 0x7e, 0x7d, 0x7c, 0x7b, 0x70, 0x6f, 0x69, 0x40]);

function blockType(reader: Reader): void {
  const first = reader.bytes[reader.position] ?? 0;
  if (simpleTypes.has(first)) reader.skip(1);
  else if ((first & 0xc0) === 0x40) refuse('typed references (garbage collection)');
  else reader.skipNumber(5);
}

function refuse(feature: string): never {
  throw new ModuleRefused(`it uses ${feature}, which this engine does not take`);
}

function memoryArgument(reader: Reader): void {
  if ((reader.unsigned() & memoryIndexFlag) !== 0) refuse('several memories');
  reader.skipNumber(5);
}

function valueTypes(reader: Reader): void {
  for (let count = reader.unsigned(); count > 0; count -= 1) {
    if (!simpleTypes.has(reader.byte())) refuse('typed references (garbage collection)');
  }
}

function numbers(reader: Reader, count: number): void {
  for (let index = 0; index < count; index += 1) reader.skipNumber(5);
}

/**
 * Reads one instruction and tells its kind. The list is closed: what it does not know is refused, because an
 * instruction of unknown length would put everything behind it in doubt. Opcodes: core specification 3.0, appendix
 * "Index of Instructions"; threads, garbage collection and several memories are left out on purpose.
 */
export function readInstruction(reader: Reader): Kind {
  const opcode = reader.byte();
  if (opcode >= 0x45 && opcode <= 0xc4) return 'plain';
  if (opcode >= 0x28 && opcode <= 0x3e) {
    memoryArgument(reader);
    return 'plain';
  }
  switch (opcode) {
    case block:
    case 0x04:
    case 0x06:
      blockType(reader);
      return 'open';
    case loop:
      blockType(reader);
      return 'loop';
    case 0x1f:
      blockType(reader);
      catchClauses(reader);
      return 'open';
    case end:
      return 'end';
    // The end of a try block, in the older proposal of exceptions.
    case 0x18:
      numbers(reader, 1);
      return 'end';
    case 0x00:
    case 0x01:
    case 0x05:
    case 0x0a:
    case 0x0f:
    case 0x19:
    case 0x1a:
    case 0x1b:
    case 0xd1:
      return 'plain';
    case 0x0e:
      numbers(reader, reader.unsigned() + 1);
      return 'plain';
    case 0x11:
    case 0x13:
      numbers(reader, 2);
      return 'plain';
    case 0x1c:
      valueTypes(reader);
      return 'plain';
    case 0x40:
      numbers(reader, 1);
      return 'pages';
    case 0x42:
      reader.skipNumber(10);
      return 'plain';
    case 0x43:
      reader.skip(4);
      return 'plain';
    case 0x44:
      reader.skip(8);
      return 'plain';
    case 0xd0:
      if (!simpleTypes.has(reader.byte())) refuse('typed references (garbage collection)');
      return 'plain';
    case 0xfc:
      return readLong(reader);
    case 0xfd:
      readVector(reader);
      return 'plain';
    case 0xfb:
      return refuse('typed references (garbage collection)');
    case 0xfe:
      return refuse('threads');
    default:
      if (!oneNumber.has(opcode)) refuse(`the instruction 0x${opcode.toString(16)}`);
      numbers(reader, 1);
      return 'plain';
  }
}

/** catch, throw, rethrow, br, br_if, call, return_call, locals, globals, tables, memory.size, i32.const, ref.func. */
const oneNumber = new Set([
  ...[0x07, 0x08, 0x09, 0x0c, 0x0d, 0x10, 0x12],
  ...[0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26],
  ...[0x3f, 0x41, 0xd2],
]);

function catchClauses(reader: Reader): void {
  for (let count = reader.unsigned(); count > 0; count -= 1) numbers(reader, reader.byte() < 2 ? 2 : 1);
}

/** The instructions behind 0xFC: saturating conversions, bulk memory, tables. */
function readLong(reader: Reader): Kind {
  const opcode = reader.unsigned();
  if (opcode <= 7) return 'plain';
  switch (opcode) {
    case 8:
    case 10:
      numbers(reader, 2);
      return 'bytes';
    case 11:
      numbers(reader, 1);
      return 'bytes';
    case 12:
    case 14:
      numbers(reader, 2);
      return 'elements';
    case 15:
    case 17:
      numbers(reader, 1);
      return 'elements';
    case 9:
    case 13:
    case 16:
      numbers(reader, 1);
      return 'plain';
    default:
      return refuse(`the instruction 0xfc ${opcode}`);
  }
}

/** The instructions behind 0xFD: vectors of 128 bits. The relaxed ones are not taken: their results differ by machine. */
function readVector(reader: Reader): void {
  const opcode = reader.unsigned();
  if (opcode <= 11 || opcode === 92 || opcode === 93) memoryArgument(reader);
  else if (opcode === 12 || opcode === 13) reader.skip(16);
  else if (opcode >= 21 && opcode <= 34) reader.skip(1);
  else if (opcode >= 84 && opcode <= 91) {
    memoryArgument(reader);
    reader.skip(1);
  } else if (opcode > 0xff) refuse(`the instruction 0xfd ${opcode}`);
}
