import { createWriteStream, mkdirSync } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32 } from 'node:zlib';
import yauzl, { type Entry, type ZipFile } from 'yauzl';
import { fault, isFault } from '#base/fault.ts';
import { errnoOf } from '#kernel/files/descriptor.ts';
import { asFileFault } from '#kernel/files/errors.ts';
import type { Growth, WorkspaceLimits } from '#kernel/files/workspace.ts';
import { isGitName, parseWorkspacePath } from '#kernel/files/workspace-path.ts';
import type { ProjectFolder } from '../folders.ts';
import { entryName } from './zip-names.ts';

export interface UnzipOptions {
  readonly limits: WorkspaceLimits;
  /** The most that the unpacked files may take, and that the upload itself may have. */
  readonly room: Growth;
  readonly signal: AbortSignal;
}

/**
 * Stores an uploaded zip file and unpacks it into an empty workspace. Sizes are counted while unpacking, whatever
 * the file says of itself; links, special files and `.git` are left out; one folder that holds everything is
 * taken off.
 * @throws projects.zip_invalid, projects.import_too_large, files.path_invalid, files.path_escapes, files.too_deep
 */
export async function unpackZip(
  folder: ProjectFolder,
  upload: Readable,
  options: UnzipOptions,
): Promise<{ files: number; skipped: number }> {
  const stored = path.join(folder.stagingPath, 'upload.zip');
  await pipeline(upload, limitTo(options.room), createWriteStream(stored, { flags: 'wx', mode: 0o600 }), {
    signal: options.signal,
  });
  await using file = await open(stored, 'r');
  try {
    const first = await openZip(file.fd);
    if (first.entryCount > options.room.files * 2) throw tooLarge(options.room);
    const prefix = await commonFolder(first);
    return await new Unpacking(folder, options, prefix).run(await openZip(file.fd));
  } catch (error) {
    if (isFault(error) || options.signal.aborted) throw error;
    if (errnoOf(error) === 'ENOSPC') throw asFileFault(error, '.');
    throw fault('projects.zip_invalid', { reason: reasonOf(error) }, { cause: error });
  }
}

function openZip(fd: number): Promise<ZipFile> {
  const names = { decodeStrings: false } as const;
  return yauzl.fromFdPromise(fd, { ...names, lazyEntries: true, autoClose: false, validateEntrySizes: true });
}

/** What the zip library found wrong. A system error names paths of the server, which are nobody's business. */
function reasonOf(error: unknown): string {
  if (errnoOf(error) === 'EEXIST' || errnoOf(error) === 'EISDIR') return 'two of its entries have one name';
  if (errnoOf(error) !== undefined || !(error instanceof Error)) return 'it is damaged';
  return error.message.replace(/[\p{Cc}]/gu, ' ').slice(0, 200);
}

function limitTo(room: Growth): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes > room.bytes) done(tooLarge(room));
      else done(null, chunk);
    },
  });
}

function tooLarge(room: Growth): Error {
  return fault('projects.import_too_large', { limitBytes: room.bytes, limitFiles: room.files });
}

/** `name/` when every entry lies in that one folder, as archives of repositories have it; else the empty text. */
async function commonFolder(zip: ZipFile): Promise<string> {
  let common: string | undefined;
  for await (const entry of zip.eachEntry()) {
    const name = entryName(entry);
    const end = name.indexOf('/');
    const first = end < 0 ? '' : name.slice(0, end + 1);
    common ??= first;
    if (first === '' || first !== common) return '';
  }
  return common ?? '';
}

const kindMask = 0o170000;
const regularKind = 0o100000;
const folderKind = 0o040000;

class Unpacking {
  readonly #folder: ProjectFolder;
  readonly #options: UnzipOptions;
  readonly #prefix: string;
  #bytes = 0;
  #entries = 0;
  #files = 0;
  #skipped = 0;
  readonly #made = new Set<string>();

  constructor(folder: ProjectFolder, options: UnzipOptions, prefix: string) {
    this.#folder = folder;
    this.#options = options;
    this.#prefix = prefix;
  }

  async run(zip: ZipFile): Promise<{ files: number; skipped: number }> {
    for await (const entry of zip.eachEntry()) {
      this.#options.signal.throwIfAborted();
      await this.#take(zip, entry);
    }
    return { files: this.#files, skipped: this.#skipped };
  }

  async #take(zip: ZipFile, entry: Entry): Promise<void> {
    const name = entryName(entry).slice(this.#prefix.length);
    if (name === '') return;
    const isFolder = name.endsWith('/');
    const { segments } = parseWorkspacePath(isFolder ? name.slice(0, -1) : name, this.#options.limits);
    const kind = (entry.externalFileAttributes >>> 16) & kindMask;
    const plain = kind === 0 || kind === regularKind || kind === folderKind;
    if (!plain || segments.some(isGitName)) {
      this.#skipped += 1;
      return;
    }
    if (isFolder) return this.#makeFolders(segments);
    if (entry.isEncrypted()) throw fault('projects.zip_invalid', { reason: 'it is encrypted' });
    this.#makeFolders(segments.slice(0, -1));
    this.#count();
    await this.#writeFile(zip, entry, segments);
    this.#files += 1;
  }

  #makeFolders(segments: readonly string[]): void {
    const relative = segments.join('/');
    if (relative === '' || this.#made.has(relative)) return;
    this.#makeFolders(segments.slice(0, -1));
    this.#count();
    try {
      mkdirSync(path.join(this.#folder.workspacePath, relative), 0o755);
    } catch (error) {
      throw fault('projects.zip_invalid', { reason: 'a file and a folder have one name' }, { cause: error });
    }
    this.#made.add(relative);
  }

  #count(): void {
    this.#entries += 1;
    if (this.#entries > this.#options.room.files) throw tooLarge(this.#options.room);
  }

  async #writeFile(zip: ZipFile, entry: Entry, segments: readonly string[]): Promise<void> {
    const executable = ((entry.externalFileAttributes >>> 16) & 0o100) !== 0;
    let checksum = 0;
    const check = new Transform({
      transform: (chunk: Buffer, _encoding, done) => {
        this.#bytes += chunk.length;
        checksum = crc32(chunk, checksum);
        if (this.#bytes > this.#options.room.bytes) done(tooLarge(this.#options.room));
        else done(null, chunk);
      },
    });
    const { fileBytes } = this.#options.limits;
    if (entry.uncompressedSize > fileBytes)
      throw fault('files.too_large', { path: segments.join('/'), limitBytes: fileBytes });
    const target = path.join(this.#folder.workspacePath, ...segments);
    // Nobody else can reach the workspace yet, and what lies in it was made here: no link can be in the way.
    const output = createWriteStream(target, { flags: 'wx', mode: executable ? 0o755 : 0o644 });
    await pipeline(await zip.openReadStreamPromise(entry), check, output, { signal: this.#options.signal });
    if (checksum !== entry.crc32) throw fault('projects.zip_invalid', { reason: 'a checksum is wrong' });
  }
}
