import assert from 'node:assert/strict';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { isFlowFault } from '../../core/fault.ts';
import { startCloudflareServer } from '../../testing/cloudflare-server.ts';
import { targetDependencies, temporaryFolder, writeRelease } from '../../testing/release.ts';
import { readLocalRelease } from '../release.ts';
import { assetKey } from './cloudflare-assets.ts';
import { createCloudflarePagesTarget } from './cloudflare-pages.ts';
import { createCloudflareWorkersTarget } from './cloudflare-workers.ts';

const KINDS = ['pages', 'workers'] as const;

async function world(
  t: TestContext,
  kind: (typeof KINDS)[number],
  env: Record<string, string> = { TOKEN: 'token' },
) {
  const root = await temporaryFolder(t);
  const server = await startCloudflareServer(t);
  const deps = targetDependencies(root, { env, keepReleases: 3 });
  const shared = {
    name: undefined,
    environments: ['prod'] as const,
    accountId: '0123456789abcdef0123456789abcdef',
    tokenVariable: 'TOKEN',
    apiUrl: server.url,
  };
  const target =
    kind === 'pages'
      ? createCloudflarePagesTarget(
          { kind: 'cloudflare-pages', project: 'site', branch: 'main', ...shared },
          deps,
        )
      : createCloudflareWorkersTarget(
          {
            kind: 'cloudflare-workers',
            script: 'site',
            compatibilityDate: '2025-01-01',
            notFoundHandling: '404-page',
            ...shared,
          },
          deps,
        );
  const deploy = async (id: string, files: Record<string, string | Buffer>) => {
    const dir = path.join(root, id);
    await writeRelease(dir, { id, files });
    return target.deploy(await readLocalRelease(dir));
  };
  const served = (name: string) => {
    const live = server.deployments.find((one) => one.id === server.live);
    return server.assets.get(live?.manifest[`/${name}`] ?? '')?.toString();
  };
  return { server, target, deploy, served };
}

for (const kind of KINDS) {
  test(`cloudflare ${kind}: uploads what is missing, switches as a whole, keeps assets, rolls back`, async (t) => {
    const { server, target, deploy, served } = await world(t, kind);
    await deploy('r1', {
      'index.html': '1',
      'app.h-000000000001.js': 'one',
      'größe & 😀.html': 'n',
      _headers: '/*\n  A: b\n',
    });
    assert.equal(served('größe & 😀.html'), 'n');
    assert.equal(server.deployments[0]?.headers, '/*\n  A: b\n');
    assert.equal(served('_headers'), undefined);
    const second = await deploy('r2', { 'index.html': '2', 'größe & 😀.html': 'n' });
    assert.deepEqual([second.previousId, second.retainedFiles], ['r1', 1]);
    assert.equal(second.uploadedFiles, 4, 'index, build.json, release.json, SHA256SUMS');
    assert.equal(served('app.h-000000000001.js'), 'one');

    server.assets.delete(assetKey(Buffer.from('one'), 'app.js'));
    await deploy('r3', { 'index.html': '3' });
    assert.equal(served('app.h-000000000001.js'), 'one', 'an old asset that Cloudflare forgot is sent again');

    assert.deepEqual(
      (await target.list()).map((one) => [one.id, one.live]),
      [
        ['r3', true],
        ['r2', false],
        ['r1', false],
      ],
    );
    const back = await target.rollback('r2');
    assert.equal(back.previousId, 'r3');
    assert.equal(served('index.html'), '2');
    assert.equal((await target.manifest('r2')).id, 'r2');
    await assert.rejects(target.rollback('r9'), (error) => isFlowFault(error, 'deploy.release_unknown'));
  });

  test(`cloudflare ${kind}: waits as 429 says, and a refusal leaves the live release`, async (t) => {
    const { server, deploy, served } = await world(t, kind);
    await deploy('r1', { 'index.html': '1' });
    server.fail = (_path, count) =>
      count % 2 === 0 ? { status: 429, headers: { 'retry-after': '0' } } : undefined;
    await deploy('r2', { 'index.html': '2' });
    assert.equal(served('index.html'), '2');
    server.fail = (path) => (path.endsWith('/upload') ? { status: 413 } : undefined);
    await assert.rejects(deploy('r3', { 'index.html': '3' }), (error) =>
      isFlowFault(error, 'cloudflare.refused'),
    );
    assert.equal(served('index.html'), '2');
  });
}

test('cloudflare: a wrong token, a missing one and a file above 25 MiB are named before anything is live', async (t) => {
  const wrong = await world(t, 'pages', { TOKEN: 'other' });
  await assert.rejects(wrong.deploy('r1', { 'index.html': '1' }), (error) => {
    return isFlowFault(error, 'cloudflare.refused') && !JSON.stringify(error).includes('other');
  });
  const missing = await world(t, 'pages', {});
  await assert.rejects(missing.deploy('r1', { 'index.html': '1' }), (error) =>
    isFlowFault(error, 'deploy.secret_missing'),
  );
  const big = await world(t, 'workers');
  await assert.rejects(
    big.deploy('r1', { 'index.html': '1', 'video.mp4': Buffer.alloc(26 * 1024 * 1024) }),
    (error) => isFlowFault(error, 'deploy.file_too_large') && error.place.file === 'video.mp4',
  );
});

test('the key of a file is what Cloudflare’s own tool computes: BLAKE3 of base64 and extension, 32 digits', () => {
  assert.match(assetKey(Buffer.from('x'), 'a.html'), /^[0-9a-f]{32}$/);
  // BLAKE3 of the empty input, from the test vectors of its specification.
  assert.equal(assetKey(Buffer.alloc(0), 'LICENSE'), 'af1349b9f5f9a1a6a0404dea36dcc949');
});
