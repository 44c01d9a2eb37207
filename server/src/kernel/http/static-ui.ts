import { existsSync } from 'node:fs';
import path from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** True when the folder holds a built studio. */
export function hasStudio(folder: string): boolean {
  return existsSync(path.join(folder, 'index.html'));
}

/** Serves the built studio: hashed assets for a year, everything else fresh on each visit. */
export async function mountStudio(app: FastifyInstance, folder: string): Promise<void> {
  await app.register(fastifyStatic, {
    root: folder,
    preCompressed: true,
    index: ['index.html'],
    cacheControl: false,
    setHeaders: (reply, file) => {
      const hashed = file.includes(`${path.sep}assets${path.sep}`);
      reply.header('cache-control', hashed ? 'public, max-age=31536000, immutable' : 'no-cache');
    },
  });
}

/**
 * Answers a page request for a path of the browser's own router with the studio's page; false for everything
 * else, which keeps its 404.
 */
export function sendStudioPage(request: FastifyRequest, reply: FastifyReply): boolean {
  const page = request.method === 'GET' || request.method === 'HEAD';
  if (!page || request.headers.accept?.includes('text/html') !== true) return false;
  void reply.code(200).sendFile('index.html');
  return true;
}
