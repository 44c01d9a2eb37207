import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { FlowConfig } from '../core/config.ts';
import { FlowFault, throwAll } from '../core/fault.ts';
import type { StepLog } from '../core/progress.ts';
import type { PageOrigin, ReleaseContent } from '../core/release-content.ts';
import type { Environment } from '../core/step.ts';
import { defaultStyle, defaultStyleName } from './default-layout.ts';
import { fileTooLargeFault, nothingToBuildFault } from './faults.ts';
import { readFrontMatter } from './front-matter.ts';
import { writeFeeds } from './listings.ts';
import { createOutputs, type Outputs, readSource, statSource, type WrittenOutputs } from './outputs.ts';
import { createPageStore, type PageStore } from './page-store.ts';
import { isHtmlFile, isMarkdownFile, planSite, readPageSettings, type SitePlan } from './pages.ts';
import { createScopes, type SitePage } from './scope.ts';
import { listSources, type SourceFile } from './source-tree.ts';
import { createTemplateLibrary, type TemplateLibrary } from './template/library.ts';
import { decodeSource, isDeclared, isReleaseText } from './text.ts';

export interface SiteRequest {
  readonly rootDir: string;
  readonly sourceDir: string;
  /** The folder that gets the site; empty, or what `memory` says. */
  readonly outDir: string;
  readonly cacheDir: string;
  /** Absolute folders that are no sources. */
  readonly without: readonly string[];
  readonly config: Pick<FlowConfig, 'site' | 'build' | 'checks'>;
  readonly environment: Environment;
  /** ISO time of the commit; the only time a page may show. */
  readonly commitTime: string | null;
  readonly useGit: boolean;
  readonly signal: AbortSignal;
  readonly log: StepLog;
  /** A watching build remembers what it wrote, and writes only what changed. */
  readonly memory?: WrittenOutputs;
  /** The release that the pages go into; without it they are written to `outDir` at once. */
  readonly content?: ReleaseContent | undefined;
}

export interface SiteResult {
  readonly pages: number;
  readonly files: number;
  readonly renderedPages: number;
  readonly reusedPages: number;
  readonly highlightedBlocks: number;
  readonly writtenFiles: number;
  readonly source: string;
}

/** Pages above this are no pages; other files may be of any size. */
const MOST_PAGE_BYTES = 16 * 1024 * 1024;
const FILES_BETWEEN_PAUSES = 64;

interface Build {
  readonly request: SiteRequest;
  readonly plan: SitePlan;
  readonly outputs: Outputs;
  readonly store: PageStore;
  readonly templates: TemplateLibrary;
  readonly pages: SitePage[];
  /** HTML that is taken as it is; the sitemap lists those that may be indexed. */
  readonly plainPages: Array<{ output: string; isIndexed: boolean }>;
  readonly faults: FlowFault[];
}

/**
 * Builds a site from HTML, Markdown and other files. The same sources, settings and commit give the same bytes whatever
 * the folder, time zone, locale, umask, order of files on disk, and whether the cache was warm.
 * @throws the faults of `build.*`; those of single files all at once
 */
export async function buildSite(request: SiteRequest): Promise<SiteResult> {
  const { config } = request;
  const files = await listSources({
    rootDir: request.rootDir,
    sourceDir: request.sourceDir,
    ignore: config.build.ignore,
    without: request.without,
    useGit: request.useGit,
  });
  const basePath = config.site.url ? withSlash(new URL(config.site.url).pathname) : '/';
  const build: Build = {
    request,
    plan: planSite(files, config.build.pageUrls, basePath),
    outputs: createOutputs(request),
    store: createPageStore({
      cacheDir: request.cacheDir,
      rawHtml: config.build.rawHtml,
      highlight: config.build.highlight,
    }),
    templates: createTemplateLibrary(request.sourceDir, config.checks.charsets),
    pages: [],
    plainPages: [],
    faults: [],
  };
  await forEachFile(build, files, (file) => readFile(build, file));
  throwAll(build.faults);
  const pages = build.pages.length + build.plainPages.length;
  if (pages === 0) throw nothingToBuildFault(request.rootDir, config.build.source);
  await writePages(build);
  throwAll(build.faults);
  build.store.save();
  const { writtenFiles, totalFiles } = build.outputs.finish();
  const { counts } = build.store;
  return {
    pages,
    files: totalFiles,
    renderedPages: counts.rendered,
    reusedPages: counts.reused,
    highlightedBlocks: counts.highlighted,
    writtenFiles,
    source: path.relative(request.rootDir, request.sourceDir).replaceAll(path.sep, '/') || '.',
  };
}

/** Faults of single files are collected; other errors end the build at once. */
async function forEachFile<T extends { output: string }>(
  build: Build,
  files: readonly T[],
  work: (file: T) => void,
): Promise<void> {
  for (const [index, file] of files.entries()) {
    if (index % FILES_BETWEEN_PAUSES === FILES_BETWEEN_PAUSES - 1) {
      build.request.log.advance(index, files.length);
      await setImmediate();
      build.request.signal.throwIfAborted();
    }
    try {
      work(file);
    } catch (error) {
      if (!(error instanceof FlowFault)) throw error;
      build.faults.push(error);
    }
  }
}

