import type { FlowConfig } from '../core/config.ts';
import { layoutWords } from './default-layout.ts';
import type { FrontMatter } from './front-matter.ts';
import type { RenderedMarkdown } from './markdown/render.ts';
import { renderToc } from './markdown/toc.ts';
import type { PageSettings, SitePlan } from './pages.ts';
import type { Scope } from './template/render.ts';

/** A page between reading and writing. */
export interface SitePage {
  readonly source: string;
  readonly output: string;
  readonly matter: Omit<FrontMatter, 'body'>;
  readonly settings: PageSettings;
  readonly rendered: Omit<RenderedMarkdown, 'html'>;
  /** The content before any layout, UTF-8. */
  readonly html: Buffer;
  /** The text of an HTML page that is itself a template; null for Markdown. */
  readonly template: string | null;
}

/** A page as layouts see it in `pages`. */
export interface PageEntry {
  readonly title: string;
  /** Below the site's folder: `{{ root }}{{ one.url }}`. */
  readonly url: string;
  readonly description: string;
  readonly language: string;
  readonly date: string | null;
  readonly updated: string | null;
  readonly tags: readonly string[];
  readonly inSitemap: boolean;
}

/** The largest site whose default layout lists every page: each page would repeat the whole list. */
const MOST_NAVIGATION = 120;
const FEWEST_TOC_HEADINGS = 3;

export interface NavigationLink {
  readonly title: string;
  readonly url: string;
  readonly current: boolean;
  readonly nested: boolean;
}

/** The pages of one folder below the top; those at the top have no title. */
export interface NavigationSection {
  readonly title: string;
  readonly open: boolean;
  readonly pages: readonly NavigationLink[];
}

export interface Scopes {
  /** The names a layout may use for this page. */
  of(page: SitePage): Scope;
  /** Every page in the order of navigation. */
  readonly listed: readonly PageEntry[];
}

interface ScopeInput {
  readonly pages: readonly SitePage[];
  readonly plan: SitePlan;
  readonly config: Pick<FlowConfig, 'site' | 'build'>;
  readonly commitTime: string | null;
}

