import { createHmac, timingSafeEqual } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
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

const SLASH = 0x2f;
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
      const names = candidates(request.params['*'], built.basePath);
      const found = names
        .map((name) => built.files.get(name.normalize('NFC')))
        .find((file) => file !== undefined && file.role !== 'config');
      const file = found ?? built.files.get('404.html');
      reply.headers(HEADERS);
      // Set for every page before any route: only the studio itself may show this one in a frame, as the policy says.
      reply.raw.removeHeader('x-frame-options');
      reply.raw.removeHeader('cross-origin-opener-policy');
      if (file === undefined) return reply.code(404).type('text/plain; charset=utf-8').send('404\n');
      const offsets = await rootAddresses(folders.previewDir, built.summary.id, file.path);
      reply.code(found === undefined ? 404 : 200).type(file.mime);
      const full = path.join(dir, file.path);
      if (offsets.length === 0)
        return reply.header('content-length', file.sizeBytes).send(createReadStream(full));
      return reply.send(
        withPrefix(await readFile(full), offsets, `${previewPrefix}/${request.params.token}`),
      );
    },
  );
}

/** What a static server tries for an address; one that names the site's own folder on its host means the site. */
function candidates(wanted: string, basePath: string): string[] {
  const inFolder = `/${wanted}`.startsWith(basePath) ? [wanted, wanted.slice(basePath.length - 1)] : [wanted];
  return inFolder.flatMap((one) =>
    one === '' || one.endsWith('/') ? [`${one}index.html`] : [one, `${one}.html`, `${one}/index.html`],
  );
}

const RootAddresses = z.record(z.string(), z.array(z.int().nonnegative()));

/** Where addresses of a file begin at the root of the host; none for a release built before this was noted. */
async function rootAddresses(dir: string, releaseId: string, file: string): Promise<readonly number[]> {
  const text = await readFile(path.join(dir, `${path.basename(releaseId)}.json`), 'utf8').catch(() => null);
  return text === null ? [] : (RootAddresses.parse(JSON.parse(text))[file] ?? []);
}

/** Puts the preview's own path in front of each address, so that `/style.css` leads to the site and not to the studio. */
function withPrefix(bytes: Buffer, offsets: readonly number[], prefix: string): Buffer {
  const parts: Buffer[] = [];
  let at = 0;
  for (const offset of offsets) {
    // Another file than the one that was looked at: nothing is put into the middle of something else.
    if (bytes[offset] !== SLASH) continue;
    parts.push(bytes.subarray(at, offset), Buffer.from(prefix));
    at = offset;
  }
  return Buffer.concat([...parts, bytes.subarray(at)]);
}
