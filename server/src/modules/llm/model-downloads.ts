import type { z } from 'zod';
import type { CatalogueEntry, Download } from './contract-shapes.ts';

/** Where a model comes from: an address, or a repository at Hugging Face. Exactly one of `url` and `hf` is given. */
export interface DownloadRequest {
  readonly url?: string | undefined;
  readonly hf?: string | undefined;
  readonly file?: string | undefined;
  readonly sha256?: string | undefined;
}

/**
 * Brings GGUF files into the models folder: resumes by ranges, checks the hash, and never leaves a broken file under
 * a model's name.
 */
export interface ModelDownloads extends AsyncDisposable {
  catalogue(): Promise<z.input<typeof CatalogueEntry>[]>;
  /**
   * Begins or goes on with a download; one that runs already is answered as it is.
   * @throws llm.download_invalid, llm.download_failed, llm.disk_full
   */
  start(request: DownloadRequest): Promise<z.input<typeof Download>>;
  list(): readonly z.input<typeof Download>[];
  /** @throws llm.download_unknown */
  cancel(downloadId: string): Promise<void>;
}
