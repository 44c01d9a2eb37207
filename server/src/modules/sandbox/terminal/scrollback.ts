/** What a terminal has printed, the last `capacityBytes` of it, addressed by the number of bytes since its start. */
export interface Scrollback {
  readonly append: (data: Buffer) => void;
  /** Offset of the oldest byte that is still there, and of the next one to come. */
  readonly startOffset: () => number;
  readonly endOffset: () => number;
  /** At most `limitBytes` from the offset on, or from the oldest byte when that lies behind it. */
  readonly read: (offset: number, limitBytes: number) => { readonly from: number; readonly data: Buffer };
}

/** A bounded log in memory. Whole appended pieces are dropped from its start. */
export function createScrollback(capacityBytes: number): Scrollback {
  let pieces: Buffer[] = [];
  let start = 0;
  let end = 0;

  function append(data: Buffer): void {
    if (data.length === 0) return;
    // A copy: what a stream gives may be a slice of a much larger buffer, which would stay in memory.
    const kept = Buffer.from(data.subarray(Math.max(0, data.length - capacityBytes)));
    pieces.push(kept);
    end += data.length;
    if (kept.length < data.length) start = end - kept.length;
    let dropped = 0;
    while (end - start > capacityBytes && dropped < pieces.length - 1) {
      start += pieces[dropped]?.length ?? 0;
      dropped += 1;
    }
    if (kept.length < data.length) dropped = pieces.length - 1;
    if (dropped > 0) pieces = pieces.slice(dropped);
    // Terminals print in small pieces; a thousand of them are joined, so that reading stays cheap.
    if (pieces.length > 1024) pieces = [Buffer.concat(pieces)];
  }

  function read(offset: number, limitBytes: number) {
    const from = Math.min(Math.max(offset, start), end);
    // Readers are nearly always near the end, so the first wanted piece is looked for from there.
    let index = pieces.length;
    let at = end;
    while (index > 0 && at > from) {
      index -= 1;
      at -= pieces[index]?.length ?? 0;
    }
    const wanted: Buffer[] = [];
    let skip = from - at;
    for (let room = limitBytes; index < pieces.length && room > 0; index += 1) {
      const slice = (pieces[index] ?? Buffer.alloc(0)).subarray(skip, skip + room);
      skip = 0;
      room -= slice.length;
      wanted.push(slice);
    }
    return { from, data: wanted.length === 1 && wanted[0] !== undefined ? wanted[0] : Buffer.concat(wanted) };
  }

  return { append, read, startOffset: () => start, endOffset: () => end };
}
