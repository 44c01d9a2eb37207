import type { FileHandle } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import type { z } from 'zod';
import { fault, isFault } from '#base/fault.ts';
import type { Download } from '../contract-shapes.ts';
import { type DownloadNote, PartialFile, type PartNote } from './download-file.ts';
import {
  type DownloadSource,
  failed,
  invalid,
  type OpenedSource,
  openSource,
  shownSource,
  sizeOf,
} from './download-source.ts';

export type DownloadInfo = z.input<typeof Download>;

export interface DownloadRunOptions {
  readonly modelsDir: string;
  readonly source: DownloadSource;
  readonly note: DownloadNote;
  /** Waits between attempts; the last one ends the download. */
  readonly retryDelaysMs: readonly number[];
  readonly onChange: (info: DownloadInfo) => void;
}

const progressEveryMs = 500;

/** One model on its way here: its files one after the other, told as one. */
export class DownloadRun {
  readonly source: DownloadSource;
  readonly abort = new AbortController();
  info: DownloadInfo;
  readonly #options: DownloadRunOptions;
  /** The first file's: it holds the name, the lock and the note of all. */
  readonly #first: PartialFile;
  #note: DownloadNote;
  /** Bytes of the files that are complete. */
  #doneBytes = 0;

  constructor(options: DownloadRunOptions) {
    this.#options = options;
    this.source = options.source;
    this.#note = options.note;
    this.#first = new PartialFile(options.modelsDir, options.source.file);
    this.info = infoOf(options.note, 'waiting');
  }

  /** @param begun called when the first bytes are on their way */
  async run(begun: () => void): Promise<void> {
    using _held = await this.#first.hold();
    const missing = await this.#missing();
    if (missing.length === 0) throw invalid(`a model ${this.source.modelId} is there already`);
    await this.#takeUp();
    if (this.#note.parts.length > 1) await this.#measure();
    for (const index of missing) await this.#bring(index, begun);
    // The first file comes last: with it the model is there.
    for (const index of missing.toReversed()) await this.#fileOf(index).finish();
    await this.#first.removeNote();
    this.#change({ state: 'finished', bytesPerSecond: null });
  }

  fail(error: unknown): void {
    if (this.abort.signal.aborted) {
      this.#change({ state: 'cancelled', bytesPerSecond: null });
      return;
    }
    this.#change({
      state: 'failed',
      bytesPerSecond: null,
      problem: isFault(error) ? error.code : 'common.internal',
    });
  }

  /** What has come stays; it does not go on by itself. */
  async unwant(): Promise<void> {
    await this.#writeNote({ wanted: false });
  }

  /** Places of the files that are not in the models folder yet. */
  async #missing(): Promise<number[]> {
    const missing: number[] = [];
    this.#doneBytes = 0;
    for (const index of this.source.parts.keys()) {
      const sizeBytes = await this.#fileOf(index).finishedBytes();
      if (sizeBytes === null) missing.push(index);
      else this.#doneBytes += sizeBytes;
    }
    return missing;
  }

  /** Goes on with what an earlier run from the same place has left, and removes what another one has. */
  async #takeUp(): Promise<void> {
    const before = await this.#first.readNote();
    if (before?.url !== this.source.url || before.parts.length !== this.source.parts.length) {
      for (const index of this.source.parts.keys()) await this.#fileOf(index).remove();
      await this.#first.removeNote();
      return;
    }
    const parts = before.parts.map((part, index) => ({
      ...part,
      sha256: this.source.parts[index]?.sha256 ?? part.sha256,
    }));
    this.#note = { ...before, parts, wanted: true };
    this.info = infoOf(this.#note, 'waiting');
  }

  /** Of several files the sizes are asked for first: for the room, for the progress, and since none may be missing. */
  async #measure(): Promise<void> {
    for (const [index, part] of this.#note.parts.entries()) {
      const { signal } = this.abort;
      const totalBytes =
        (await this.#fileOf(index).finishedBytes()) ?? part.totalBytes ?? (await sizeOf(part, signal));
      this.#notePart(index, { totalBytes });
    }
    const { totalBytes } = this.#totals();
    if (totalBytes !== null) await this.#refuseWithoutRoom(totalBytes);
    this.info = { ...this.info, totalBytes };
  }

  async #refuseWithoutRoom(totalBytes: number): Promise<void> {
    let haveBytes = this.#doneBytes;
    for (const index of this.#note.parts.keys()) haveBytes += await this.#fileOf(index).size();
    await this.#first.refuseWithoutRoom(Math.max(0, totalBytes - haveBytes));
  }

  async #bring(index: number, begun: () => void): Promise<void> {
    const file = this.#fileOf(index);
    await this.#receiveAll(index, begun);
    if (!this.#part(index).checked) {
      this.#change({ state: 'checking' });
      try {
        await file.check(this.#part(index).sha256, { later: index > 0, signal: this.abort.signal });
      } catch (error) {
        // Wrong bytes are of no use for going on.
        if (isFault(error)) await this.#forget(index);
        throw error;
      }
      this.#notePart(index, { checked: true });
      if (this.#note.parts.length > 1) await this.#writeNote({});
    }
    this.#doneBytes += await file.size();
  }

  async #forget(index: number): Promise<void> {
    await this.#fileOf(index).remove();
    if (this.#note.parts.length === 1) return this.#first.removeNote();
    this.#notePart(index, { validator: null });
    await this.#writeNote({});
  }

  /** Goes on after a break as long as new bytes keep coming. */
  async #receiveAll(index: number, begun: () => void): Promise<void> {
    const { retryDelaysMs } = this.#options;
    const file = this.#fileOf(index);
    let everBegun = false;
    for (let attempt = 0; ; attempt += 1) {
      const before = await file.size();
      try {
        await this.#receive(index, () => {
          everBegun = true;
          begun();
        });
        return;
      } catch (error) {
        this.abort.signal.throwIfAborted();
        // The first answer of all is told as it is; later ones are worth another try.
        if ((!everBegun && this.#doneBytes === 0) || !isFault(error, 'llm.download_failed')) throw error;
        if ((await file.size()) > before) attempt = 0;
        const delayMs = retryDelaysMs[attempt];
        if (delayMs === undefined) throw error;
        this.#change({ state: 'waiting', bytesPerSecond: null });
        await wait(delayMs, undefined, { signal: this.abort.signal });
      }
    }
  }

  async #receive(index: number, begun: () => void): Promise<void> {
    const file = this.#fileOf(index);
    const part = this.#part(index);
    const have = await file.size();
    if (part.totalBytes !== null && have === part.totalBytes) {
      this.#change({ state: 'running', ...this.#totals(), receivedBytes: this.#doneBytes + have });
      begun();
      return;
    }
    const { validator } = part;
    const opened = await openSource(part, { from: have, validator, signal: this.abort.signal });
    opened.body.on('error', () => {});
    try {
      this.#notePart(index, {
        validator: opened.validator,
        totalBytes: opened.totalBytes ?? part.totalBytes,
        sha256: part.sha256 ?? opened.sha256,
        checked: false,
      });
      if (opened.totalBytes !== null) await file.refuseWithoutRoom(opened.totalBytes - opened.from);
      await this.#writeNote({});
      this.#change({ state: 'running', ...this.#totals(), receivedBytes: this.#doneBytes + opened.from });
      begun();
      await this.#write(index, opened);
    } finally {
      opened.body.destroy();
    }
  }

  async #write(index: number, opened: OpenedSource): Promise<void> {
    const handle = await this.#fileOf(index).open(opened.from);
    const meter = new Meter(performance.now(), opened.from);
    let received = opened.from;
    try {
      for await (const bytes of opened.body as AsyncIterable<Buffer>) {
        received += bytes.length;
        if (opened.totalBytes !== null && received > opened.totalBytes)
          throw failed('more came than was announced');
        await writeAt(handle, bytes, received - bytes.length);
        if (!meter.due(performance.now())) continue;
        const bytesPerSecond = meter.take(performance.now(), received);
        this.#change({ receivedBytes: this.#doneBytes + received, bytesPerSecond });
      }
      await handle.sync();
    } catch (error) {
      throw writeFault(error, { signal: this.abort.signal, opened, received });
    } finally {
      await handle.close();
    }
    this.#change({ receivedBytes: this.#doneBytes + received });
    if (opened.totalBytes !== null && received < opened.totalBytes) throw failed('the connection broke off');
    this.#notePart(index, { totalBytes: received });
  }

  #fileOf(index: number): PartialFile {
    return new PartialFile(this.#options.modelsDir, this.#part(index).file);
  }

  #part(index: number): PartNote {
    const part = this.#note.parts[index];
    if (part === undefined) throw new Error('a download has no such part');
    return part;
  }

  #notePart(index: number, change: Partial<PartNote>): void {
    const parts = this.#note.parts.map((part, at) => (at === index ? { ...part, ...change } : part));
    this.#note = { ...this.#note, parts };
  }

  async #writeNote(change: Partial<DownloadNote>): Promise<void> {
    this.#note = { ...this.#note, ...change };
    await this.#first.writeNote(this.#note);
  }

  #totals(): { readonly totalBytes: number | null } {
    return { totalBytes: totalOf(this.#note.parts) };
  }

  #change(change: Partial<DownloadInfo>): void {
    this.info = { ...this.info, ...change };
    this.#options.onChange(this.info);
  }
}

