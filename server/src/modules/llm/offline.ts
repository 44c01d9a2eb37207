import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { z } from 'zod';
import { fault } from '#base/fault.ts';
import type { Download } from './contract-shapes.ts';
import type { DownloadRequest } from './model-downloads.ts';
import { createModelDownloads } from './models/downloads.ts';
import { createModelFolder, type ModelFile } from './models/folder.ts';

type DownloadInfo = z.input<typeof Download>;

export interface OfflineModels extends AsyncDisposable {
  readonly modelsDir: string;
  list(): Promise<readonly ModelFile[]>;
  /** Resolves when the model is there. @throws llm.download_invalid, llm.download_failed, llm.disk_full */
  pull(request: DownloadRequest, onProgress: (download: DownloadInfo) => void): Promise<void>;
  /** @throws llm.model_not_found */
  remove(modelId: string): Promise<void>;
}

/** The models folder of an installation, for `cds models` without asking a server. A server sees every change. */
export function openModels(dataDir: string, options: { readonly hubUrl: string }): OfflineModels {
  const modelsDir = path.join(dataDir, 'models');
  const folder = createModelFolder(modelsDir);
  /** Why the last download failed: its fault, with the reason in it. */
  let problem: unknown;
  let listener: (download: DownloadInfo) => void = () => {};
  const downloads = createModelDownloads({
    modelsDir,
    modelIds: async () => (await folder.list()).map(({ id }) => id),
    log: {
      warn: (data) => {
        problem = (data as { readonly err?: unknown }).err;
      },
    },
    now: Date.now,
    newId: randomUUID,
    hubUrl: options.hubUrl,
    onProgress: (download) => listener(download),
  });
  return {
    modelsDir,
    list: () => folder.list(),
    async pull(request, onProgress) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      listener = (download) => {
        onProgress(download);
        if (download.state === 'finished') resolve();
        if (download.state === 'cancelled') reject(fault('llm.download_failed', { reason: 'it was ended' }));
        if (download.state === 'failed')
          reject(problem ?? fault('llm.download_failed', { reason: 'unknown' }));
      };
      // Whoever is told by the start itself is not told twice.
      promise.catch(() => {});
      await downloads.start(request);
      await promise;
    },
    async remove(modelId) {
      const file = (await folder.list()).find(({ id }) => id === modelId);
      if (file === undefined) throw fault('llm.model_not_found', { model: modelId });
      for (const part of file.paths) await rm(part, { force: true });
    },
    [Symbol.asyncDispose]: () => downloads[Symbol.asyncDispose](),
  };
}
