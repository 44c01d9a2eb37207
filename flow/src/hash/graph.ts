import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { type FlowFault, isFlowFault, throwAll } from '../core/fault.ts';
import { contentOf, type PageOrigin, type ReleaseContent } from '../core/release-content.ts';
import type { FlowContext } from '../core/step.ts';
import { mentionableExtensions } from './aliases.ts';
import {
  asWarning,
  bareSpecifierFault,
  brokenLinksWarning,
  unparsedWarning,
  unresolvedFault,
} from './faults.ts';
import type { Reference, Strength } from './reference.ts';
import { createResolver, type Referrer, type Resolver } from './resolve.ts';
import { openScanStore } from './scan-store.ts';
import { readTextFile, type TextFile } from './site-file.ts';

const FILES_BETWEEN_PAUSES = 64;

/** A reference that leads to a file of the site. */
export interface Link {
  readonly reference: Reference;
  readonly target: string;
}

/** The site as a graph: its files, and which refers to which. */
export interface SiteGraph {
  readonly content: ReleaseContent;
  /** In code-unit order. */
  readonly paths: readonly string[];
  readonly texts: ReadonlyMap<string, TextFile>;
  readonly links: ReadonlyMap<string, readonly Link[]>;
  /** By target: how others refer to it; references of a file to itself and of source maps do not count. */
  readonly inbound: ReadonlyMap<string, { readonly strengths: ReadonlySet<Strength> }>;
  /** Files whose name something relies on: keys of import maps, workers that the site registers by itself. */
  readonly relied: ReadonlySet<string>;
  readonly ownWorkers: ReadonlySet<string>;
  readonly resolver: Resolver;
}

/**
 * Reads every text file of the release folder and resolves every reference.
 * @throws hash.unresolved, hash.bare_specifier, hash.not_utf8, flow.symbolic_link; all places at once
 */
export async function readSiteGraph(context: FlowContext): Promise<SiteGraph> {
  const content = contentOf(context);
  const paths = content.list();
  const texts = await readTexts(context, content, paths);
  const resolver = createResolver({
    files: new Set(paths),
    siteUrl: siteUrlOf(context, texts),
    isExternal: (urlPath) => isExternal(context, urlPath),
  });
  for (const file of texts.values()) {
    if (file.scan.imports.length > 0) resolver.addImportMap(referrerOf(file), file.scan);
  }
  const findings = emptyFindings();
  const links = new Map<string, Link[]>();
  const inbound = new Map<string, { strengths: Set<Strength> }>();
  for (const file of texts.values()) {
    const found = linksOf({ file, origin: content.origins.get(file.path) }, resolver, findings);
    links.set(file.path, found);
    for (const { reference, target } of found) {
      if (target === file.path || reference.via === 'source map') continue;
      const entry = inbound.get(target) ?? { strengths: new Set<Strength>() };
      entry.strengths.add(reference.strength);
      inbound.set(target, entry);
    }
  }
  report({ context, findings, inbound, texts });
  const { relied, ownWorkers } = reliedFiles(texts, resolver);
  return { content, paths, texts, links, inbound, relied, ownWorkers, resolver };
}

/** The file as the resolver needs it. */
export function referrerOf(file: TextFile): Referrer {
  return { path: file.path, baseHref: file.scan.baseHref };
}

async function readTexts(
  context: FlowContext,
  content: ReleaseContent,
  paths: readonly string[],
): Promise<Map<string, TextFile>> {
  const scans = openScanStore(path.join(context.workDir, 'cache'), mentionableExtensions(paths));
  const texts = new Map<string, TextFile>();
  const faults: FlowFault[] = [];
  for (const [index, file] of paths.entries()) {
    if (index % FILES_BETWEEN_PAUSES === FILES_BETWEEN_PAUSES - 1) await pause(context, index, paths.length);
    try {
      const text = await readTextFile(content, file, scans);
      if (text !== null) texts.set(file, text);
    } catch (error) {
      if (!isFlowFault(error, 'hash.not_utf8')) throw error;
      faults.push(error);
    }
  }
  throwAll(faults);
  scans.save();
  return texts;
}

