import { closeSync, constants, fdatasync, fsync, openSync, write } from 'node:fs';
import { promisify } from 'node:util';
import type { Descriptor } from './descriptor.ts';

const syncFile = promisify(fsync);
const syncData = promisify(fdatasync);
const writeSome = promisify(write);

interface FolderSync {
  running: Promise<void>;
  /** The one that begins when `running` has ended; whoever renamed since then joins it. */
  next: Promise<void> | undefined;
}

const folderSyncs = new Map<string, FolderSync>();

/**
 * Makes the names in a folder durable. Callers that come while a sync of the same folder runs share the next one:
 * with many writers in one folder, this halves the number of flushes.
 */
export function syncFolder(folder: Descriptor): Promise<void> {
  const { dev, ino } = folder.stat();
  const key = `${dev}:${ino}`;
  // Opened now: by the time of a shared sync, the caller's own anchor may be closed.
  const fd = openSync(folder.path, constants.O_RDONLY | constants.O_DIRECTORY);
  const current = folderSyncs.get(key);
  if (current === undefined) {
    const entry: FolderSync = { running: flush(fd), next: undefined };
    folderSyncs.set(key, entry);
    void finish(key, entry);
    return entry.running;
  }
  if (current.next !== undefined) {
    closeSync(fd);
    return current.next;
  }
  current.next = current.running.catch(() => {}).then(() => flush(fd));
  return current.next;
}

async function flush(fd: number): Promise<void> {
  try {
    await syncFile(fd);
  } finally {
    closeSync(fd);
  }
}

async function finish(key: string, entry: FolderSync): Promise<void> {
  for (;;) {
    await entry.running.catch(() => {});
    if (entry.next === undefined) break;
    entry.running = entry.next;
    entry.next = undefined;
  }
  folderSyncs.delete(key);
}

/** Writes all of it from the file's present position, and makes it durable. */
export async function writeDurably(file: Descriptor, content: Uint8Array): Promise<void> {
  await writeAll(file, content);
  await syncData(file.fd);
}

export async function writeAll(file: Descriptor, content: Uint8Array): Promise<void> {
  let written = 0;
  while (written < content.length) {
    const { bytesWritten } = await writeSome(file.fd, content, written, content.length - written);
    written += bytesWritten;
  }
}

/** Makes a file's content and size durable. */
export function syncContent(file: Descriptor): Promise<void> {
  return syncData(file.fd);
}
