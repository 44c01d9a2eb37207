import { stat } from 'node:fs/promises';
import path from 'node:path';
import { type FlowFault, throwAll } from '../core/fault.ts';
import { listReleaseFiles } from '../core/release-files.ts';
import type { FlowContext } from '../core/step.ts';
import { inParallel } from '../deploy/in-parallel.ts';
import { FILES_AT_ONCE } from '../deploy/release.ts';
import {
  asWarning,
  bareSpecifierFault,
  brokenLinksWarning,
  unparsedWarning,
  unresolvedFault,
} from './faults.ts';
import type { Reference, Strength } from './reference.ts';
import { createResolver, type Referrer, type Resolver } from './resolve.ts';
import { readTextFile, type TextFile } from './site-file.ts';

/** A reference that leads to a file of the site. */
export interface Link {
  readonly reference: Reference;
  readonly target: string;
}

/** The site as a graph: its files, and which refers to which. */
export interface SiteGraph {
  /** In code-unit order. */
  readonly paths: readonly string[];
  readonly sizes: ReadonlyMap<string, number>;
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
  const paths = await listReleaseFiles(context.releaseDir);
  const { texts, sizes } = await readTexts(context, paths);
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
    const found = linksOf(file, resolver, findings);
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
  return { paths, sizes, texts, links, inbound, relied, ownWorkers, resolver };
}

/** The file as the resolver needs it. */
export function referrerOf(file: TextFile): Referrer {
  return { path: file.path, baseHref: file.scan.baseHref };
}

async function readTexts(context: FlowContext, paths: readonly string[]) {
  const read = new Map<string, TextFile>();
  const sizes = new Map<string, number>();
  const faults: FlowFault[] = [];
  let done = 0;
  await inParallel(paths, FILES_AT_ONCE, async (file) => {
    context.signal.throwIfAborted();
    const { size } = await stat(path.join(context.releaseDir, file));
    sizes.set(file, size);
    const text = await readTextFile(context.releaseDir, file, size).catch((error: FlowFault) => {
      if (error.code !== 'hash.not_utf8') throw error;
      faults.push(error);
      return null;
    });
    if (text !== null) read.set(file, text);
    done += 1;
    if (done % 200 === 0) context.log.advance(done, paths.length);
  });
  throwAll(faults.sort((a, b) => ((a.place.file ?? '') < (b.place.file ?? '') ? -1 : 1)));
  // Reading ends in any order; what follows must not depend on it.
  const texts = new Map<string, TextFile>();
  for (const file of paths) {
    const text = read.get(file);
    if (text !== undefined) texts.set(file, text);
  }
  return { texts, sizes };
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

function linksOf(file: TextFile, resolver: Resolver, findings: Findings): Link[] {
  const from = referrerOf(file);
  const links: Link[] = [];
  for (const reference of file.scan.references) {
    const destination = resolver.resolve(from, reference);
    if (destination.kind === 'file') links.push({ reference, target: destination.path });
    else if (destination.kind === 'bare') {
      if (reference.strength === 'asset')
        findings.bare.push({ file: file.path, fault: bareSpecifierFault(file, reference) });
    } else if (destination.kind === 'missing' && reference.strength === 'asset') {
      findings.unresolved.push(unresolvedFault(file, reference, destination));
    } else if (destination.kind === 'missing' && reference.strength === 'link') {
      findings.brokenLinks += 1;
      findings.firstBrokenLink ??= unresolvedFault(file, reference, destination);
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
