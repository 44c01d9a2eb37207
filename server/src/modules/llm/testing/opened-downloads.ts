import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  createModelDownloads,
  type ModelDownloadsDeps,
  type ResumableDownloads,
} from '../models/downloads.ts';
import { createModelFolder } from '../models/folder.ts';

export interface OpenedDownloads extends AsyncDisposable {
  /** Address of the server that has the models. */
  readonly url: string;
  /** As a platform does at its start; several stand for several processes, or for one that starts again. */
  open(change?: Partial<ModelDownloadsDeps>): ResumableDownloads;
}

/** Lets a server listen and downloads come from it into a folder; ends all of it, the folder included. */
export async function openedDownloads(server: Server, modelsDir: string): Promise<OpenedDownloads> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const opened: ResumableDownloads[] = [];
  return {
    url,
    open(change = {}) {
      const downloads = createModelDownloads({
        modelsDir,
        modelIds: async () => (await createModelFolder(modelsDir).list()).map(({ id }) => id),
        log: { warn: () => {} },
        now: () => Date.now(),
        newId: randomUUID,
        onProgress: () => {},
        retryDelaysMs: [1, 1, 1],
        hubUrl: url,
        ...change,
      });
      opened.push(downloads);
      return downloads;
    },
    async [Symbol.asyncDispose]() {
      for (const downloads of opened) await downloads[Symbol.asyncDispose]();
      server.closeAllConnections();
      server.close();
      rmSync(modelsDir, { recursive: true, force: true });
    },
  };
}