/** Reads one source: pages are kept for later, everything else goes straight into the release. */
function readFile(build: Build, file: SourceFile): void {
  const { request } = build;
  const full = path.join(request.sourceDir, file.path);
  if (isMarkdownFile(file.output)) readMarkdown(build, file, readText(build, file, full));
  else if (isHtmlFile(file.output)) readHtml(build, file, full);
  else takeFile(build, file, full);
}

function takeFile({ request, outputs }: Build, file: SourceFile, full: string): void {
  outputs.claim(file.output, file.output);
  const isText = isReleaseText(file.output) && statSource(file.output, full).size <= MOST_PAGE_BYTES;
  if (!isText) {
    outputs.copy(file.output, { file: file.output, path: full });
    return;
  }
  const bytes = readSource(file.output, full);
  const { charsets } = request.config.checks;
  const text = decodeSource(file.output, bytes, charsets);
  outputs.write(file.output, isDeclared(file.output, charsets) ? text : bytes);
}

function readHtml(build: Build, file: SourceFile, full: string): void {
  const bytes = readSource(file.output, full);
  if (bytes.length > MOST_PAGE_BYTES) throw fileTooLargeFault(file.output, bytes.length, MOST_PAGE_BYTES);
  const text = decodeSource(file.output, bytes, build.request.config.checks.charsets);
  if (text.startsWith('---')) {
    readHtmlPage(build, file, text);
    return;
  }
  build.outputs.claim(file.output, file.output);
  build.outputs.write(
    file.output,
    isDeclared(file.output, build.request.config.checks.charsets) ? text : bytes,
  );
  const isIndexed = file.output !== '404.html' && !/<meta\s[^>]*\bnoindex\b/i.test(text);
  build.plainPages.push({ output: file.output, isIndexed });
}

function readText(build: Build, file: SourceFile, full: string): string {
  const bytes = readSource(file.output, full);
  if (bytes.length > MOST_PAGE_BYTES) throw fileTooLargeFault(file.output, bytes.length, MOST_PAGE_BYTES);
  return decodeSource(file.output, bytes, build.request.config.checks.charsets);
}

function readMarkdown(build: Build, file: SourceFile, text: string): void {
  const { plan, store, outputs, request } = build;
  const output = plan.markdown.get(file.output) ?? file.output;
  const from = { source: file.output, output };
  const { matter, rendered, html } = store.page(file.output, text, (target) =>
    plan.resolveLink(from, target),
  );
  const settings = readPageSettings(file.output, { ...matter, body: '' });
  if (settings.draft && request.environment !== 'dev') return;
  outputs.claim(output, file.output);
  build.pages.push({ source: file.output, output, matter, settings, rendered, html, template: null });
}

/** HTML with front matter is a template: it may use a layout, includes and the list of pages. */
function readHtmlPage(build: Build, file: SourceFile, text: string): void {
  const { body, ...matter } = readFrontMatter(file.output, text);
  const settings = readPageSettings(file.output, { ...matter, body: '' });
  if (settings.draft && build.request.environment !== 'dev') return;
  build.outputs.claim(file.output, file.output);
  build.pages.push({
    source: file.output,
    output: file.output,
    matter,
    settings,
    html: Buffer.alloc(0),
    rendered: { headings: [], title: null, excerpt: '', links: [], blocks: [] },
    template: body,
  });
}

async function writePages(build: Build): Promise<void> {
  const { request, outputs, pages, plan, templates } = build;
  const scopes = createScopes({ pages, plan, config: request.config, commitTime: request.commitTime });
  let usesDefault = false;
  await forEachFile(build, pages, (page) => {
    const scope = scopes.of(page);
    const layout = page.settings.layout ?? (page.template === null ? 'default' : 'none');
    const content =
      page.template === null
        ? String(scope.content)
        : templates.render(page.source, page.template, { lineOffset: page.matter.bodyLine, scope });
    const place = { file: page.source, line: page.matter.lines.layout ?? 1, column: 1 };
    if (layout === 'default' && !templates.hasDefault) usesDefault = true;
    outputs.write(
      page.output,
      layout === 'none' ? content : templates.wrap(layout, { ...scope, content }, place),
    );
    request.content?.origins.set(page.output, originOf(request, page));
  });
  if (usesDefault && !outputs.has(defaultStyleName)) {
    outputs.claim(defaultStyleName, defaultStyleName);
    outputs.write(defaultStyleName, defaultStyle);
  }
  const plain = build.plainPages.filter((one) => one.isIndexed).map((one) => plan.urlOf(one.output));
  writeFeeds({ config: request.config, outputs, listed: scopes.listed, plain });
}

function originOf({ rootDir, sourceDir }: SiteRequest, { source, rendered }: SitePage): PageOrigin {
  const full = path.join(sourceDir, source);
  return {
    file: path.relative(rootDir, full).replaceAll(path.sep, '/'),
    text: () => readSource(source, full).toString('utf8'),
    writtenAs: (address) => rendered.links.find(([, resolved]) => resolved === address)?.[0] ?? address,
  };
}

function withSlash(pathname: string): string {
  return pathname.endsWith('/') ? pathname : `${pathname}/`;
}
