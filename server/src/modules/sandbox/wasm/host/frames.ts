/** What the server and a host of WebAssembly programs tell each other: a header in JSON, then bytes. */
export interface Frame {
  readonly header: unknown;
  readonly body: Uint8Array;
}

const prefixBytes = 8;
/** Beyond any honest frame: 64 MiB of files and a module, or of what was changed. */
const mostBodyBytes = 256 * 1024 * 1024;
const mostHeaderBytes = 16 * 1024 * 1024;

/** The bytes of a frame, to be written one after the other. */
export function encodeFrame(header: unknown, bodies: readonly Uint8Array[] = []): Buffer[] {
  const text = Buffer.from(JSON.stringify(header));
  const prefix = Buffer.alloc(prefixBytes);
  prefix.writeUInt32LE(text.length, 0);
  prefix.writeUInt32LE(
    bodies.reduce((sum, body) => sum + body.length, 0),
    4,
  );
  return [prefix, text, ...bodies.map((body) => Buffer.from(body.buffer, body.byteOffset, body.byteLength))];
}

/** Puts frames together again from whatever pieces they arrive in. */
export function createFrameReader(onFrame: (frame: Frame) => void) {
  let pieces: Buffer[] = [];
  let length = 0;
  let needed = prefixBytes;

  function take(): void {
    const bytes = pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces);
    let from = 0;
    for (;;) {
      needed = prefixBytes;
      if (bytes.length - from < prefixBytes) break;
      const headerBytes = bytes.readUInt32LE(from);
      const bodyBytes = bytes.readUInt32LE(from + 4);
      if (headerBytes > mostHeaderBytes || bodyBytes > mostBodyBytes) throw new Error('a frame is too long');
      needed = prefixBytes + headerBytes + bodyBytes;
      if (bytes.length - from < needed) break;
      const headerFrom = from + prefixBytes;
      const header: unknown = JSON.parse(bytes.toString('utf8', headerFrom, headerFrom + headerBytes));
      const body = bytes.subarray(headerFrom + headerBytes, from + needed);
      from += needed;
      onFrame({ header, body });
    }
    const rest = bytes.subarray(from);
    pieces = rest.length === 0 ? [] : [rest];
    length = rest.length;
  }

  return {
    /** @throws when what arrives is no frame */
    push(piece: Buffer): void {
      pieces.push(piece);
      length += piece.length;
      if (length >= needed) take();
    },
  };
}
