import { createHmac, timingSafeEqual } from 'node:crypto';
import { createReadStream } from 'node:fs';
import path from 'node:path';
import type { FastifyInstance } from 'fastify';
import { fault } from '#base/fault.ts';
import { readBuilt } from './built.ts';
import { siteFolders } from './folders.ts';

export type Which = 'built' | 'live';

export interface PreviewTokens {
  /** A path that shows a release for an hour to whoever has it. */
  issue(projectId: string, which: Which): { path: string; expiresAt: string };
  /** What a token stands for; null for a forged or expired one. */
  read(token: string): { projectId: string; which: Which } | null;
}

const LIFETIME_MS = 3_600_000;
export const previewPrefix = '/site-preview';

/** Tokens carry what they allow and when they end, signed with a key of the installation; nothing is stored. */
export function createPreviewTokens(key: Buffer, now: () => number): PreviewTokens {
  const sign = (text: string) => createHmac('sha256', key).update(text).digest('base64url');
  return {
    issue: (projectId, which) => {
      const expiresMs = now() + LIFETIME_MS;
      const claim = `${projectId}.${which}.${expiresMs.toString(36)}`;
      return {
        path: `${previewPrefix}/${claim}.${sign(claim)}/`,
        expiresAt: new Date(expiresMs).toISOString(),
      };
    },
    read: (token) => {
      const [projectId = '', which = '', expires = '', signature = ''] = token.split('.');
      const wanted = Buffer.from(sign(`${projectId}.${which}.${expires}`));
      const found = Buffer.from(signature);
      if (wanted.length !== found.length || !timingSafeEqual(wanted, found)) return null;
      if (Number.parseInt(expires, 36) < now() || (which !== 'built' && which !== 'live')) return null;
      return { projectId, which };
    },
  };
}

/**
 * Pages of a stranger on the studio's own address: `sandbox` gives each an origin of its own, so that no script of a site can
 * use the studio's session. Fonts and modules are fetched from that origin, hence the open CORS header; the token is the
 * permission.
 */
const HEADERS = {
  'content-security-policy': "sandbox allow-scripts allow-forms allow-popups; frame-ancestors 'self'",
  'access-control-allow-origin': '*',
  'cache-control': 'no-store',
  'cross-origin-resource-policy': 'cross-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const;

/** Serves previews: `/site-preview/<token>/<path>`. */
export function mountPreview(app: FastifyInstance, deps: { tokens: PreviewTokens; dataDir: string }): void {
  app.get<{ Params: { token: string; '*': string } }>(
    `${previewPrefix}/:token/*`,
    { config: { anyOrigin: true } },
    async (request, reply) => {
      const claim = deps.tokens.read(request.params.token);
      if (claim === null) throw fault('site.preview_expired');
      const folders = siteFolders(deps.dataDir, claim.projectId);
      const dir = claim.which === 'built' ? folders.releaseDir : path.join(folders.liveDir, 'current');
      const built = await readBuilt(dir);
      if (built === null) throw fault('site.nothing_built');
      const wanted = request.params['*'];
      const names =
        wanted === '' || wanted.endsWith('/')
          ? [`${wanted}index.html`]
          : [wanted, `${wanted}.html`, `${wanted}/index.html`];
      const found = names
        .map((name) => built.files.get(name.normalize('NFC')))
        .find((file) => file !== undefined && file.role !== 'config');
      const file = found ?? built.files.get('404.html');
      reply.headers(HEADERS);
      // Set for every page before any route: only the studio itself may show this one in a frame, as the policy says.
      reply.raw.removeHeader('x-frame-options');
      reply.raw.removeHeader('cross-origin-opener-policy');
      if (file === undefined) return reply.code(404).type('text/plain; charset=utf-8').send('404\n');
      return reply
        .code(found === undefined ? 404 : 200)
        .type(file.mime)
        .header('content-length', file.sizeBytes)
        .send(createReadStream(path.join(dir, file.path)));
    },
  );
}
