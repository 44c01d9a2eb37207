import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Registry } from 'prom-client';
import { fault } from '#base/fault.ts';
import type { HealthReport } from '../module.ts';
import { authenticateRequest, type CredentialCheck } from './credentials.ts';

export interface OperationsOptions extends CredentialCheck {
  readonly metrics: Registry;
  readonly service: string;
  readonly version: string;
  readonly health: () => Promise<Record<string, HealthReport>>;
}

const loopback = new Set(['127.0.0.1', '::1', '::ffff:127.0.0.1']);

/** Straight from this machine, not passed on by a proxy that stands on it. */
function isLocal(request: FastifyRequest): boolean {
  const { headers } = request;
  const forwarded = headers['x-forwarded-for'] ?? headers.forwarded ?? headers['x-real-ip'];
  return forwarded === undefined && loopback.has(request.raw.socket.remoteAddress ?? '');
}

/**
 * `GET /health` (for anybody: ok or not; the parts for administrators and this machine) and
 * `GET /metrics` (Prometheus text, for administrators and this machine).
 */
export function mountOperations(app: FastifyInstance, options: OperationsOptions): void {
  async function mayLook(request: FastifyRequest): Promise<boolean> {
    if (isLocal(request)) return true;
    const principal = await authenticateRequest({ headers: request.headers, safe: true }, options);
    return principal?.role === 'admin';
  }

  app.get('/health', async (request, reply) => {
    const modules = await options.health();
    const ok = Object.values(modules).every((report) => report.ok);
    reply.code(ok ? 200 : 503).header('cache-control', 'no-store');
    const summary = { status: ok ? 'ok' : 'failing', service: options.service };
    const detailed = await mayLook(request).catch(() => false);
    return detailed ? { ...summary, version: options.version, modules } : summary;
  });

  app.get('/metrics', async (request, reply) => {
    if (!(await mayLook(request))) throw fault('common.forbidden', { needed: 'admin' });
    reply.header('content-type', options.metrics.contentType).header('cache-control', 'no-store');
    return options.metrics.metrics();
  });
}
