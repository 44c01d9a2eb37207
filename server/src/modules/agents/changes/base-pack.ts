import { open } from 'node:fs/promises';

const bufferBytes = 1024 ** 2;

/** Where a content stands in a pack. */
export interface Packed {
  readonly offset: number;
  readonly size: number;
}

/**
 * The contents that a copy began with, one behind the other in one file: a project of 50,000 files costs one file more,
 * not 50,000. Nothing is flushed to the disk: after a power cut the task begins again in a fresh copy.
 */
export interface PackWriter extends AsyncDisposable {
  /**
   * Where it will stand. One after the other, since there is one buffer: touching a new one each time cost as much as
   * reading.
   */
  append(content: Uint8Array): Promise<number>;
  /** Hands everything to the file. */
  flush(): Promise<void>;
  readonly sizeBytes: number;
}

/** Goes on at the end of the file, which is made if there is none. */
export async function openPack(file: string): Promise<PackWriter> {
  const handle = await open(file, 'a', 0o600);
  let { size } = await handle.stat();
  const buffer = Buffer.allocUnsafeSlow(bufferBytes);
  let filled = 0;

  async function flush(): Promise<void> {
    if (filled > 0) await handle.appendFile(buffer.subarray(0, filled));
    filled = 0;
  }

  return {
    get sizeBytes() {
      return size;
    },
    async append(content) {
      const offset = size;
      size += content.length;
      if (filled + content.length > buffer.length) await flush();
      if (content.length > buffer.length) await handle.appendFile(content);
      else {
        buffer.set(content, filled);
        filled += content.length;
      }
      return offset;
    },
    flush,
    [Symbol.asyncDispose]: () => handle.close(),
  };
}

/** @throws Error when the file is gone or shorter */
export async function readPacked(file: string, { offset, size }: Packed): Promise<Buffer> {
  await using handle = await open(file, 'r');
  const content = Buffer.allocUnsafe(size);
  const { bytesRead } = await handle.read(content, 0, size, offset);
  if (bytesRead !== size) throw new Error('a kept content is cut off');
  return content;
}
