import assert from 'node:assert/strict';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { isFlowFault } from '../../core/fault.ts';
import { targetDependencies, temporaryFolder, writeRelease } from '../../testing/release.ts';
import { startS3Server } from '../../testing/s3-server.ts';
import { readLocalRelease } from '../release.ts';
import type { TargetDependencies } from '../target.ts';
import { createS3Target } from './s3.ts';

const ENV = { AWS_ACCESS_KEY_ID: 'AKID', AWS_SECRET_ACCESS_KEY: 'secret/+key' };

async function world(t: TestContext, overrides: Partial<TargetDependencies> = {}) {
  const root = await temporaryFolder(t);
  const server = await startS3Server(t, { accessKeyId: 'AKID', secretAccessKey: 'secret/+key' });
  const target = createS3Target(
    {
      kind: 's3',
      name: undefined,
      environments: ['prod'],
      endpoint: server.url,
      region: 'eu-test-1',
      bucket: 'bucket',
      prefix: 'site/',
      addressing: 'path',
      accessKeyVariable: 'AWS_ACCESS_KEY_ID',
      secretKeyVariable: 'AWS_SECRET_ACCESS_KEY',
      sessionTokenVariable: 'AWS_SESSION_TOKEN',
      cacheControl: true,
    },
    targetDependencies(root, { env: ENV, ...overrides }),
  );
  const deploy = async (id: string, files: Record<string, string>) => {
    const dir = path.join(root, id);
    await writeRelease(dir, { id, files });
    return target.deploy(await readLocalRelease(dir));
  };
  const page = (name: string) => server.objects.get(`site/${name}`)?.body.toString();
  return { server, target, deploy, page };
}

test('s3: signed by version 4, assets before pages, headers by role, names of every kind', async (t) => {
  const { server, deploy, page } = await world(t);
  await deploy('r1', {
    'index.html': '1',
    'app.h-000000000001.js': 'one',
    'größe & maß 😀/a+b (c)*.html': 'n',
    _headers: 'x',
  });
  assert.equal(page('größe & maß 😀/a+b (c)*.html'), 'n');
  assert.equal(page('_headers'), undefined, 'files for the host are not served');
  const order = server.log.filter((line) => !line.includes('.flow'));
  assert.equal(order[0], 'PUT site/app.h-000000000001.js');
  assert.ok(order.indexOf('PUT site/index.html') < order.indexOf('PUT site/build.json'));
  assert.equal(server.objects.get('site/index.html')?.headers['cache-control'], 'no-cache');
  assert.equal(server.objects.get('site/index.html')?.headers['content-type'], 'text/html; charset=utf-8');
  assert.match(server.objects.get('site/app.h-000000000001.js')?.headers['cache-control'] ?? '', /immutable/);
});

test('s3: sends only what changed, removes gone pages, keeps assets, prunes, rolls back', async (t) => {
  const { server, target, deploy, page } = await world(t, { keepReleases: 2 });
  await deploy('r1', { 'index.html': '1', 'old.html': 'old', 'app.h-000000000001.js': 'one' });
  const second = await deploy('r2', { 'index.html': '2', 'app.h-000000000002.js': 'two' });
  assert.deepEqual([second.previousId, second.uploadedFiles, second.retainedFiles], ['r1', 5, 1]);
  assert.equal(page('old.html'), undefined);
  assert.equal(page('app.h-000000000001.js'), 'one');

  const back = await target.rollback('r1');
  assert.equal(back.previousId, 'r2');
  assert.deepEqual([page('index.html'), page('old.html')], ['1', 'old']);
  assert.deepEqual(
    (await target.list()).map((one) => [one.id, one.live]),
    [
      ['r2', false],
      ['r1', true],
    ],
  );

  await target.rollback('r2');
  await deploy('r3', { 'index.html': '3' });
  assert.deepEqual(
    (await target.list()).map((one) => one.id),
    ['r3', 'r2'],
  );
  assert.equal(page('app.h-000000000001.js'), undefined, 'assets of forgotten releases go');
  assert.equal(page('app.h-000000000002.js'), 'two');
  await assert.rejects(target.rollback('r1'), (error) => isFlowFault(error, 'deploy.release_unknown'));
  assert.equal(server.objects.has('site/.flow/lock.json'), false);
});

test('s3: a deploy that dies before the pages leaves the old ones; the next one finishes the job', async (t) => {
  const { server, deploy, page } = await world(t);
  await deploy('r1', { 'a.html': 'a1', 'b.html': 'b1' });
  server.fail = (method, key) => (method === 'PUT' && key === 'site/b.html' ? 403 : undefined);
  await assert.rejects(
    deploy('r2', { 'a.html': 'a2', 'b.html': 'b2', 'app.h-000000000002.js': 'two' }),
    (error) => isFlowFault(error, 'deploy.s3_refused'),
  );
  assert.equal(page('app.h-000000000002.js'), 'two', 'what pages need is there before they are');
  server.fail = () => undefined;
  await deploy('r1', { 'a.html': 'a1', 'b.html': 'b1' });
  assert.deepEqual(
    [page('a.html'), page('b.html')],
    ['a1', 'b1'],
    'nothing is taken for unchanged after a crash',
  );
});

test('s3: a removal of an old release that broke off does not make a later one lack its files', async (t) => {
  const { server, deploy, page } = await world(t, { keepReleases: 2 });
  const first = { 'index.html': '1', 'app.h-000000000001.js': 'one' };
  await deploy('r1', first);
  await deploy('r2', { 'index.html': '2' });
  server.fail = (method, key) =>
    method === 'DELETE' && key.startsWith('site/.flow/releases/') ? 403 : undefined;
  await assert.rejects(deploy('r3', { 'index.html': '3' }));
  server.fail = () => undefined;
  await deploy('r4', first);
  assert.equal(page('app.h-000000000001.js'), 'one');
});

test('s3: repeats on 503 and broken connections', async (t) => {
  const { server, deploy, page } = await world(t);
  const seen = new Map<string, number>();
  server.fail = (method, key) => {
    const times = (seen.get(method + key) ?? 0) + 1;
    seen.set(method + key, times);
    if (times > 1 || key.includes('lock')) return undefined;
    return key.endsWith('.html') ? 503 : 'drop';
  };
  await deploy('r1', { 'index.html': '1' });
  assert.equal(page('index.html'), '1');
});

test('s3: a second deploy is refused; the lock of a dead one lapses', async (t) => {
  const { server, deploy } = await world(t);
  const lock = (expiresAt: string) =>
    server.objects.set('site/.flow/lock.json', {
      body: Buffer.from(JSON.stringify({ id: 'x', host: 'elsewhere', expiresAt })),
      headers: {},
      etag: '"1"',
    });
  lock('2030-01-01T00:00:00Z');
  await assert.rejects(deploy('r1', { 'index.html': '1' }), (error) => isFlowFault(error, 'deploy.locked'));
  lock('2020-01-01T00:00:00Z');
  await deploy('r1', { 'index.html': '1' });
});

test('s3: wrong keys are refused by the server, missing ones before anything is sent', async (t) => {
  const wrong = await world(t, { env: { ...ENV, AWS_SECRET_ACCESS_KEY: 'other' } });
  await assert.rejects(wrong.deploy('r1', { 'index.html': '1' }), (error) => {
    return isFlowFault(error, 'deploy.s3_refused') && /SignatureDoesNotMatch/.test(error.text.en);
  });
  const missing = await world(t, { env: {} });
  await assert.rejects(missing.deploy('r1', { 'index.html': '1' }), (error) =>
    isFlowFault(error, 'deploy.secret_missing'),
  );
});
