import { escapeHtml } from './escape.ts';

/** A page as feeds and the sitemap list it. */
export interface ListedPage {
  /** Absolute. */
  readonly address: string;
  readonly title: string;
  readonly description: string;
  readonly date: string | null;
  readonly updated: string | null;
}

export interface FeedSite {
  readonly url: string;
  readonly title: string;
  readonly description: string;
  readonly author: string | null;
  readonly language: string;
}

const MOST_ENTRIES = 50;

/** Atom (RFC 4287): the dated pages, newest first. `updated` is the newest of theirs, never the time of the build. */
export function renderAtom(site: FeedSite, pages: readonly ListedPage[]): string {
  const entries = newestFirst(pages);
  const newest = entries.map(timeOf).sort(compare).at(-1) ?? '1970-01-01T00:00:00Z';
  const lines = [
    '<?xml version="1.0" encoding="utf-8"?>',
    `<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="${escapeHtml(site.language)}">`,
    `  <title>${clean(site.title)}</title>`,
    ...(site.description ? [`  <subtitle>${clean(site.description)}</subtitle>`] : []),
    `  <id>${clean(site.url)}</id>`,
    `  <link href="${clean(site.url)}"/>`,
    `  <link rel="self" type="application/atom+xml" href="${clean(`${site.url}feed.xml`)}"/>`,
    `  <updated>${newest}</updated>`,
    `  <author><name>${clean(site.author ?? site.title)}</name></author>`,
    ...entries.flatMap((page) => [
      '  <entry>',
      `    <title>${clean(page.title)}</title>`,
      `    <id>${clean(page.address)}</id>`,
      `    <link href="${clean(page.address)}"/>`,
      `    <published>${page.date ?? newest}</published>`,
      `    <updated>${timeOf(page)}</updated>`,
      ...(page.description ? [`    <summary>${clean(page.description)}</summary>`] : []),
      '  </entry>',
    ]),
    '</feed>',
  ];
  return `${lines.join('\n')}\n`;
}

/** JSON Feed 1.1 of the same pages. */
export function renderJsonFeed(site: FeedSite, pages: readonly ListedPage[]): string {
  const feed = {
    version: 'https://jsonfeed.org/version/1.1',
    title: site.title,
    home_page_url: site.url,
    feed_url: `${site.url}feed.json`,
    ...(site.description ? { description: site.description } : {}),
    language: site.language,
    ...(site.author ? { authors: [{ name: site.author }] } : {}),
    items: newestFirst(pages).map((page) => ({
      id: page.address,
      url: page.address,
      title: page.title,
      content_text: page.description || page.title,
      date_published: page.date,
      date_modified: timeOf(page),
    })),
  };
  return `${JSON.stringify(feed, null, 2)}\n`;
}

/** The most addresses one file may hold (sitemaps.org, protocol). */
const MOST_ADDRESSES = 50_000;

/** Sitemap files by name: `sitemap.xml`, which is an index of `sitemap-1.xml`, … above 50,000 pages. */
export function renderSitemaps(siteUrl: string, pages: readonly ListedPage[]): Map<string, string> {
  const groups: ListedPage[][] = [];
  for (let start = 0; start < pages.length; start += MOST_ADDRESSES)
    groups.push(pages.slice(start, start + MOST_ADDRESSES));
  const [only, ...others] = groups;
  if (only === undefined) return new Map();
  if (others.length === 0) return new Map([['sitemap.xml', renderSitemap(only)]]);
  const files = new Map(groups.map((group, index) => [`sitemap-${index + 1}.xml`, renderSitemap(group)]));
  const list = [...files.keys()].map((name) => `  <sitemap><loc>${clean(siteUrl + name)}</loc></sitemap>`);
  const index = `<?xml version="1.0" encoding="utf-8"?>\n<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n${list.join('\n')}\n</sitemapindex>\n`;
  return files.set('sitemap.xml', index);
}

function renderSitemap(pages: readonly ListedPage[]): string {
  const entries = pages.map((page) => {
    const changed = page.updated ?? page.date;
    return `  <url><loc>${clean(page.address)}</loc>${changed === null ? '' : `<lastmod>${changed}</lastmod>`}</url>`;
  });
  return `<?xml version="1.0" encoding="utf-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n${entries.join('\n')}\n</urlset>\n`;
}

function newestFirst(pages: readonly ListedPage[]): ListedPage[] {
  return pages
    .filter((page) => page.date !== null)
    .sort((a, b) => compare(b.date ?? '', a.date ?? '') || compare(a.address, b.address))
    .slice(0, MOST_ENTRIES);
}

function timeOf(page: ListedPage): string {
  return page.updated ?? page.date ?? '';
}

/** By code units: the machine's locale must not decide. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** XML 1.0 has no way to write most control characters. */
function clean(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are exactly the characters meant
  return escapeHtml(text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, ''));
}
