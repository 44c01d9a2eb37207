import { isUtf8 } from 'node:buffer';
import type { TextEncoding } from './contract-shapes.ts';

export interface Piece {
  readonly data: string;
  readonly encoding: TextEncoding;
}

/** Length of a character that the end of the bytes cuts off; 0 when they end with a whole one (RFC 3629). */
export function cutOffLength(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? back : 0;
  }
  return 0;
}

/** Whole output as text when it is UTF-8, else as base64. A character that the output limit cut in two is dropped. */
export function wholeText(pieces: readonly Buffer[], truncated: boolean): Piece {
  const all = Buffer.concat(pieces);
  const bytes = truncated ? all.subarray(0, all.length - cutOffLength(all)) : all;
  return isUtf8(bytes)
    ? { data: bytes.toString('utf8'), encoding: 'utf8' }
    : { data: all.toString('base64'), encoding: 'base64' };
}

/** Turns a stream of bytes into pieces of text; characters that two reads cut in two stay whole. */
export function createPieces() {
  let rest = Buffer.alloc(0);

  function pieceOf(bytes: Buffer): Piece {
    return isUtf8(bytes)
      ? { data: bytes.toString('utf8'), encoding: 'utf8' }
      : { data: bytes.toString('base64'), encoding: 'base64' };
  }

  return {
    /** The piece up to the last whole character; null when there is none yet. */
    push(data: Buffer): Piece | null {
      const bytes = rest.length === 0 ? data : Buffer.concat([rest, data]);
      const keep = cutOffLength(bytes);
      rest = Buffer.from(bytes.subarray(bytes.length - keep));
      const whole = bytes.subarray(0, bytes.length - keep);
      return whole.length === 0 ? null : pieceOf(whole);
    },
    /** What is left at the end. */
    end(): Piece | null {
      return rest.length === 0 ? null : pieceOf(rest);
    },
  };
}
