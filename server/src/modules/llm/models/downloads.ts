import type { FileHandle } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import type { z } from 'zod';
import { fault, isFault } from '#base/fault.ts';
import type { Download } from '../contract-shapes.ts';
import type { DownloadRequest, ModelDownloads } from '../model-downloads.ts';
import { catalogue } from './catalogue.ts';
import { type DownloadNote, PartialFile, readNotes } from './download-file.ts';
import {
  type DownloadSource,
  failed,
  invalid,
  type OpenedSource,
  openSource,
  resolveSource,
  shownSource,
} from './download-source.ts';

type DownloadInfo = z.input<typeof Download>;

export interface ModelDownloadsDeps {
  /** `$CDS_DATA_DIR/models`. */
  readonly modelsDir: string;
  /** Ids of the models that are there. */
  readonly modelIds: () => Promise<readonly string[]>;
  readonly log: { warn(data: object, message: string): void };
  readonly now: () => number;
  readonly newId: () => string;
  readonly onProgress: (download: DownloadInfo) => void;
  /** Address of Hugging Face, or of a mirror. */
  readonly hubUrl: string;
  /** Waits between attempts; the last one ends the download. */
  readonly retryDelaysMs?: readonly number[];
}

export interface ResumableDownloads extends ModelDownloads {
  /** Goes on with what was under way when the server stopped. */
  resume(): void;
}

interface Running {
  readonly source: DownloadSource;
  readonly partial: PartialFile;
  readonly abort: AbortController;
  info: DownloadInfo;
  note: DownloadNote;
  done: Promise<void>;
}

const progressEveryMs = 500;
const keptAtMost = 100;
const defaultRetryDelaysMs = [500, 1_000, 2_000, 5_000, 10_000];

/**
 * Downloads of GGUF files. Bytes are written beside the models; the file gets its name only when it is complete, its
 * hash is right and its header can be read.
 */
export function createModelDownloads(deps: ModelDownloadsDeps): ResumableDownloads {
  return new Downloads(deps);
}

class Downloads implements ResumableDownloads {
  readonly #deps: ModelDownloadsDeps;
  readonly #running = new Map<string, Running>();
  /** Newest last. */
  readonly #known = new Map<string, DownloadInfo>();
  readonly #stopping = new AbortController();

  constructor(deps: ModelDownloadsDeps) {
    this.#deps = deps;
    for (const note of readNotes(deps.modelsDir)) this.#known.set(note.file, infoOf(note, 'cancelled'));
  }

