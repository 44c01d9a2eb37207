import { createHash, hash as digestOf } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';

export interface FileSum {
  /** Lower-case hex. */
  readonly sha256: string;
  readonly sizeBytes: number;
}

const WHOLE_BYTES = 1 << 20;

/** SHA-256 of a file as lower-case hex, and its size in bytes; constant memory, so a video may be any size. */
export async function hashFile(file: string): Promise<FileSum> {
  const { size } = await stat(file);
  if (size <= WHOLE_BYTES) {
    // A stream costs more than the hash of a page.
    const content = await readFile(file);
    return { sha256: digestOf('sha256', content), sizeBytes: content.length };
  }
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) {
    hash.update(chunk);
    sizeBytes += chunk.length;
  }
  return { sha256: hash.digest('hex'), sizeBytes };
}
