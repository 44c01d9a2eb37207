import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { type Entry, openPromise, type ZipFile } from 'yauzl';
import { fault, isFault } from '#base/fault.ts';
import { Manifest, manifestName } from './manifest.ts';

/** An opened backup: its manifest, and its entries by name. */
export interface BackupArchive {
  readonly manifest: Manifest;
  /** Reads one entry; @throws backup.damaged at its end when its bytes are not those of the manifest. */
  read(name: string): AsyncGenerator<Buffer>;
  close(): void;
}

/** @throws backup.unreadable when the file is no complete backup */
export async function openBackup(file: string): Promise<BackupArchive> {
  let zip: ZipFile;
  try {
    zip = await openPromise(file, { autoClose: false, lazyEntries: true });
  } catch (error) {
    throw fault('backup.unreadable', { reason: reasonOf(error) }, { cause: error });
  }
  try {
    const entries = await listEntries(zip);
    const manifest = await readManifest(zip, entries);
    for (const name of Object.keys(manifest.entries)) {
      if (!entries.has(name)) throw fault('backup.damaged', { entry: name, reason: 'it is missing' });
    }
    return {
      manifest,
      read: (name) => readChecked(zip, entries.get(name), { name, expected: manifest.entries[name] }),
      close: () => zip.close(),
    };
  } catch (error) {
    zip.close();
    if (isFault(error)) throw error;
    throw fault('backup.unreadable', { reason: reasonOf(error) }, { cause: error });
  }
}

/** Reads every byte and compares it with the manifest. @throws backup.unreadable, backup.damaged */
export async function verifyBackup(file: string): Promise<Manifest> {
  const archive = await openBackup(file);
  try {
    for (const name of Object.keys(archive.manifest.entries)) {
      for await (const _chunk of archive.read(name));
    }
    return archive.manifest;
  } finally {
    archive.close();
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function listEntries(zip: ZipFile): Promise<Map<string, Entry>> {
  return new Promise((resolve, reject) => {
    const entries = new Map<string, Entry>();
    zip.on('entry', (entry: Entry) => {
      entries.set(entry.fileName, entry);
      zip.readEntry();
    });
    zip.once('end', () => resolve(entries));
    zip.once('error', reject);
    zip.readEntry();
  });
}

function openEntry(zip: ZipFile, entry: Entry): Promise<Readable> {
  return new Promise((resolve, reject) => {
    zip.openReadStream(entry, (error, stream) => (error === null ? resolve(stream) : reject(error)));
  });
}

async function readManifest(zip: ZipFile, entries: Map<string, Entry>): Promise<Manifest> {
  const entry = entries.get(manifestName);
  if (entry === undefined) throw fault('backup.unreadable', { reason: 'it has no manifest' });
  const chunks: Buffer[] = [];
  for await (const chunk of await openEntry(zip, entry)) chunks.push(chunk as Buffer);
  return Manifest.parse(JSON.parse(Buffer.concat(chunks).toString('utf8')));
}

async function* readChecked(
  zip: ZipFile,
  entry: Entry | undefined,
  { name, expected }: { name: string; expected: Manifest['entries'][string] | undefined },
): AsyncGenerator<Buffer> {
  if (entry === undefined || expected === undefined)
    throw fault('backup.damaged', { entry: name, reason: 'it is missing' });
  const hash = createHash('sha256');
  let sizeBytes = 0;
  try {
    for await (const part of await openEntry(zip, entry)) {
      const chunk = part as Buffer;
      hash.update(chunk);
      sizeBytes += chunk.length;
      yield chunk;
    }
  } catch (error) {
    throw fault('backup.damaged', { entry: name, reason: reasonOf(error) }, { cause: error });
  }
  if (sizeBytes !== expected.sizeBytes || hash.digest('hex') !== expected.sha256) {
    throw fault('backup.damaged', { entry: name, reason: 'its content is not what was written' });
  }
}
