import { hash } from 'node:crypto';
import { isFault } from '#base/fault.ts';
import { readWorkspaceFile } from '#kernel/files/read.ts';
import { unlimitedRoom } from '#kernel/files/workspace.ts';
import { isBinary } from '../scan/project-files.ts';
import type { Place, Tasks } from './tasks.ts';

/** Larger files are found by exact search only. */
const indexedBytes = 1024 ** 2;
/** Texts that were hashed a moment ago and are likely to be cut next. */
const keptBytes = 16 * 1024 ** 2;

/** Reads files for the index; what was just read for its hash is not read again to be cut. */
export class TextReader {
  readonly #kept = new Map<string, Buffer>();
  #keptBytes = 0;

  async hash({ paths, ...place }: Tasks['hash']['request']): Promise<Tasks['hash']['answer']> {
    const files = [];
    for (const path of paths) {
      const file = await readText(place, path);
      if (file === null) continue;
      const { bytes, modifiedMs } = file;
      const contentHash = hashOf(bytes);
      this.#keep(contentHash, bytes);
      files.push({ path, sizeBytes: bytes.length, modifiedMs, contentHash });
    }
    return files;
  }

  /** The text of that content, from the file if it still has it; null when it has changed since. */
  async text(
    place: Place,
    { path, contentHash }: { path: string; contentHash: string },
  ): Promise<string | null> {
    const kept = this.#kept.get(contentHash);
    if (kept !== undefined) {
      this.#kept.delete(contentHash);
      this.#keptBytes -= kept.length;
      return kept.toString('utf8');
    }
    const file = await readText(place, path);
    // When it has changed, the change brings it here again.
    return file === null || hashOf(file.bytes) !== contentHash ? null : file.bytes.toString('utf8');
  }

  #keep(contentHash: string, bytes: Buffer): void {
    if (this.#kept.has(contentHash)) return;
    this.#kept.set(contentHash, bytes);
    this.#keptBytes += bytes.length;
    for (const [oldest, { length }] of this.#kept) {
      if (this.#keptBytes <= keptBytes) return;
      this.#kept.delete(oldest);
      this.#keptBytes -= length;
    }
  }
}

const hashOf = (bytes: Buffer) => hash('sha256', bytes, 'hex');

async function readText(place: Place, path: string): Promise<{ bytes: Buffer; modifiedMs: number } | null> {
  try {
    const file = await readWorkspaceFile({ ...place, room: unlimitedRoom }, path, {
      limitBytes: indexedBytes,
    });
    return isBinary(file.content) ? null : { bytes: file.content, modifiedMs: file.modifiedAtMs };
  } catch (error) {
    if (isFault(error)) return null;
    throw error;
  }
}
