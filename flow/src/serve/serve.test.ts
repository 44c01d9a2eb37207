import assert from 'node:assert/strict';
import { rm, symlink, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { writeFiles } from '../build/build.fixture.ts';
import { parseFlowConfig } from '../core/config.ts';
import { isFlowFault } from '../core/fault.ts';
import { flowContext } from '../testing/context.ts';
import { temporaryFolder, writeRelease } from '../testing/release.ts';
import { type DevBuild, startDevServer } from './dev-server.ts';
import { startStagingServer } from './staging-server.ts';

async function devWorld(t: TestContext, files: Record<string, string>, config = {}) {
  const root = await temporaryFolder(t);
  await writeFiles(root, files);
  const builds: DevBuild[] = [];
  let wake = () => {};
  const server = await startDevServer({
    rootDir: root,
    config: parseFlowConfig(config),
    env: { PATH: process.env.PATH },
    language: 'en',
    log: flowContext(root, {}).log,
    signal: new AbortController().signal,
    port: 0,
    host: '127.0.0.1',
    onBuild: (build) => {
      builds.push(build);
      wake();
    },
  });
  t.after(() => server[Symbol.asyncDispose]());
  /** Waits until that many builds are done. */
  const built = async (count: number) => {
    while (builds.length < count) {
      const { promise, resolve } = Promise.withResolvers<void>();
      wake = resolve;
      if (builds.length < count) await promise;
    }
    return builds[count - 1];
  };
  const page = async (at: string) => {
    const response = await fetch(server.url + at, { headers: { accept: 'text/html' } });
    return { status: response.status, headers: response.headers, text: await response.text() };
  };
  return { root, server, builds, built, page };
}

test('dev: serves what was built, caches nothing, and writes only what changed', {
  timeout: 180_000,
}, async (t) => {
  const { root, built, page } = await devWorld(t, {
    'index.md': '# One\n',
    'about.md': '---\ndraft: true\n---\n# About\n',
    'style.css': 'a{}',
    '404.md': '# Nothing here\n',
  });
  assert.deepEqual(await built(1), { kind: 'built', pages: 3, writtenFiles: 5 });
  const home = await page('');
  assert.match(home.text, /<h1 id="one">One<\/h1>/);
  assert.match(home.text, /new EventSource\("\/\.flow\/events"\)/);
  assert.equal(home.headers.get('cache-control'), 'no-store');
  assert.match((await page('about')).text, /About/, 'drafts are shown');
  assert.equal((await page('style.css')).headers.get('content-type'), 'text/css; charset=utf-8');
  const missing = await page('no/where');
  assert.deepEqual([missing.status, missing.text.includes('Nothing here')], [404, true]);
  await writeFile(path.join(root, 'index.md'), '# Two\n');
  const second = await built(2);
  assert.deepEqual(second?.kind === 'built' && second.writtenFiles <= 4, true);
  assert.match((await page('')).text, /Two/);
});

test('dev: an open page is told of each build, and a removed file is gone', {
  timeout: 180_000,
}, async (t) => {
  const { root, server, built, page } = await devWorld(t, { 'index.md': '# One\n', 'a.txt': 'a' });
  const events = await fetch(`${server.url}.flow/events`);
  const reader = events.body?.getReader();
  const next = async () => new TextDecoder().decode((await reader?.read())?.value);
  assert.match(await next(), /event: build/);
  await rm(path.join(root, 'a.txt'));
  await built(2);
  assert.match(await next(), /event: build/);
  assert.equal((await page('a.txt')).status, 404);
  await reader?.cancel();
});

test('dev: a fault is shown in the browser, escaped, and cleared by the next good build', {
  timeout: 180_000,
}, async (t) => {
  const { root, built, page } = await devWorld(t, { 'index.md': '---\nlayout: "<script>"\n---\n' });
  assert.equal((await built(1))?.kind, 'failed');
  const broken = await page('');
  assert.equal(broken.status, 500);
  assert.match(broken.text, /index\.md:2:1: There is no layout &quot;&lt;script&gt;&quot;/);
  await writeFile(path.join(root, 'index.md'), '# Fine\n');
  await built(2);
  assert.match((await page('')).text, /Fine/);
});

test('dev: a worker of an earlier release is replaced by one that removes itself', {
  timeout: 180_000,
}, async (t) => {
  const { server, page } = await devWorld(t, { 'index.md': '# One\n', 'sw.js': 'self.old = 1' });
  const worker = await (await fetch(`${server.url}sw.js`)).text();
  assert.match(worker, /registration\.unregister/);
  assert.doesNotMatch(worker, /self\.old/);
  assert.match((await page('')).text, /getRegistrations\(\)/);
});

test('dev: no other name, no path out of the folder, no link out, no other method', {
  timeout: 180_000,
}, async (t) => {
  const { root, server } = await devWorld(t, { 'index.md': '# One\n' });
  await symlink('/etc/passwd', path.join(root, '.flow/dev/passwd.txt'));
  const status = (target: string, headers: Record<string, string> = {}) => {
    const { promise, resolve } = Promise.withResolvers<number | undefined>();
    get({ port: new URL(server.url).port, path: target, headers }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    return promise;
  };
  assert.equal(await status('/', { host: 'evil.example' }), 421);
  for (const target of [
    '/../../etc/passwd',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/..%2f..%2fetc/passwd',
    '/%00',
    '/%zz',
    '/passwd.txt',
  ])
    assert.equal(await status(target), 404, target);
  assert.equal((await fetch(server.url, { method: 'POST', body: 'x' })).status, 405);
});

test('dev: a build of the project’s own is not told as one of no pages', { timeout: 180_000 }, async (t) => {
  const { built, page } = await devWorld(
    t,
    { 'make.sh': 'mkdir -p dist && echo made > dist/index.html' },
    { build: { command: 'sh make.sh', output: 'dist' } },
  );
  assert.deepEqual(await built(1), { kind: 'built', pages: null, writtenFiles: 0 });
  assert.match((await page('')).text, /^made/);
});

test('dev: a port that is taken is said', { timeout: 180_000 }, async (t) => {
  const { root, server } = await devWorld(t, { 'index.md': '# One\n' });
  await assert.rejects(
    startDevServer({
      rootDir: root,
      config: parseFlowConfig({}),
      env: {},
      language: 'de',
      log: flowContext(root, {}).log,
      signal: new AbortController().signal,
      port: Number(new URL(server.url).port),
      host: '127.0.0.1',
    }),
    (error) => isFlowFault(error, 'serve.port_taken'),
  );
});

test('staging: a finished release with the headers of production, by role', async (t) => {
  const root = await temporaryFolder(t);
  const releaseDir = path.join(root, 'out');
  await writeRelease(releaseDir, {
    id: 'r1',
    siteUrl: 'https://example.org/sub/',
    files: {
      'index.html': 'home',
      '404.html': 'not here',
      'a/index.html': 'a',
      'app.h-000000000001.js': 'app()',
      'sw.js': 'worker',
      _headers: '/*',
      'film.mp4': '0123456789',
    },
  });
  const config = parseFlowConfig({
    site: { url: 'https://example.org/sub/' },
    headers: { extra: { 'X-Own': 'yes' } },
  });
  await using server = await startStagingServer({ releaseDir, config, port: 0, host: '127.0.0.1' });
  assert.match(server.url, /\/sub\/$/);
  const look = async (at: string, init: RequestInit = {}) => {
    const response = await fetch(new URL(at, server.url), init);
    return [response.status, response.headers.get('cache-control'), await response.text()];
  };
  assert.deepEqual(await look(''), [200, 'no-cache', 'home']);
  assert.deepEqual(await look('a/'), [200, 'no-cache', 'a']);
  assert.deepEqual(await look('app.h-000000000001.js'), [
    200,
    'public, max-age=31536000, immutable',
    'app()',
  ]);
  assert.deepEqual(await look('sw.js'), [200, 'no-cache', 'worker']);
  assert.deepEqual(await look('app.h-000000000002.js'), [404, 'no-cache', 'not here']);
  assert.deepEqual(await look('_headers'), [404, 'no-cache', 'not here']);
  assert.deepEqual(await look('/api/x'), [404, 'no-store', 'No API in staging.\n']);
  assert.deepEqual(await look('film.mp4', { headers: { range: 'bytes=2-4' } }), [206, 'no-cache', '234']);
  assert.deepEqual(await look('film.mp4', { headers: { range: 'bytes=-3' } }), [206, 'no-cache', '789']);
  const first = await fetch(server.url);
  assert.equal(first.headers.get('x-own'), 'yes');
  assert.equal(first.headers.get('x-content-type-options'), 'nosniff');
  const again = await fetch(server.url, { headers: { 'if-none-match': first.headers.get('etag') ?? '' } });
  assert.equal(again.status, 304);
  await writeFile(path.join(releaseDir, 'index.html'), 'HOME');
  await assert.rejects(startStagingServer({ releaseDir, config, port: 0, host: '127.0.0.1' }), (error) =>
    isFlowFault(error, 'deploy.release_tampered'),
  );
});