/** Lets signals through, and says how far it is. */
async function pause(context: FlowContext, done: number, total: number): Promise<void> {
  context.log.advance(done, total);
  await setImmediate();
  context.signal.throwIfAborted();
}

/** The configured address, else the one that the front page calls its own. */
function siteUrlOf(context: FlowContext, texts: ReadonlyMap<string, TextFile>): string | null {
  const { url } = context.config.site;
  if (url !== undefined) return url.endsWith('/') ? url : `${url}/`;
  const canonical = texts.get('index.html')?.scan.canonical ?? null;
  if (canonical === null || !/^https?:\/\//.test(canonical) || !URL.canParse(canonical)) return null;
  return new URL('.', canonical).href;
}

function isExternal(context: FlowContext, urlPath: string): boolean {
  const { hash, worker } = context.config;
  if (worker.apiPaths.some((prefix) => urlPath.startsWith(prefix))) return true;
  return hash.external.some((glob) => path.posix.matchesGlob(urlPath, glob));
}

interface Findings {
  readonly unresolved: FlowFault[];
  readonly bare: { file: string; fault: FlowFault }[];
  brokenLinks: number;
  firstBrokenLink: FlowFault | null;
}

function emptyFindings(): Findings {
  return { unresolved: [], bare: [], brokenLinks: 0, firstBrokenLink: null };
}

function linksOf(
  { file, origin }: { file: TextFile; origin: PageOrigin | undefined },
  resolver: Resolver,
  findings: Findings,
): Link[] {
  const from = referrerOf(file);
  const links: Link[] = [];
  for (const reference of file.scan.references) {
    const destination = resolver.resolve(from, reference);
    if (destination.kind === 'file') links.push({ reference, target: destination.path });
    else if (destination.kind === 'bare') {
      if (reference.strength === 'asset')
        findings.bare.push({ file: file.path, fault: bareSpecifierFault(file, reference) });
    } else if (destination.kind === 'missing' && reference.strength === 'asset') {
      findings.unresolved.push(unresolvedFault({ file, origin }, reference, destination));
    } else if (destination.kind === 'missing' && reference.strength === 'link') {
      findings.brokenLinks += 1;
      findings.firstBrokenLink ??= unresolvedFault({ file, origin }, reference, destination);
    }
  }
  return links;
}

interface Reported {
  readonly context: FlowContext;
  readonly findings: Findings;
  readonly inbound: ReadonlyMap<string, unknown>;
  readonly texts: ReadonlyMap<string, TextFile>;
}

function report({ context, findings, inbound, texts }: Reported): void {
  const { log, config } = context;
  for (const file of texts.values())
    for (const problem of file.scan.problems) log.warn(unparsedWarning(file, problem));
  if (findings.firstBrokenLink !== null)
    log.warn(brokenLinksWarning(findings.brokenLinks, findings.firstBrokenLink));
  // A script that no page loads may be meant for something else than browsers.
  const isLoaded = (file: string) => inbound.has(file) || texts.get(file)?.kind === 'html';
  for (const { file, fault } of findings.bare) if (!isLoaded(file)) log.warn(asWarning(fault));
  const bare = findings.bare.filter(({ file }) => isLoaded(file)).map(({ fault }) => fault);
  if (config.hash.unresolved === 'error') throwAll([...findings.unresolved, ...bare]);
  for (const fault of [...findings.unresolved, ...bare]) log.warn(asWarning(fault));
}

function reliedFiles(texts: ReadonlyMap<string, TextFile>, resolver: Resolver) {
  const relied = new Set<string>();
  const ownWorkers = new Set<string>();
  for (const file of texts.values()) {
    const from = referrerOf(file);
    for (const url of file.scan.mappedAddresses) {
      const destination = resolver.resolve(from, { url, specifier: false });
      if (destination.kind === 'file') relied.add(destination.path);
    }
    for (const url of file.scan.ownWorkers) {
      // Relative to the page, which for a script of its own may be any: the site's root is the usual one.
      const page = file.kind === 'html' ? from : { path: 'index.html', baseHref: null };
      const destination = resolver.resolve(page, { url, specifier: false });
      if (destination.kind !== 'file') continue;
      relied.add(destination.path);
      ownWorkers.add(destination.path);
    }
  }
  return { relied, ownWorkers };
}
