import assert from 'node:assert/strict';
import { cp } from 'node:fs/promises';
import test from 'node:test';
import type { Browser } from 'playwright-core';
import { browserSkipReason, startBrowser } from '../testing/browser.ts';
import { flowContext } from '../testing/context.ts';
import { referenceSite, writeFiles } from '../testing/reference-site.ts';
import { temporaryFolder } from '../testing/release.ts';
import { type SiteServer, startSiteServer } from '../testing/site-server.ts';
import { hashStep } from './hash.ts';

/** Every path of the site that a browser asks for on these pages, hashes left out, with the status it got. */
async function crawl(browser: Browser, server: SiteServer, pages: readonly string[]): Promise<string[]> {
  server.requests.length = 0;
  const context = await browser.newContext();
  const errors: string[] = [];
  for (const name of pages) {
    const page = await context.newPage();
    page.on('pageerror', (error) => errors.push(`${name}: ${error.message}`));
    await page.goto(`${server.url}/${name}`, { waitUntil: 'networkidle' });
    // Files that only other programs fetch are fetched as those do.
    const manifest = await page.evaluate(async () => {
      const link = document.querySelector<HTMLLinkElement>('link[rel=manifest]');
      const metas = [...document.querySelectorAll<HTMLMetaElement>('meta[property^="og:"]')].map(
        (one) => one.content,
      );
      const ld = [...document.querySelectorAll('script[type="application/ld+json"]')].map(
        (one) => (JSON.parse(one.textContent ?? '{}') as { logo: string }).logo,
      );
      const icons =
        link === null
          ? []
          : ((await (await fetch(link.href)).json()) as { icons: { src: string }[] }).icons.map(
              (one) => new URL(one.src, link.href).href,
            );
      const links = [...document.querySelectorAll<HTMLAnchorElement>('a[href]')].map((one) => one.href);
      for (const url of [...metas, ...ld, ...icons, ...links]) await fetch(url);
      return document.body.dataset.done ?? null;
    });
    if (name === 'index.html') assert.equal(manifest, '43', 'the modules ran');
    await page.close();
  }
  await context.close();
  assert.deepEqual(errors, []);
  const seen = server.requests
    .filter((one) => one.path !== 'favicon.ico')
    .map((one) => `${one.status} ${one.path.replace(/\.h-[0-9a-f]{12}/, '')}`);
  return [...new Set(seen)].sort();
}

test('a crawl in Chromium asks for the same files in the release as in the source, and gets every one', {
  skip: browserSkipReason(),
}, async (t) => {
  const source = await temporaryFolder(t);
  const root = await temporaryFolder(t);
  let folder = source;
  const server = await startSiteServer(t, () => folder);
  await writeFiles(source, referenceSite(server.url));
  const context = flowContext(root, { site: { url: server.url } });
  await cp(source, context.releaseDir, { recursive: true });
  await hashStep.run(context);
  const browser = await startBrowser(t);
  const pages = ['index.html', 'frame/page.html'];
  const before = await crawl(browser, server, pages);
  folder = context.releaseDir;
  const after = await crawl(browser, server, pages);
  assert.deepEqual(after, before);
  assert.ok(before.length > 40, `${before.length} files`);
  assert.deepEqual(
    after.filter((one) => !one.startsWith('200 ')),
    [],
  );
  const unhashed = server.requests.filter((one) => !/\.h-[0-9a-f]{12}/.test(one.path)).map((one) => one.path);
  assert.deepEqual(
    [...new Set(unhashed)].filter((one) => one !== 'favicon.ico').sort(),
    ['data/loaded.json', 'frame/page.html', 'img/twelve.png', 'index.html', 'paper.pdf'],
    'only these keep their name',
  );
});
