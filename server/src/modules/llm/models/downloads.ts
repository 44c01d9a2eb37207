import { fault } from '#base/fault.ts';
import type { DownloadRequest, ModelDownloads } from '../model-downloads.ts';
import { catalogue } from './catalogue.ts';
import { type DownloadNote, readNotes } from './download-file.ts';
import { type DownloadInfo, DownloadRun, infoOf } from './download-run.ts';
import { type DownloadSource, invalid, resolveSource } from './download-source.ts';

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
  readonly run: DownloadRun;
  done: Promise<void>;
}

const keptAtMost = 100;
const defaultRetryDelaysMs = [500, 1_000, 2_000, 5_000, 10_000];

/**
 * Downloads of GGUF models, in one file or several. Bytes are written beside the models; the files get their names
 * only when all of them are complete, their hashes are right and their headers can be read.
 */
export function createModelDownloads(deps: ModelDownloadsDeps): ResumableDownloads {
  return new Downloads(deps);
}

class Downloads implements ResumableDownloads {
  readonly #deps: ModelDownloadsDeps;
  /** By the name of the first file. */
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
    const source = await resolveSource(fromCatalogue(request), {
      hubUrl: this.#deps.hubUrl,
      signal: this.#stopping.signal,
    });
    const running = this.#running.get(source.file);
    if (running !== undefined) {
      if (running.run.source.url === source.url) return running.run.info;
      throw invalid('a file of this name is being downloaded from elsewhere');
    }
    return this.#begin(source, this.#newNote(source));
  }

  list(): readonly DownloadInfo[] {
    return [...this.#known.values()].reverse();
  }

  async cancel(downloadId: string): Promise<void> {
    for (const { run, done } of this.#running.values()) {
      if (run.info.downloadId !== downloadId) continue;
      run.abort.abort(new Error('cancelled'));
      await done;
      await run.unwant();
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
    for (const { run } of this.#running.values()) run.abort.abort(this.#stopping.signal.reason);
    await Promise.all([...this.#running.values()].map(({ done }) => done));
  }

  /** Registers the download before the first wait, so that two callers never write one file. */
  async #begin(source: DownloadSource, note: DownloadNote): Promise<DownloadInfo> {
    const first = Promise.withResolvers<void>();
    const run = new DownloadRun({
      modelsDir: this.#deps.modelsDir,
      source,
      note,
      retryDelaysMs: this.#deps.retryDelaysMs ?? defaultRetryDelaysMs,
      onChange: (info) => {
        this.#remember(source.file, info);
        this.#deps.onProgress(info);
      },
    });
    const running: Running = { run, done: Promise.resolve() };
    this.#running.set(source.file, running);
    running.done = run
      .run(first.resolve)
      .catch((error: unknown) => {
        if (!run.abort.signal.aborted)
          this.#deps.log.warn({ err: error, file: source.file }, 'a download failed');
        run.fail(error);
        first.reject(error);
      })
      .finally(() => this.#running.delete(source.file));
    await first.promise;
    return run.info;
  }

  #newNote(source: DownloadSource): DownloadNote {
    return {
      downloadId: this.#deps.newId(),
      url: source.url,
      file: source.file,
      parts: source.parts.map((part) => ({ ...part, validator: null, totalBytes: null, checked: false })),
      startedAt: new Date(this.#deps.now()).toISOString(),
      wanted: true,
    };
  }

  #remember(file: string, info: DownloadInfo): void {
    this.#known.delete(file);
    this.#known.set(file, info);
    const [oldest] = this.#known.keys();
    if (this.#known.size > keptAtMost && oldest !== undefined) this.#known.delete(oldest);
  }
}

/** A name without an owner is one of the catalogue's. @throws llm.download_invalid */
function fromCatalogue(request: DownloadRequest): DownloadRequest {
  const { hf } = request;
  if (hf === undefined || hf.includes('/')) return request;
  const entry = catalogue.find(({ id }) => id === hf);
  if (entry === undefined)
    throw invalid(`${hf} is not in the catalogue; name an address or owner/repository`);
  return { ...request, hf: entry.hf, file: entry.file };
}
