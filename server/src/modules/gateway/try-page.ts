import { readFileSync } from 'node:fs';
import type { FastifyInstance } from 'fastify';
import type { Documents } from './documents.ts';

const pageFiles = [
  { path: '/api-reference', file: 'index.html', type: 'text/html; charset=utf-8' },
  { path: '/api-reference/page.js', file: 'page.js', type: 'text/javascript; charset=utf-8' },
  { path: '/api-reference/page.css', file: 'page.css', type: 'text/css; charset=utf-8' },
] as const;

/** `GET /openapi.json`, and `/api-reference`: a page that lists every method and path and lets one try them. */
export function mountTryPage(app: FastifyInstance, documents: Documents): void {
  app.get('/openapi.json', (_request, reply) =>
    reply
      .header('content-type', 'application/json; charset=utf-8')
      .header('cache-control', 'no-cache')
      .send(documents.openApi()),
  );
  for (const { path, file, type } of pageFiles) {
    const content = readFileSync(new URL(`./page/${file}`, import.meta.url));
    app.get(path, (_request, reply) =>
      reply.header('content-type', type).header('cache-control', 'no-cache').send(content),
    );
  }
}