  async catalogue() {
    const present = new Set(await this.#deps.modelIds());
    return catalogue.map((entry) => ({ ...entry, present: present.has(entry.id) }));
  }

  async start(request: DownloadRequest): Promise<DownloadInfo> {
    const source = await resolveSource(request, {
      hubUrl: this.#deps.hubUrl,
      signal: this.#stopping.signal,
    });
    const running = this.#running.get(source.file);
    if (running !== undefined) {
      if (running.source.url === source.url) return running.info;
      throw invalid('a file of this name is being downloaded from elsewhere');
    }
    return this.#begin(source, null);
  }

  list(): readonly DownloadInfo[] {
    return [...this.#known.values()].reverse();
  }

  async cancel(downloadId: string): Promise<void> {
    for (const running of this.#running.values()) {
      if (running.info.downloadId !== downloadId) continue;
      running.abort.abort(new Error('cancelled'));
      await running.done;
      await running.partial.writeNote({ ...running.note, wanted: false });
      return;
    }
    if (![...this.#known.values()].some((info) => info.downloadId === downloadId)) {
      throw fault('llm.download_unknown');
    }
  }

  resume(): void {
    for (const note of readNotes(this.#deps.modelsDir)) {
      if (!note.wanted || this.#running.has(note.file)) continue;
      const source = { ...note, modelId: note.file.replace(/\.gguf$/, '') };
      this.#begin(source, note).catch((error: unknown) => {
        this.#deps.log.warn({ err: error, file: note.file }, 'a download can’t go on');
      });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort(new Error('the server stops'));
    for (const { abort } of this.#running.values()) abort.abort(this.#stopping.signal.reason);
    await Promise.all([...this.#running.values()].map(({ done }) => done));
  }

  /** Registers the download before the first wait, so that two callers never write one file. */
  async #begin(source: DownloadSource, note: DownloadNote | null): Promise<DownloadInfo> {
    const partial = new PartialFile(this.#deps.modelsDir, source.file);
    const fresh = note ?? this.#newNote(source);
    const first = Promise.withResolvers<void>();
    const running: Running = {
      source,
      partial,
      abort: new AbortController(),
      info: infoOf(fresh, 'waiting'),
      note: fresh,
      done: Promise.resolve(),
    };
    this.#running.set(source.file, running);
    running.done = this.#run(running, first.resolve)
      .catch((error: unknown) => {
        this.#fail(running, error);
        first.reject(error);
      })
      .finally(() => this.#running.delete(source.file));
    await first.promise;
    return running.info;
  }

  #newNote(source: DownloadSource): DownloadNote {
    return {
      downloadId: this.#deps.newId(),
      url: source.url,
      file: source.file,
      sha256: source.sha256,
      validator: null,
      totalBytes: null,
      startedAt: new Date(this.#deps.now()).toISOString(),
      wanted: true,
    };
  }

  /** @param begun called when the first bytes are on their way */
  async #run(running: Running, begun: () => void): Promise<void> {
    const { partial, source, abort } = running;
    using _held = await partial.hold();
    if (await partial.exists()) throw invalid(`a model ${source.modelId} is there already`);
    const before = await partial.readNote();
    if (before !== null && before.url === source.url) {
      running.note = {
        ...before,
        ...(source.sha256 === null ? {} : { sha256: source.sha256 }),
        wanted: true,
      };
      running.info = infoOf(running.note, 'waiting');
    } else await partial.remove();
    await this.#receiveAll(running, begun);
    this.#change(running, { state: 'checking' });
    try {
      await partial.check(running.note.sha256, abort.signal);
    } catch (error) {
      // Wrong bytes are of no use for going on.
      if (isFault(error)) await partial.remove();
      throw error;
    }
    await partial.finish();
    this.#change(running, { state: 'finished', bytesPerSecond: null });
  }

  /** Goes on after a break as long as new bytes keep coming. */
  async #receiveAll(running: Running, begun: () => void): Promise<void> {
    const delays = this.#deps.retryDelaysMs ?? defaultRetryDelaysMs;
    let everBegun = false;
    for (let attempt = 0; ; attempt += 1) {
      const before = await running.partial.size();
      try {
        await this.#receive(running, () => {
          everBegun = true;
          begun();
        });
        return;
      } catch (error) {
        running.abort.signal.throwIfAborted();
        if (!everBegun || !isFault(error, 'llm.download_failed')) throw error;
        if ((await running.partial.size()) > before) attempt = 0;
        const delayMs = delays[attempt];
        if (delayMs === undefined) throw error;
        this.#change(running, { state: 'waiting', bytesPerSecond: null });
        await wait(delayMs, undefined, { signal: running.abort.signal });
      }
    }
  }

  async #receive(running: Running, begun: () => void): Promise<void> {
    const { partial, source, abort } = running;
    const have = await partial.size();
    if (running.note.totalBytes !== null && have === running.note.totalBytes) {
      begun();
      return;
    }
    const { validator } = running.note;
    const opened = await openSource(source, { from: have, validator, signal: abort.signal });
    opened.body.on('error', () => {});
    try {
      running.note = {
        ...running.note,
        validator: opened.validator,
        totalBytes: opened.totalBytes,
        sha256: running.note.sha256 ?? opened.sha256,
      };
      if (opened.totalBytes !== null) await partial.refuseWithoutRoom(opened.totalBytes - opened.from);
      await partial.writeNote(running.note);
      this.#change(running, { state: 'running', totalBytes: opened.totalBytes, receivedBytes: opened.from });
      begun();
      await this.#write(running, opened);
    } finally {
      opened.body.destroy();
    }
  }

  async #write(running: Running, opened: OpenedSource): Promise<void> {
    const handle = await running.partial.open(opened.from);
    const meter = new Meter(performance.now(), opened.from);
    let received = opened.from;
    try {
      for await (const part of opened.body as AsyncIterable<Buffer>) {
        received += part.length;
        if (opened.totalBytes !== null && received > opened.totalBytes)
          throw failed('more came than was announced');
        await writeAt(handle, part, received - part.length);
        if (!meter.due(performance.now())) continue;
        const bytesPerSecond = meter.take(performance.now(), received);
        this.#change(running, { receivedBytes: received, bytesPerSecond });
      }
      await handle.sync();
    } catch (error) {
      throw writeFault(error, { signal: running.abort.signal, opened, received });
    } finally {
      await handle.close();
    }
    this.#change(running, { receivedBytes: received });
    if (opened.totalBytes !== null && received < opened.totalBytes) throw failed('the connection broke off');
    running.note = { ...running.note, totalBytes: received };
  }

  #change(running: Running, change: Partial<DownloadInfo>): void {
    running.info = { ...running.info, ...change };
    this.#remember(running);
    this.#deps.onProgress(running.info);
  }

  #fail(running: Running, error: unknown): void {
    if (running.abort.signal.aborted) {
      this.#change(running, { state: 'cancelled', bytesPerSecond: null });
      return;
    }
    const problem = isFault(error) ? error.code : 'common.internal';
    this.#deps.log.warn({ err: error, file: running.source.file }, 'a download failed');
    this.#change(running, { state: 'failed', bytesPerSecond: null, problem });
  }

  #remember({ source, info }: Running): void {
    this.#known.delete(source.file);
    this.#known.set(source.file, info);
    const [oldest] = this.#known.keys();
    if (this.#known.size > keptAtMost && oldest !== undefined) this.#known.delete(oldest);
  }
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

function infoOf(note: DownloadNote, state: DownloadInfo['state']): DownloadInfo {
  return {
    downloadId: note.downloadId,
    modelId: note.file.replace(/\.gguf$/, ''),
    source: shownSource(note.url),
    state,
    receivedBytes: 0,
    totalBytes: note.totalBytes,
    bytesPerSecond: null,
    problem: null,
    startedAt: note.startedAt,
  };
}
