import { createHash } from 'node:crypto';
import { createReadStream, readdirSync, readFileSync } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm, stat, statfs, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { fault } from '#base/fault.ts';
import { holdFile } from '#kernel/supervise/held-file.ts';
import { failed } from './download-source.ts';
import { GgufSyntaxError, readGgufHeader, readGgufTensors } from './gguf-header.ts';

const PartNote = z.object({
  url: z.string(),
  file: z.string(),
  sha256: z.string().nullable(),
  validator: z.string().nullable(),
  totalBytes: z.number().nullable(),
  /** It is complete, and its hash was right. */
  checked: z.boolean().default(false),
});
export type PartNote = z.infer<typeof PartNote>;

/** What must be known of a download to go on with it after a restart. */
const DownloadNote = z.object({
  downloadId: z.string(),
  /** Of the first file, as the download is known by. */
  url: z.string(),
  file: z.string(),
  parts: z.array(PartNote).min(1),
  startedAt: z.string(),
  /** False once an administrator has ended it. */
  wanted: z.boolean(),
});
export type DownloadNote = z.infer<typeof DownloadNote>;

/** Left on the disk for everything else. */
const reserveBytes = 256 << 20;

/** The unfinished file of a download, in a folder of its own beside the models, and the note about it. */
export class PartialFile {
  readonly #modelsDir: string;
  readonly #file: string;

  constructor(modelsDir: string, file: string) {
    this.#modelsDir = modelsDir;
    this.#file = file;
  }

  get #part(): string {
    return path.join(partsFolder(this.#modelsDir), `${this.#file}.part`);
  }

  get #note(): string {
    return path.join(partsFolder(this.#modelsDir), `${this.#file}.json`);
  }

  get #target(): string {
    return path.join(this.#modelsDir, this.#file);
  }

  async exists(): Promise<boolean> {
    return (await this.finishedBytes()) !== null;
  }

  /** The size of the file under its name in the models folder; null while it has none there. */
  async finishedBytes(): Promise<number | null> {
    return (await stat(this.#target).catch(() => null))?.size ?? null;
  }

  /**
   * Keeps other processes from writing the same file, such as `cds models pull` beside a running server.
   * @throws llm.download_elsewhere
   */
  async hold(): Promise<Disposable> {
    const folder = partsFolder(this.#modelsDir);
    await mkdir(folder, { recursive: true });
    const held = holdFile(path.join(folder, `${this.#file}.lock`));
    if ('heldBy' in held) throw fault('llm.download_elsewhere', { file: this.#file, pid: held.heldBy });
    return held;
  }

  async size(): Promise<number> {
    return (await stat(this.#part).catch(() => null))?.size ?? 0;
  }

  async readNote(): Promise<DownloadNote | null> {
    return readNote(this.#note);
  }

  async writeNote(note: DownloadNote): Promise<void> {
    await mkdir(partsFolder(this.#modelsDir), { recursive: true });
    // Renamed into place: a crash never leaves half a note.
    await writeFile(`${this.#note}.new`, JSON.stringify(note), { mode: 0o600 });
    await rename(`${this.#note}.new`, this.#note);
  }

  /** Opens the file for writing at its end, shortened to `from`. */
  async open(from: number): Promise<FileHandle> {
    await mkdir(partsFolder(this.#modelsDir), { recursive: true });
    const handle = await open(this.#part, from === 0 ? 'w' : 'r+');
    await handle.truncate(from);
    return handle;
  }

  /** @throws llm.disk_full */
  async refuseWithoutRoom(bytes: number): Promise<void> {
    await mkdir(this.#modelsDir, { recursive: true });
    const { bavail, bsize } = await statfs(this.#modelsDir);
    if (bytes + reserveBytes > bavail * bsize) throw fault('llm.disk_full', { neededBytes: bytes });
  }

  /**
   * @param later a file of a split model that is not its first: it holds nothing but weights
   * @throws llm.download_failed when the bytes are not what was to come
   */
  async check(
    sha256: string | null,
    { later, signal }: { later: boolean; signal: AbortSignal },
  ): Promise<void> {
    if (sha256 !== null && (await hashOf(this.#part, signal)) !== sha256) {
      throw failed(`${this.#file} has another hash than it should have`);
    }
    try {
      await (later ? readGgufTensors(this.#part) : readGgufHeader(this.#part));
    } catch (error) {
      if (error instanceof GgufSyntaxError)
        throw failed(`${this.#file} is no whole GGUF file: ${error.message}`, error);
      throw error;
    }
  }

  /** Gives the complete file its name in the models folder. */
  async finish(): Promise<void> {
    await rename(this.#part, this.#target);
    const folder = await open(this.#modelsDir, 'r');
    await folder.sync().finally(() => folder.close());
  }

  async remove(): Promise<void> {
    await rm(this.#part, { force: true });
  }

  async removeNote(): Promise<void> {
    await rm(this.#note, { force: true });
  }
}

/** Hidden, so that nothing in it is taken for a model. */
function partsFolder(modelsDir: string): string {
  return path.join(modelsDir, '.downloads');
}

async function hashOf(file: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for await (const part of createReadStream(file, { signal, highWaterMark: 256 << 10 }))
    hash.update(part as Buffer);
  return hash.digest('hex');
}

/** The notes of downloads that a stopped server has left. */
export function readNotes(modelsDir: string): DownloadNote[] {
  const folder = partsFolder(modelsDir);
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return [];
  }
  return names
    .filter((name) => name.endsWith('.json'))
    .flatMap((name) => readNote(path.join(folder, name)) ?? []);
}

function readNote(file: string): DownloadNote | null {
  try {
    const note = JSON.parse(readFileSync(file, 'utf8')) as object;
    // Notes of before there were several files are those of their one file.
    return DownloadNote.safeParse('parts' in note ? note : { ...note, parts: [note] }).data ?? null;
  } catch {
    return null;
  }
}
