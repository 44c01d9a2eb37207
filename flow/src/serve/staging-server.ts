import { createReadStream } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { FlowConfig } from '../core/config.ts';
import { apiCacheControl, cacheControlByRole, type ReleaseFile } from '../core/layout.ts';
import { readLocalRelease } from '../deploy/release.ts';
import { commonHeaders } from '../headers/policy.ts';
import { candidates, type Listen, type LocalServer, listen, requestPath } from './http.ts';

export interface StagingServerRequest extends Listen {
  /** A finished release. */
  readonly releaseDir: string;
  readonly config: Pick<FlowConfig, 'headers' | 'worker' | 'site'>;
}

/**
 * The environment `staging`: serves a finished release on this machine with the headers of production, by the role that
 * the manifest gives each file. It calls nobody: API paths are 404, nothing is deployed or purged.
 * @throws serve.port_taken, deploy.release_missing, deploy.release_invalid, deploy.release_tampered
 */
export async function startStagingServer(request: StagingServerRequest): Promise<LocalServer> {
  const release = await readLocalRelease(request.releaseDir);
  const files = new Map(release.files.map((file) => [file.path, file]));
  const pathname = request.config.site.url ? new URL(request.config.site.url).pathname : '/';
  const basePath = pathname.endsWith('/') ? pathname : `${pathname}/`;
  const server = await listen(request, (incoming, response) =>
    answer({ incoming, response, basePath, files, request }),
  );
  return { url: server.url + basePath.slice(1), [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

interface Answer {
  readonly incoming: IncomingMessage;
  readonly response: ServerResponse;
  readonly basePath: string;
  readonly files: ReadonlyMap<string, ReleaseFile>;
  readonly request: StagingServerRequest;
}

async function answer(call: Answer): Promise<void> {
  const { incoming, response, request, files } = call;
  const common = Object.fromEntries(commonHeaders(request.config.headers));
  if (incoming.method !== 'GET' && incoming.method !== 'HEAD') {
    response.writeHead(405, { ...common, Allow: 'GET, HEAD' }).end();
    return;
  }
  const isApi = request.config.worker.apiPaths.some((prefix) => (incoming.url ?? '').startsWith(prefix));
  if (isApi) {
    response
      .writeHead(404, {
        ...common,
        'Cache-Control': apiCacheControl,
        'Content-Type': 'text/plain; charset=utf-8',
      })
      .end('No API in staging.\n');
    return;
  }
  const wanted = requestPath(incoming, call.basePath);
  const found =
    wanted === null
      ? undefined
      : candidates(wanted)
          .map((name) => files.get(name))
          .find(isVisible);
  const file = found ?? files.get('404.html');
  if (!file) {
    response.writeHead(404, { ...common, 'Cache-Control': cacheControlByRole.html }).end();
    return;
  }
  await send(call, file, found ? 200 : 404);
}

/** What a host reads for itself is not served. */
function isVisible(file: ReleaseFile | undefined): file is ReleaseFile {
  return file !== undefined && file.role !== 'config';
}

async function send(call: Answer, file: ReleaseFile, status: number): Promise<void> {
  const { incoming, response, request } = call;
  const etag = `"${file.sha256.slice(0, 32)}"`;
  const headers = {
    ...Object.fromEntries(commonHeaders(request.config.headers)),
    // An error must never be kept for a year, whatever page it shows.
    'Cache-Control': status === 200 ? cacheControlByRole[file.role] : cacheControlByRole.html,
    'Content-Type': file.mime,
    ETag: etag,
  };
  if (status === 200 && matches(incoming.headers['if-none-match'], etag)) {
    response.writeHead(304, headers).end();
    return;
  }
  const full = path.join(request.releaseDir, file.path);
  const range = status === 200 ? readRange(incoming.headers.range, file.sizeBytes) : null;
  if (range) {
    response.writeHead(206, {
      ...headers,
      'Content-Range': `bytes ${range.start}-${range.end}/${file.sizeBytes}`,
      'Content-Length': range.end - range.start + 1,
    });
  } else
    response.writeHead(status, { ...headers, 'Accept-Ranges': 'bytes', 'Content-Length': file.sizeBytes });
  if (incoming.method === 'HEAD') response.end();
  else await pipeline(createReadStream(full, range ?? {}), response).catch(() => response.destroy());
}

function matches(header: string | undefined, etag: string): boolean {
  return (header ?? '').split(',').some((one) => ['*', etag].includes(one.trim().replace(/^W\//, '')));
}

/** One range of bytes, as players of videos ask for it (RFC 9110, 14.2); anything else is answered with the whole file. */
function readRange(header: string | undefined, sizeBytes: number): { start: number; end: number } | null {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return null;
  const isSuffix = match[1] === '';
  const start = isSuffix ? Math.max(0, sizeBytes - Number(match[2])) : Number(match[1]);
  const end = isSuffix || match[2] === '' ? sizeBytes - 1 : Math.min(Number(match[2]), sizeBytes - 1);
  return start <= end ? { start, end } : null;
}
