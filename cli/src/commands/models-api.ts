import { setTimeout as wait } from 'node:timers/promises';
import { fault } from '@cyberdevstudio/server/base/fault.ts';

export interface ModelRow {
  readonly id: string;
  readonly sizeBytes: number;
  readonly quantization: string | null;
  readonly contextSize: number | null;
  readonly licence: string | null;
  readonly state: string;
  readonly problem: string | null;
}

export interface PullProgress {
  readonly modelId: string;
  readonly state: string;
  readonly receivedBytes: number;
  readonly totalBytes: number | null;
}

export interface PullRequest {
  readonly url?: string;
  readonly hf?: string;
  readonly file?: string;
  readonly sha256?: string;
}

/** The administration of models at a running server, over its REST face. */
export interface ServerApi {
  list(): Promise<ModelRow[]>;
  pull(request: PullRequest, onProgress: (progress: PullProgress) => void): Promise<void>;
  load(modelId: string, settings: Readonly<Record<string, unknown>>): Promise<void>;
  unload(modelId: string): Promise<void>;
  remove(modelId: string): Promise<void>;
}

interface Download extends PullProgress {
  readonly downloadId: string;
  readonly problem: string | null;
}

interface AdminModel {
  readonly local: (Omit<ModelRow, 'contextSize'> & { readonly trainedContextSize: number }) | null;
}

const pollMs = 300;

/** Speaks to the server with an administrator's key. Its refusals come as faults with its own texts. */
export function createServerApi(options: {
  readonly url: string;
  readonly apiKey: string;
  readonly language: string;
}): ServerApi {
  async function request<Result>(verb: string, path: string, body?: unknown): Promise<Result> {
    let response: Response;
    try {
      response = await fetch(new URL(path, options.url), {
        method: verb,
        headers: {
          authorization: `Bearer ${options.apiKey}`,
          'accept-language': options.language,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    } catch (error) {
      throw fault('common.unavailable', { service: options.url }, { cause: error });
    }
    const text = await response.text();
    if (!response.ok) throw refusalOf(text, response.status);
    return (text === '' ? null : JSON.parse(text)) as Result;
  }

  return {
    async list() {
      const { models } = await request<{ models: readonly AdminModel[] }>('GET', '/admin/models');
      return models.flatMap(({ local }) =>
        local === null ? [] : [{ ...local, contextSize: local.trainedContextSize }],
      );
    },
    async pull(wanted, onProgress) {
      const { downloadId } = await request<Download>('POST', '/admin/download', wanted);
      for (;;) {
        const { downloads } = await request<{ downloads: readonly Download[] }>('GET', '/admin/downloads');
        const download = downloads.find((candidate) => candidate.downloadId === downloadId);
        if (download === undefined) throw fault('llm.download_unknown');
        onProgress(download);
        if (download.state === 'finished') return;
        if (download.state === 'failed' || download.state === 'cancelled') {
          throw fault(download.problem ?? 'llm.download_failed', { reason: download.state });
        }
        await wait(pollMs);
      }
    },
    load: (modelId, settings) => request('POST', '/admin/load', { modelId, ...settings }),
    unload: (modelId) => request('POST', '/admin/unload', { modelId }),
    remove: (modelId) => request('DELETE', `/admin/models/${encodeURIComponent(modelId)}`),
  };
}

/** The server's problem document as the fault that it was; the catalogue has its text. */
function refusalOf(text: string, status: number): Error {
  try {
    const { code, ...data } = JSON.parse(text) as { code?: unknown };
    if (typeof code === 'string') return fault(code, data as Record<string, unknown>);
  } catch {
    // Not the server that was expected; its status says enough.
  }
  return fault('common.unavailable', { service: `HTTP ${status}` });
}