/** A download as it is told of, before anything is known of its progress. */
export function infoOf(note: DownloadNote, state: DownloadInfo['state']): DownloadInfo {
  return {
    downloadId: note.downloadId,
    modelId: note.file.replace(/\.gguf$/, ''),
    source: shownSource(note.url),
    state,
    receivedBytes: 0,
    totalBytes: totalOf(note.parts),
    bytesPerSecond: null,
    problem: null,
    startedAt: note.startedAt,
  };
}

function totalOf(parts: readonly PartNote[]): number | null {
  let sum = 0;
  for (const { totalBytes } of parts) {
    if (totalBytes === null) return null;
    sum += totalBytes;
  }
  return sum;
}

async function writeAt(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, position + written);
    written += bytesWritten;
  }
}

/** When to tell of progress, and how fast it goes. */
class Meter {
  #atMs: number;
  #bytes: number;

  constructor(atMs: number, bytes: number) {
    this.#atMs = atMs;
    this.#bytes = bytes;
  }

  due(nowMs: number): boolean {
    return nowMs - this.#atMs >= progressEveryMs;
  }

  take(nowMs: number, bytes: number): number {
    const perSecond = ((bytes - this.#bytes) / (nowMs - this.#atMs)) * 1_000;
    this.#atMs = nowMs;
    this.#bytes = bytes;
    return Math.round(perSecond);
  }
}

function writeFault(
  error: unknown,
  {
    signal,
    opened,
    received,
  }: { readonly signal: AbortSignal; readonly opened: OpenedSource; readonly received: number },
): unknown {
  if (signal.aborted || isFault(error)) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return fault(
      'llm.disk_full',
      { neededBytes: (opened.totalBytes ?? received) - received },
      { cause: error },
    );
  }
  return failed(code ?? message, error);
}
