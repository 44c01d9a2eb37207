import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { cacheControlByRole, hashedNamePattern } from '../core/layout.ts';
import { startHttpServer } from './http-server.ts';

export type EdgeServer = {
  address: string;
  folder: string;
  requests: string[];
  broken: (path: string) => boolean;
};

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.json': 'application/json',
};

/** An edge that serves a release folder with the right headers; `broken` files answer 500. */
export async function startEdge(t: TestContext, folder: string): Promise<EdgeServer> {
  const edge: EdgeServer = { address: '', folder, requests: [], broken: () => false };
  const url = await startHttpServer(t, async (request, response) => {
    const name = decodeURIComponent((request.url ?? '/').slice(1)).replace(/(^|\/)$/, '$1index.html');
    edge.requests.push(name);
    const body = await readFile(path.join(edge.folder, name)).catch(() => null);
    const role = hashedNamePattern.test(name) ? 'hashed' : 'html';
    const status = edge.broken(name) ? 500 : body ? 200 : 404;
    response.writeHead(status, {
      'cache-control': cacheControlByRole[role],
      'content-type': TYPES[path.extname(name)] ?? 'application/octet-stream',
      'x-content-type-options': 'nosniff',
      etag: '"x"',
    });
    response.end(body ?? '');
  });
  edge.address = new URL(url).host;
  return edge;
}
