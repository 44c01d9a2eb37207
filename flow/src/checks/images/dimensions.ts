/** What the first bytes of an image say. */
export type ImageInfo = Readonly<{
  format: 'png' | 'jpeg' | 'gif' | 'webp' | 'avif';
  width: number;
  height: number;
}>;

/** Reads format and size of an image from its header; null when it is none of the five, or cut short. */
export function readImageInfo(bytes: Buffer): ImageInfo | null {
  try {
    return readPng(bytes) ?? readGif(bytes) ?? readWebp(bytes) ?? readJpeg(bytes) ?? readAvif(bytes);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function readPng(bytes: Buffer): ImageInfo | null {
  if (bytes.toString('latin1', 0, 8) !== '\x89PNG\r\n\x1a\n') return null;
  return { format: 'png', width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) };
}

function readGif(bytes: Buffer): ImageInfo | null {
  if (!/^GIF8[79]a/.test(bytes.toString('latin1', 0, 6))) return null;
  return { format: 'gif', width: bytes.readUInt16LE(6), height: bytes.readUInt16LE(8) };
}

function readWebp(bytes: Buffer): ImageInfo | null {
  if (bytes.toString('latin1', 0, 4) !== 'RIFF' || bytes.toString('latin1', 8, 12) !== 'WEBP') return null;
  const kind = bytes.toString('latin1', 12, 16);
  if (kind === 'VP8X')
    return { format: 'webp', width: bytes.readUIntLE(24, 3) + 1, height: bytes.readUIntLE(27, 3) + 1 };
  if (kind === 'VP8L') {
    const bits = bytes.readUInt32LE(21);
    return { format: 'webp', width: (bits & 0x3fff) + 1, height: ((bits >> 14) & 0x3fff) + 1 };
  }
  return { format: 'webp', width: bytes.readUInt16LE(26) & 0x3fff, height: bytes.readUInt16LE(28) & 0x3fff };
}

/** Walks the segments to the start of frame (ITU T.81, B.1.1.3); C4, C8 and CC are no frames. */
function readJpeg(bytes: Buffer): ImageInfo | null {
  if (bytes.readUInt16BE(0) !== 0xffd8) return null;
  let offset = 2;
  while (offset < bytes.length) {
    const marker = bytes.readUInt16BE(offset);
    const isFrame = marker >= 0xffc0 && marker <= 0xffcf && ![0xffc4, 0xffc8, 0xffcc].includes(marker);
    if (isFrame)
      return {
        format: 'jpeg',
        width: bytes.readUInt16BE(offset + 7),
        height: bytes.readUInt16BE(offset + 5),
      };
    offset += 2 + bytes.readUInt16BE(offset + 2);
  }
  return null;
}

/** The image spatial extents property (`ispe`, ISO/IEC 23008-12): the largest one is the picture, not its thumbnail. */
function readAvif(bytes: Buffer): ImageInfo | null {
  if (bytes.toString('latin1', 4, 8) !== 'ftyp' || !/avi[fs]/.test(bytes.toString('latin1', 8, 64)))
    return null;
  let best: ImageInfo | null = null;
  for (let at = bytes.indexOf('ispe'); at !== -1; at = bytes.indexOf('ispe', at + 4)) {
    const info: ImageInfo = {
      format: 'avif',
      width: bytes.readUInt32BE(at + 8),
      height: bytes.readUInt32BE(at + 12),
    };
    if (best === null || info.width * info.height > best.width * best.height) best = info;
  }
  return best;
}
