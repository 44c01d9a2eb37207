import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { cacheControlByRole, hashedNamePattern } from '../core/layout.ts';
import { mediaTypeOf } from '../core/media-types.ts';
import { startHttpServer } from './http-server.ts';

export interface SiteServer {
  readonly url: string;
  /** Paths asked for, with their status, in order. */
  readonly requests: { readonly path: string; readonly status: number }[];
  /** `max-age=0` for every answer: a browser's own cache can then hide nothing. */
  httpCaching: boolean;
  /** Answers nothing any more: connections are cut. */
  offline: boolean;
}

/** Serves a folder as a production server would; `/api/…` answers with a counter. */
export async function startSiteServer(t: TestContext, folder: () => string): Promise<SiteServer> {
  const state = {
    url: '',
    requests: [] as { path: string; status: number }[],
    httpCaching: true,
    offline: false,
  };
  let calls = 0;
  state.url = await startHttpServer(t, async (request, response) => {
    if (state.offline) {
      request.socket.destroy();
      return;
    }
    const asked = decodeURIComponent((request.url ?? '/').split('?')[0] ?? '/');
    if (asked.startsWith('/api/')) {
      calls += 1;
      response
        .writeHead(200, { 'content-type': 'text/plain', 'cache-control': 'no-store' })
        .end(`call ${calls}`);
      return;
    }
    const name = asked.slice(1).replace(/(^|\/)$/, '$1index.html');
    const body = await readFile(path.join(folder(), name)).catch(() => null);
    const status = body === null ? 404 : 200;
    state.requests.push({ path: name, status });
    response.writeHead(status, {
      'content-type': mediaTypeOf(name),
      'cache-control': !state.httpCaching
        ? 'max-age=0'
        : cacheControlByRole[hashedNamePattern.test(name) && body !== null ? 'hashed' : 'html'],
    });
    response.end(body ?? 'not found');
  });
  return state;
}
