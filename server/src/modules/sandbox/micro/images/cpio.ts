/** One entry of an archive. Folders have no content. */
export interface CpioEntry {
  readonly path: string;
  /** Type and permissions, as in stat(2). */
  readonly mode: number;
  readonly content?: Uint8Array;
}

/**
 * An archive in the format `newc` (Documentation/driver-api/early-userspace/buffer-format.rst of the kernel). All times
 * are zero and inodes are numbered in order, so the same entries always make the same bytes.
 */
export function cpioArchive(entries: readonly CpioEntry[]): Buffer {
  const parts: Buffer[] = [];
  const all = [...entries, { path: 'TRAILER!!!', mode: 0 }];
  for (const [index, { path, mode, content = new Uint8Array() }] of all.entries()) {
    const name = Buffer.from(`${path}\0`);
    const fields = [index + 1, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length, 0];
    const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`;
    parts.push(padded(Buffer.concat([Buffer.from(header), name])), padded(Buffer.from(content)));
  }
  return Buffer.concat(parts);
}

function padded(data: Buffer): Buffer {
  const rest = data.length % 4;
  return rest === 0 ? data : Buffer.concat([data, Buffer.alloc(4 - rest)]);
}
