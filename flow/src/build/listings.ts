import type { FlowConfig } from '../core/config.ts';
import { renderAtom, renderJsonFeed, renderSitemaps } from './feeds.ts';
import type { Outputs } from './outputs.ts';
import type { PageEntry } from './scope.ts';

const UNDATED = { title: '', description: '', date: null, updated: null };

/**
 * Writes `feed.xml`, `feed.json` and `sitemap.xml` for a site whose address is known. A file of the same name among the
 * sources is the site's own and stays.
 */
export function writeFeeds(input: {
  config: Pick<FlowConfig, 'site' | 'build'>;
  outputs: Outputs;
  listed: readonly PageEntry[];
  /** Addresses, below the site's folder, of pages that came as HTML. */
  plain: readonly string[];
}): void {
  const { config, outputs } = input;
  if (config.site.url === undefined) return;
  const siteUrl = config.site.url.replace(/\/*$/, '/');
  const pages = input.listed
    .filter((page) => page.inSitemap)
    .map((page) => ({ ...page, address: siteUrl + page.url }));
  const files = new Map<string, string>();
  if (config.build.feed && pages.some((page) => page.date !== null)) {
    const title = config.site.title ?? pages.find((page) => page.url === '')?.title ?? siteUrl;
    const site = {
      url: siteUrl,
      title,
      description: config.site.description ?? '',
      author: config.site.author ?? null,
      language: config.site.language,
    };
    files.set('feed.xml', renderAtom(site, pages));
    files.set('feed.json', renderJsonFeed(site, pages));
  }
  if (config.build.sitemap) {
    const plain = input.plain.map((url) => ({ ...UNDATED, address: siteUrl + url }));
    for (const [name, text] of renderSitemaps(siteUrl, byAddress([...pages, ...plain])))
      files.set(name, text);
  }
  for (const [name, text] of files) {
    if (outputs.has(name)) continue;
    outputs.claim(name, name);
    outputs.write(name, text);
  }
}

function byAddress<T extends { address: string }>(pages: readonly T[]): T[] {
  return [...pages].sort((a, b) => (a.address < b.address ? -1 : 1));
}
