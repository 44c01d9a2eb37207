import { isUtf8 } from 'node:buffer';
import type { Position } from '../position.ts';

/** A stretch of bytes that is not UTF-8. */
export type InvalidBytes = Readonly<{ offset: number; bytes: Uint8Array; position: Position }>;

/**
 * Length in bytes of the well-formed UTF-8 sequence at `offset`, or 0 when there is none.
 * Table 3-7 of the Unicode Standard: no overlong forms, no surrogates, nothing above U+10FFFF.
 */
export function sequenceLength(bytes: ArrayLike<number>, offset: number): number {
  const lead = bytes[offset] ?? -1;
  if (lead < 0) return 0;
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const [low, high] = secondByteRange(lead);
  const second = bytes[offset + 1] ?? -1;
  if (second < low || second > high) return 0;
  if (lead < 0xe0) return 2;
  if (!isTrail(bytes[offset + 2])) return 0;
  if (lead < 0xf0) return 3;
  return isTrail(bytes[offset + 3]) ? 4 : 0;
}

function secondByteRange(lead: number): readonly [number, number] {
  if (lead === 0xe0) return [0xa0, 0xbf];
  if (lead === 0xed) return [0x80, 0x9f];
  if (lead === 0xf0) return [0x90, 0xbf];
  if (lead === 0xf4) return [0x80, 0x8f];
  return [0x80, 0xbf];
}

function isTrail(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x80 && byte <= 0xbf;
}

/**
 * Every stretch of invalid bytes, at most `most` of them, with line and column (characters, from 1).
 * A valid file costs one call into native code.
 */
export function findInvalidUtf8(bytes: Uint8Array, most = 20): InvalidBytes[] {
  if (isUtf8(bytes)) return [];
  const found: InvalidBytes[] = [];
  let line = 1;
  let column = 1;
  let offset = 0;
  while (offset < bytes.length && found.length < most) {
    const length = sequenceLength(bytes, offset);
    if (length > 0) {
      if (bytes[offset] === 10 || (bytes[offset] === 13 && bytes[offset + 1] !== 10)) {
        line += 1;
        column = 1;
      } else {
        column += 1;
      }
      offset += length;
      continue;
    }
    const start = offset;
    while (offset < bytes.length && sequenceLength(bytes, offset) === 0) offset += 1;
    found.push({ offset: start, bytes: bytes.subarray(start, offset), position: { line, column } });
    column += offset - start;
  }
  return found;
}
