import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { cacheControlByRole, hashedNamePattern } from '../core/layout.ts';
import { mediaTypeOf } from '../core/media-types.ts';
import { startCloudflareServer } from '../testing/cloudflare-server.ts';
import { cdsFlow } from '../testing/command.ts';
import { startHttpServer } from '../testing/http-server.ts';
import { temporaryFolder } from '../testing/release.ts';
import { startS3Server } from '../testing/s3-server.ts';
import { sshSkipReason, startSshServer } from '../testing/ssh-server.ts';

/** What visitors get of a file; null when there is none. */
type Live = (file: string) => Promise<Buffer | null>;

/** A target of flow.config.ts, the secrets of the environment, and the way to what is live there. */
interface Place {
  readonly target: object;
  readonly env: Readonly<Record<string, string>>;
  readonly live: Live;
}

const places: Readonly<Record<string, (t: TestContext) => Promise<Place>>> = {
  ssh: async (t) => {
    const folder = await temporaryFolder(t);
    const server = await startSshServer(t, path.join(folder, 'keys'));
    const www = path.join(folder, 'www');
    return {
      target: { kind: 'ssh', path: www, ...server },
      env: {},
      live: (file) => readFile(path.join(www, 'current', file)).catch(() => null),
    };
  },
  s3: async (t) => {
    const keys = { accessKeyId: 'AKID', secretAccessKey: 'secret/+key' };
    const server = await startS3Server(t, keys);
    return {
      target: { kind: 's3', endpoint: server.url, region: 'eu-test-1', bucket: 'bucket', prefix: 'site/' },
      env: { AWS_ACCESS_KEY_ID: keys.accessKeyId, AWS_SECRET_ACCESS_KEY: keys.secretAccessKey },
      live: async (file) => server.objects.get(`site/${file}`)?.body ?? null,
    };
  },
  'cloudflare-pages': (t) => cloudflare(t, { kind: 'cloudflare-pages', project: 'site' }),
  'cloudflare-workers': (t) => cloudflare(t, { kind: 'cloudflare-workers', script: 'site' }),
};

const ACCOUNT = '0123456789abcdef0123456789abcdef';

async function cloudflare(t: TestContext, target: object): Promise<Place> {
  const server = await startCloudflareServer(t);
  return {
    target: { ...target, accountId: ACCOUNT, apiUrl: server.url },
    env: { CLOUDFLARE_API_TOKEN: 'token' },
    live: async (file) => {
      const deployment = server.deployments.find((one) => one.id === server.live);
      return server.assets.get(deployment?.manifest[`/${file}`] ?? '') ?? null;
    },
  };
}

/** The host in front of a target, with the headers that the flow asks for. */
function startHost(t: TestContext, live: Live): Promise<string> {
  return startHttpServer(t, async (request, response) => {
    const asked = decodeURIComponent((request.url ?? '/').split('?')[0] ?? '/').slice(1);
    const file = asked.replace(/(^|\/)$/, '$1index.html');
    const body = await live(file);
    response
      .writeHead(body === null ? 404 : 200, {
        'content-type': mediaTypeOf(file),
        'cache-control': cacheControlByRole[hashedNamePattern.test(file) && body ? 'hashed' : 'html'],
        etag: `"${createHash('sha256')
          .update(body ?? '')
          .digest('hex')}"`,
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'strict-origin-when-cross-origin',
      })
      .end(body ?? 'not here');
  });
}

for (const [kind, start] of Object.entries(places)) {
  test(`cds flow to ${kind}: all eight steps, an update with a purge that was refused at first, rollback`, {
    skip: kind === 'ssh' && sshSkipReason(),
  }, async (t) => {
    const root = await temporaryFolder(t);
    const { target, env, live } = await start(t);
    const caches = await startCloudflareServer(t);
    caches.fail = (name, count) =>
      name.endsWith('/purge_cache') && count === 1
        ? { status: 429, headers: { 'retry-after': '0' } }
        : undefined;
    const url = `${await startHost(t, live)}/`;
    const settings = {
      site: { url },
      deploy: { targets: [target] },
      purge: { caches: [{ kind: 'cloudflare', zoneId: ACCOUNT, apiUrl: caches.url }] },
      verify: { waitSeconds: 1 },
    };
    await writeFile(path.join(root, 'flow.config.ts'), `export default ${JSON.stringify(settings)};`);
    await writeFile(path.join(root, 'index.md'), '# One\n\n[a page](größe%20%26%20maß.md)\n');
    await writeFile(path.join(root, 'größe & maß.md'), '# Names\n');
    const environment = { PATH: process.env.PATH, HOME: root, CLOUDFLARE_API_TOKEN: 'token', ...env };
    const run = async (...argv: string[]) => {
      const result = await cdsFlow(root, argv, { environment });
      assert.equal(result.code, 0, `${argv.join(' ')}\n${result.errors}`);
      assert.doesNotMatch(result.errors + result.output, /secret\/\+key/, 'no secret is printed');
      return result;
    };
    const page = async () => (await (await fetch(url)).text()).match(/<h1[^>]*>([^<]*)/)?.[1];
    await run();
    assert.equal(await page(), 'One');
    const first: { id: string } = JSON.parse(String(await live('build.json')));
    await writeFile(path.join(root, 'index.md'), '# Two\n');
    await run();
    assert.equal(await page(), 'Two');
    assert.ok(caches.purges.length >= 2, 'the caches were told of both, the first after a refusal');
    assert.match((await run('releases')).output, new RegExp(first.id));
    await run('rollback');
    assert.equal(await page(), 'One');
    const wrong = await cdsFlow(root, [], { environment: { PATH: process.env.PATH, HOME: root } });
    if (kind !== 'ssh') assert.equal(wrong.code, 1, 'without the secrets nothing is sent');
    if (kind !== 'ssh') assert.equal(await page(), 'One');
  });
}
