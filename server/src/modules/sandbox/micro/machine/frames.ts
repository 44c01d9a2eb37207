/** Kinds of frames, the host's first; the same numbers stand in guest/agent.py. */
export const toGuest = {
  seed: 1,
  execute: 2,
  stdin: 3,
  kill: 4,
  put: 5,
  get: 6,
  list: 7,
  networkData: 8,
  networkClose: 9,
  networkOn: 10,
} as const;

export const fromGuest = {
  ready: 65,
  stdout: 66,
  stderr: 67,
  exit: 68,
  reply: 69,
  networkOpen: 72,
  networkData: 73,
  networkClose: 74,
} as const;

export interface Frame {
  readonly kind: number;
  readonly id: number;
  readonly payload: Buffer;
}

const headerBytes = 9;
/** A guest's word counts for nothing: what is longer ends the machine instead of filling memory. */
const frameBytesLimit = 2 * 1024 * 1024;

/** A frame as it travels: kind, id, length (big endian), payload. */
export function encodeFrame(kind: number, id: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const header = Buffer.allocUnsafe(headerBytes);
  header.writeUInt8(kind, 0);
  header.writeUInt32BE(id, 1);
  header.writeUInt32BE(payload.length, 5);
  return Buffer.concat([header, payload]);
}

/** Cuts a stream of bytes into frames. @throws RangeError when a frame is longer than any that an agent sends */
export function createFrameReader(onFrame: (frame: Frame) => void): (data: Buffer) => void {
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  let wantedBytes = headerBytes;

  return (data) => {
    waiting.push(data);
    waitingBytes += data.length;
    if (waitingBytes < wantedBytes) return;
    let rest = waiting.length === 1 ? data : Buffer.concat(waiting);
    for (;;) {
      if (rest.length < headerBytes) {
        wantedBytes = headerBytes;
        break;
      }
      const length = rest.readUInt32BE(5);
      if (length > frameBytesLimit) throw new RangeError(`a frame of ${length} bytes`);
      if (rest.length < headerBytes + length) {
        wantedBytes = headerBytes + length;
        break;
      }
      const payload = rest.subarray(headerBytes, headerBytes + length);
      onFrame({ kind: rest.readUInt8(0), id: rest.readUInt32BE(1), payload });
      rest = rest.subarray(headerBytes + length);
    }
    waiting = rest.length === 0 ? [] : [rest];
    waitingBytes = rest.length;
  };
}

/** A payload of JSON and bytes: the length of the JSON first. */
export function encodeParts(head: unknown, body: Uint8Array = Buffer.alloc(0)): Buffer {
  const text = Buffer.from(JSON.stringify(head));
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32BE(text.length);
  return Buffer.concat([length, text, body]);
}

/** @throws Error when the guest sent something else */
export function decodeParts(payload: Buffer): { head: unknown; body: Buffer } {
  const length = payload.readUInt32BE(0);
  return {
    head: JSON.parse(payload.toString('utf8', 4, 4 + length)) as unknown,
    body: payload.subarray(4 + length),
  };
}
