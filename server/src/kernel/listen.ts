import type { FastifyInstance } from 'fastify';
import { fault } from '#base/fault.ts';
import { assembleHttp } from './http/assemble.ts';
import type { Platform } from './platform.ts';
import { platformVersion } from './version.ts';

export interface FaceOptions {
  readonly service: string;
  /** Names of the modules whose paths this face offers. */
  readonly modules: readonly string[];
  /** 0 lets the system choose. */
  readonly port: number;
  readonly studioFolder?: string;
}

const loopback = new Set(['127.0.0.1', '::1', 'localhost']);

/** Refuses to offer the platform to other machines without TLS, unless the administrator says so. */
function checkHost(platform: Platform): void {
  const { host, publicUrl, insecure } = platform.config.http;
  const secure = publicUrl?.startsWith('https:') === true;
  if (!loopback.has(host) && !secure && !insecure) throw fault('config.insecure_listen', { host });
}

/**
 * Opens one HTTP face of a running platform and returns its address.
 * @throws config.insecure_listen, config.port_in_use
 */
export async function listen(platform: Platform, face: FaceOptions): Promise<string> {
  checkHost(platform);
  const { http } = platform.config;
  const app = await assembleHttp({
    ...platform,
    service: face.service,
    version: platformVersion(),
    modules: platform.modules.filter((module) => face.modules.includes(module.name)),
    config: http,
    ...(face.studioFolder === undefined ? {} : { studioFolder: face.studioFolder }),
  });
  platform.stack.defer(() => app.close());
  await bind(app, { host: http.host, port: face.port });
  const address = app.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : face.port;
  return `http://${http.host.includes(':') ? `[${http.host}]` : http.host}:${port}`;
}

async function bind(app: FastifyInstance, { host, port }: { host: string; port: number }): Promise<void> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw fault('config.port_in_use', { host, port, other: port + 1 }, { cause: error });
  }
}
