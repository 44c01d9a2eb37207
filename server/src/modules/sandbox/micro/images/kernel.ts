const elf = Buffer.from([0x7f, 0x45, 0x4c, 0x46]);
const lz4Legacy = 0x184c2102;
/** Most bytes that one block of the legacy format unpacks to. */
const blockBytes = 8 * 1024 * 1024;

/**
 * The plain kernel (ELF, with an entry for PVH) out of a bzImage: its payload by the boot protocol 2.08, which Debian's
 * cloud kernel packs with LZ4. QEMU starts it without firmware, and no time goes into unpacking at each boot.
 * @throws Error when the file is no such kernel
 */
export function unpackKernel(image: Buffer): Buffer {
  if (image.length < 0x260 || image.toString('latin1', 0x202, 0x206) !== 'HdrS') {
    throw new Error('this file is not a Linux kernel for x86');
  }
  // Offsets of Documentation/arch/x86/boot.rst: setup_sects, payload_offset, payload_length.
  const start = ((image[0x1f1] ?? 0) + 1) * 512 + image.readUInt32LE(0x248);
  const payload = image.subarray(start, start + image.readUInt32LE(0x24c));
  if (payload.length < 8 || payload.readUInt32LE(0) !== lz4Legacy) {
    throw new Error('the kernel is packed in another way than LZ4');
  }
  // The last four bytes tell the unpacked size.
  const kernel = unpackLz4(payload.subarray(4, -4), payload.readUInt32LE(payload.length - 4));
  if (!kernel.subarray(0, 4).equals(elf)) throw new Error('the unpacked kernel is not an ELF file');
  return kernel;
}

/** Blocks of LZ4's legacy frame: a length each, then sequences (lz4_Block_format.md of the LZ4 project). */
function unpackLz4(source: Buffer, sizeBytes: number): Buffer {
  if (sizeBytes > 512 * 1024 * 1024) throw new Error('the kernel is too large');
  // Room for a block more: a damaged file is noticed by its size, not by a write beyond the end.
  const target = Buffer.alloc(sizeBytes + blockBytes);
  let filled = 0;
  for (let at = 0; at + 4 <= source.length; ) {
    const length = source.readUInt32LE(at);
    at += 4;
    filled = unpackBlock(source.subarray(at, at + length), target, filled);
    at += length;
  }
  if (filled !== sizeBytes) throw new Error('the kernel is damaged');
  return target.subarray(0, sizeBytes);
}

function unpackBlock(source: Buffer, target: Buffer, start: number): number {
  let at = 0;
  let filled = start;
  const longer = (short: number): number => {
    let length = short;
    if (short !== 15) return length;
    for (;;) {
      const more = source[at++] ?? 0;
      length += more;
      if (more !== 255) return length;
    }
  };
  while (at < source.length) {
    const token = source[at++] ?? 0;
    const literals = longer(token >> 4);
    if (filled + literals > target.length) throw new Error('the kernel is damaged');
    source.copy(target, filled, at, at + literals);
    at += literals;
    filled += literals;
    if (at >= source.length) break;
    const distance = (source[at] ?? 0) | ((source[at + 1] ?? 0) << 8);
    at += 2;
    const length = longer(token & 15) + 4;
    if (distance === 0 || distance > filled || filled + length > target.length) {
      throw new Error('the kernel is damaged');
    }
    if (distance >= length) target.copyWithin(filled, filled - distance, filled - distance + length);
    // A match that overlaps itself repeats what it has just written.
    else
      for (let index = 0; index < length; index += 1)
        target[filled + index] = target[filled + index - distance] ?? 0;
    filled += length;
  }
  return filled;
}
