import assert from 'node:assert/strict';
import { mkdir, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import type { Page } from 'playwright-core';
import type { FlowConfigInput } from '../core/config.ts';
import { deployStep } from '../deploy/deploy.ts';
import { hashStep } from '../hash/hash.ts';
import { createMetadataStep } from '../metadata/metadata.ts';
import { browserSkipReason, startBrowser } from '../testing/browser.ts';
import { flowContext } from '../testing/context.ts';
import { pixel, writeFiles } from '../testing/reference-site.ts';
import { temporaryFolder } from '../testing/release.ts';
import { startSiteServer } from '../testing/site-server.ts';
import { workerStep } from './worker.ts';

const skip = browserSkipReason();

/** A page that shows its version from HTML, CSS and a script, and loads one more script when it is clicked. */
function site(version: string): Record<string, string | Buffer> {
  const page = (title: string) => `<!doctype html><html lang="en"><head><title>${title}</title>
<link rel="manifest" href="/app.webmanifest"><link rel="stylesheet" href="/app.css"></head>
<body><h1 id="html">${version}</h1><p id="css"></p><button id="lazy">lazy</button><output></output>
<script type="module" src="/app.js"></script></body></html>`;
  return {
    'index.html': page('Start'),
    'deep/other.html': page('Other'),
    'app.css': `#css::after{content:"${version}"}`,
    'app.js': `document.body.dataset.script = '${version}';
document.getElementById('lazy').addEventListener('click', async () => {
  document.querySelector('output').value = await import('./lazy.js').then((m) => m.version, (error) => 'failed: ' + error);
});`,
    'lazy.js': `export const version = 'lazy ${version}';`,
    'app.webmanifest': '{"name":"x","start_url":"/"}',
    'big.png': pixel(1),
  };
}

async function world(t: TestContext, options: { httpCaching: boolean } = { httpCaching: true }) {
  const root = await temporaryFolder(t);
  const cache = await temporaryFolder(t);
  const folder = path.join(root, 'www/current');
  const server = await startSiteServer(t, () => folder);
  server.httpCaching = options.httpCaching;
  const deploy = async (files: Record<string, string | Buffer>, config: FlowConfigInput = {}) => {
    const context = flowContext(root, { ...config, deploy: { targets: [{ kind: 'local', path: 'www' }] } });
    await rm(context.releaseDir, { recursive: true, force: true });
    await writeFiles(context.releaseDir, files);
    await hashStep.run(context);
    await workerStep.run({ ...context, workDir: cache });
    await createMetadataStep().run(context);
    await deployStep.run(context);
  };
  const browser = await startBrowser(t);
  const context = await browser.newContext();
  const open = async (at = '/') => {
    const page = await context.newPage();
    await page.goto(server.url + at);
    return page;
  };
  return { server, deploy, open, context, folder };
}

/** What a visitor sees: HTML, CSS and script of one and the same release, or not. */
async function seen(page: Page): Promise<string[]> {
  await page.waitForFunction(() => document.body.dataset.script !== undefined);
  return page.evaluate(() => [
    document.getElementById('html')?.textContent ?? '',
    getComputedStyle(document.getElementById('css') ?? document.body, '::after').content.replaceAll('"', ''),
    document.body.dataset.script ?? '',
  ]);
}

async function lazy(page: Page): Promise<string> {
  await page.click('#lazy');
  await page.waitForFunction(() => document.querySelector('output')?.value !== '');
  return page.evaluate(() => document.querySelector('output')?.value ?? '');
}

const ready = (page: Page) =>
  page.evaluate(() => navigator.serviceWorker.ready.then((one) => one.active?.state !== undefined));
const controlled = (page: Page) =>
  page.waitForFunction(() => navigator.serviceWorker.controller?.state === 'activated');
const same = (version: string) => [version, version, version];

/** Waits until a worker of another release waits, and the page asks. */
async function asked(page: Page): Promise<void> {
  await page.waitForSelector('#flow-update');
}

for (const httpCaching of [false, true]) {
  const caching = httpCaching ? 'with HTTP caching' : 'without HTTP caching (max-age=0)';

  test(`the next visit shows the new release at once, two releases skipped included, ${caching}`, {
    skip,
  }, async (t) => {
    const { deploy, open } = await world(t, { httpCaching });
    await deploy(site('v1'));
    const page = await open();
    await ready(page);
    await page.reload();
    await controlled(page);
    assert.deepEqual(await seen(page), same('v1'));
    await deploy(site('v2'));
    await page.reload();
    assert.deepEqual(await seen(page), same('v2'), 'the first reload');
    await deploy(site('v3'));
    await deploy(site('v4'));
    await page.reload();
    assert.deepEqual(await seen(page), same('v4'), 'two releases skipped');
    await asked(page);
    await Promise.all([page.waitForEvent('load'), page.click('#flow-update button')]);
    await controlled(page);
    assert.deepEqual(await seen(page), same('v4'), 'after the visitor agreed');
    await page.reload();
    assert.deepEqual(await seen(page), same('v4'));
    assert.equal(await lazy(page), 'lazy v4');
  });

  test(`an old tab still loads its own late script after other tabs went on, ${caching}`, {
    skip,
  }, async (t) => {
    const { deploy, open, server } = await world(t, { httpCaching });
    await deploy(site('v1'));
    const old = await open();
    await ready(old);
    await old.reload();
    await controlled(old);
    await deploy(site('v2'));
    await deploy(site('v3'));
    const other = await open();
    await asked(other);
    await Promise.all([other.waitForEvent('load'), other.click('#flow-update button')]);
    await controlled(other);
    assert.deepEqual(await seen(other), same('v3'));
    assert.deepEqual(await seen(old), same('v1'));
    assert.equal(await lazy(old), 'lazy v1');
    assert.equal(await lazy(other), 'lazy v3');
    await asked(old);
    assert.equal(server.requests.filter((one) => one.status !== 200 && one.path !== 'favicon.ico').length, 0);
  });
}

test('without a network: a visited page is shown whole, another becomes the offline page, an API fails', {
  skip,
}, async (t) => {
  const { deploy, open, server } = await world(t);
  await deploy(site('v1'));
  const page = await open();
  await ready(page);
  await page.reload();
  await controlled(page);
  const api = () =>
    page.evaluate(() =>
      fetch('/api/time').then(
        (one) => one.text(),
        () => 'no answer',
      ),
    );
  assert.equal(await api(), 'call 1');
  assert.equal(await api(), 'call 2', 'an API is never answered from a cache');
  server.offline = true;
  await page.reload();
  assert.deepEqual(await seen(page), same('v1'));
  assert.equal(await lazy(page), 'lazy v1', 'a script that was never used before is in the precache');
  assert.equal(await api(), 'no answer');
  await page.goto(`${server.url}/deep/never-visited.html`);
  assert.equal(await page.textContent('h1'), 'Offline');
  server.offline = false;
  await page.reload();
  assert.equal(await page.textContent('body'), 'not found');
  const cached = await page.evaluate(async () => {
    const names = await caches.keys();
    const lists = await Promise.all(
      names.map(async (name) =>
        (await (await caches.open(name)).keys()).map((one) => new URL(one.url).pathname),
      ),
    );
    return lists.flat();
  });
  assert.ok(cached.length > 4 && !cached.some((one) => one.startsWith('/api/')));
});

test('registers with updateViaCache none, and old caches are gone once a new version rules', {
  skip,
}, async (t) => {
  const { deploy, open } = await world(t);
  await deploy(site('v1'));
  const page = await open();
  await ready(page);
  assert.equal(
    await page.evaluate(() => navigator.serviceWorker.ready.then((one) => one.updateViaCache)),
    'none',
  );
  await page.reload();
  await deploy(site('v2'));
  await page.reload();
  await asked(page);
  await Promise.all([page.waitForEvent('load'), page.click('#flow-update button')]);
  await controlled(page);
  await page.waitForFunction(() =>
    caches.keys().then((names) => names.filter((name) => name.startsWith('flow-pages-')).length === 1),
  );
  const urls = await page.evaluate(async () =>
    (
      await (await caches.open((await caches.keys()).find((name) => name.includes('precache')) ?? '')).keys()
    ).map((one) => one.url),
  );
  assert.equal(urls.filter((url) => /app\.h-.*\.css/.test(url)).length, 1, 'no file of v1 is left');
});

test('a site may show its own words: flow:update can be prevented and applied later', { skip }, async (t) => {
  const { deploy, open } = await world(t);
  await deploy(site('v1'));
  const page = await open();
  await ready(page);
  await page.addInitScript(() => {
    window.addEventListener('flow:update', (event) => {
      event.preventDefault();
      Object.assign(window, { applyUpdate: (event as CustomEvent<{ apply: () => void }>).detail.apply });
    });
  });
  await page.reload();
  await deploy(site('v2'));
  await page.reload();
  await page.waitForFunction(() => 'applyUpdate' in window);
  assert.equal(await page.locator('#flow-update').count(), 0);
  await Promise.all([
    page.waitForEvent('load'),
    page.evaluate(() => (window as unknown as { applyUpdate: () => void }).applyUpdate()),
  ]);
  await controlled(page);
  assert.deepEqual(await seen(page), same('v2'));
});

test('the hand-made worker that shows its own first pages for ever is replaced by one visit', {
  skip,
}, async (t) => {
  const { deploy, open, folder, context } = await world(t);
  const old = `const name = 'my-cache';
self.addEventListener('install', (event) => event.waitUntil(caches.open(name).then((cache) => cache.addAll(['/', '/app.css', '/app.js']))));
self.addEventListener('fetch', (event) => event.respondWith(caches.match(event.request).then((found) => found || fetch(event.request))));`;
  const first: Record<string, string | Buffer> = { ...site('v0'), 'sw.js': old };
  first['index.html'] = String(first['index.html']).replace(
    '</body>',
    "<script>navigator.serviceWorker.register('/sw.js')</script></body>",
  );
  await writeFiles(folder.replace(/current$/, 'plain'), first);
  // The old site was copied to the server by hand.
  await mkdir(path.dirname(folder), { recursive: true });
  await symlink('plain', folder);
  const page = await open();
  await ready(page);
  await page.reload();
  await controlled(page);
  await rm(folder);
  await deploy(site('v1'));
  await page.reload();
  await page.waitForFunction(() => document.getElementById('html')?.textContent === 'v1');
  assert.deepEqual(await seen(page), same('v1'));
  const names = await page.evaluate(() => caches.keys());
  assert.ok(!names.includes('my-cache'), 'its cache is removed');
  const later = await context.newPage();
  await later.goto(page.url());
  assert.deepEqual(await seen(later), same('v1'));
});

test('the kill switch removes worker and caches, and pages go on without it', { skip }, async (t) => {
  const { deploy, open } = await world(t);
  await deploy(site('v1'));
  const page = await open();
  await ready(page);
  await page.reload();
  await controlled(page);
  await deploy(site('v2'), { worker: { mode: 'kill' } });
  await page.reload();
  // The worker itself loads the page anew, so that nothing of it is left in the open tab either.
  await page.waitForFunction(
    async () =>
      navigator.serviceWorker.controller === null &&
      (await navigator.serviceWorker.getRegistrations()).length === 0 &&
      (await caches.keys()).length === 0,
  );
  assert.deepEqual(await seen(page), same('v2'));
  await deploy(site('v3'), { worker: { mode: 'auto' } });
  await page.reload();
  assert.deepEqual(await seen(page), same('v3'));
  await ready(page);
});