/** Gathers what pages know of each other: titles, languages, order. */
export function createScopes({ pages, plan, config, commitTime }: ScopeInput): Scopes {
  const bySource = new Map(pages.map((page) => [page.source, page]));
  const suffixed = Map.groupBy(
    pages.filter((page) => languageSuffix(page.source, bySource) !== null),
    (page) => page.source.replace(/\.[^./]+\.[^./]+$/, ''),
  );
  const sorted = [...pages].sort(
    (a, b) => a.settings.order - b.settings.order || (a.output < b.output ? -1 : 1),
  );
  const entries = new Map(sorted.map((page) => [page, entryOf(page)]));
  const listed = [...entries.values()];
  const listedByLanguage = Map.groupBy(
    listed.filter((one) => one.inSitemap),
    (one) => one.language,
  );
  const siteTitle = config.site.title ?? homeTitle(pages, entries) ?? 'Site';
  const siteUrl = config.site.url === undefined ? null : config.site.url.replace(/\/*$/, '/');
  const hasFeed = config.build.feed && siteUrl !== null && listed.some((page) => page.date !== null);
  const site = {
    title: siteTitle,
    url: siteUrl ?? '',
    description: config.site.description ?? '',
    author: config.site.author ?? '',
    language: config.site.language,
    feed: hasFeed ? 'feed.xml' : '',
  };
  const shared = { site, pages: listed, data: config.build.data, build: { time: commitTime ?? '' } };

  function entryOf(page: SitePage): PageEntry {
    const { settings, rendered } = page;
    return {
      title: settings.title ?? rendered.title ?? nameOf(page.source),
      url: plan.urlOf(page.output),
      description: settings.description ?? rendered.excerpt,
      language: languageOf(page),
      date: settings.date,
      updated: settings.updated,
      tags: settings.tags,
      inSitemap: settings.sitemap && page.output !== '404.html',
    };
  }

  function languageOf(page: SitePage): string {
    return page.settings.language ?? languageSuffix(page.source, bySource) ?? config.site.language;
  }

  return {
    listed,
    of: (page) => {
      const entry = entries.get(page) ?? entryOf(page);
      const { settings, rendered } = page;
      const isHome = page.output === 'index.html';
      const navigation = linksFor(entry);
      const toc = renderToc(rendered.headings);
      return {
        ...shared,
        page: {
          ...page.matter.data,
          ...entry,
          path: page.source,
          fullTitle: isHome || entry.title === siteTitle ? entry.title : `${entry.title} – ${siteTitle}`,
          canonical: siteUrl === null || page.output === '404.html' ? '' : siteUrl + entry.url,
          isHome,
          hasHeading: rendered.title !== null || page.template !== null,
          translations: translationsOf(page),
        },
        root: plan.rootOf(page.output),
        content: page.html.toString('utf8'),
        toc,
        showToc: settings.toc ?? rendered.headings.length >= FEWEST_TOC_HEADINGS,
        navigation,
        sections: sectionsOf(navigation),
        words: layoutWords(entry.language),
      };
    },
  };

  function linksFor(current: PageEntry): NavigationLink[] {
    const same = listedByLanguage.get(current.language) ?? [];
    if (same.length < 2 || same.length > MOST_NAVIGATION) return [];
    return same.map((one) => ({
      title: one.title,
      url: one.url,
      current: one === current,
      nested: one.url.replace(/\/$/, '').includes('/'),
    }));
  }

  function translationsOf(page: SitePage) {
    const own = languageSuffix(page.source, bySource);
    const stem = page.source.replace(own === null ? /\.[^./]+$/ : /\.[^./]+\.[^./]+$/, '');
    const family = page.source.slice(page.source.lastIndexOf('.'));
    const others: Array<{ language: string; url: string }> = [];
    const base = bySource.get(stem + family);
    const candidates = base === undefined ? [] : [base, ...(suffixed.get(stem) ?? [])];
    for (const other of candidates) {
      const entry = entries.get(other);
      if (other !== page && entry) others.push({ language: entry.language, url: entry.url });
    }
    return others;
  }
}

/** Navigation by folder: the pages at the top, then each folder under the title of its front page, else its own name. */
function sectionsOf(links: readonly NavigationLink[]): NavigationSection[] {
  const folders = Map.groupBy(links, (one) =>
    one.url.includes('/') ? one.url.slice(0, one.url.indexOf('/')) : '',
  );
  const top = folders.get('') ?? [];
  folders.delete('');
  const sections = [...folders].map(([folder, pages]) => ({
    title: pages.find((one) => one.url === `${folder}/`)?.title ?? titleOfFolder(folder),
    open: pages.some((one) => one.current),
    pages,
  }));
  return [{ title: '', open: true, pages: top }, ...sections].filter((one) => one.pages.length > 0);
}

function titleOfFolder(folder: string): string {
  const words = decodeURIComponent(folder).replaceAll(/[-_]+/g, ' ').trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function nameOf(source: string): string {
  return source.slice(source.lastIndexOf('/') + 1).replace(/\.[^.]+$/, '');
}

function homeTitle(
  pages: readonly SitePage[],
  entries: ReadonlyMap<SitePage, PageEntry>,
): string | undefined {
  const home = pages.find((page) => page.output === 'index.html');
  return home && entries.get(home)?.title;
}

/** `guide.de.md` beside `guide.md` is its German version. */
function languageSuffix(source: string, bySource: ReadonlyMap<string, unknown>): string | null {
  const match = /^(.+)\.([a-z]{2}(?:-[A-Za-z]{2,4})?)(\.[^./]+)$/.exec(source);
  return match && bySource.has(`${match[1]}${match[3]}`) ? (match[2] ?? null) : null;
}
