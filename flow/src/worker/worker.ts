import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { type AssetEntry, type AssetList, readAssetList, writeAssetList } from '../core/assets.ts';
import { FlowFault } from '../core/fault.ts';
import { releaseManifestName } from '../core/layout.ts';
import { headEnd, headStart, insertAt, isDocument } from '../core/page-edits.ts';
import type { StepWarning } from '../core/progress.ts';
import { contentOf } from '../core/release-content.ts';
import type { FlowContext, FlowStep, StepResult } from '../core/step.ts';
import { parseManifest } from '../deploy/manifest.ts';
import { hashedName } from '../hash/reference.ts';
import { generateWorker, killSwitch } from './generate.ts';
import { choosePrecache } from './precache.ts';
import { offlinePage, updateScript } from './update-script.ts';

/**
 * Step 4: the service worker. Pages always come fresh from the network, files with hashes from the cache, an API never; the
 * version is a hash of all content. Sites without a web manifest get none, sites that register their own keep it, and
 * `worker.mode: 'kill'` writes one that removes itself and its caches.
 * @throws worker.path_taken
 */
export const workerStep: FlowStep = {
  id: 'worker',
  title: { en: 'Service worker', de: 'Service Worker' },
  run,
};

async function run(context: FlowContext): Promise<StepResult> {
  const list = await readAssetList(context.releaseDir);
  const { mode } = context.config.worker;
  const own = list.files.filter((file) => file.role === 'worker');
  if (mode === 'kill') return writeKillSwitch(context, list, own);
  if (context.environment === 'dev') return skipped({ en: 'Switched off.', de: 'Ausgeschaltet.' });
  if (mode === 'off') return leaveOut(context);
  const [first] = own;
  if (mode === 'auto' && first !== undefined) {
    await writeAssetList(context.releaseDir, {
      ...list,
      worker: { path: first.path, version: first.sha256.slice(0, 16), kind: 'worker' },
    });
    return skipped({
      en: `The site brings its own: ${first.path}.`,
      de: `Die Website bringt ihren eigenen mit: ${first.path}.`,
    });
  }
  if (mode === 'auto' && !list.hasManifest) {
    return skipped({ en: 'No page names a web manifest.', de: 'Keine Seite nennt ein Web-Manifest.' });
  }
  return writeWorker(context, list);
}

/** No worker. One that an earlier release brought would go on answering its visitors with what it has. */
async function leaveOut(context: FlowContext): Promise<StepResult> {
  const before = await readFile(path.join(context.outDir, releaseManifestName), 'utf8')
    .then((text) => parseManifest(text, releaseManifestName).worker)
    // No release before, or one that can't be read: nothing is known of a worker.
    .catch(() => null);
  if (before?.kind === 'worker') context.log.warn(leftWorkerWarning(before.path));
  return skipped({
    en: "Switched off. Visitors keep the worker of an earlier release: one release with worker.mode 'kill' removes it.",
    de: "Ausgeschaltet. Besucher behalten den Worker eines früheren Releases: Ein Release mit worker.mode 'kill' entfernt ihn.",
  });
}

function leftWorkerWarning(file: string): StepWarning {
  return {
    code: 'worker.left_behind',
    file,
    text: {
      en: `The release before had a service worker (${file}). Browsers of its visitors keep it, with what it has stored.`,
      de: `Das vorige Release hatte einen Service Worker (${file}). Die Browser der Besucher behalten ihn mit allem, was er gespeichert hat.`,
    },
    fix: {
      en: "Deploy one release with worker: { mode: 'kill' } and keep it until its visitors have been there.",
      de: "Ein Release mit worker: { mode: 'kill' } ausliefern und so lange behalten, bis die Besucher da waren.",
    },
  };
}

async function writeWorker(context: FlowContext, list: AssetList): Promise<StepResult> {
  const { worker, site } = context.config;
  if (list.files.some((file) => file.path === worker.path)) throw pathTakenFault(worker.path);
  const files = [...list.files];
  if (!files.some((file) => file.path === worker.offlinePage))
    files.push(
      await writeEntry(context, { path: worker.offlinePage, role: 'html', text: offlinePage(site.language) }),
    );
  const pages = files.filter((file) => file.role === 'html');
  if (worker.register) {
    const text = updateScript(worker.path);
    const name = hashedName('flow-update.js', createHash('sha256').update(text).digest('hex').slice(0, 12));
    files.push(await writeEntry(context, { path: name, role: 'hashed', original: 'flow-update.js', text }));
    for (const page of pages)
      replaceEntry(files, await registerIn(context, page, { script: name, withBase: list.pagesWithBase }));
  }
  const version = versionOf(files);
  const precache = choosePrecache(files, {
    maxFileBytes: worker.precacheMaxFileBytes,
    maxTotalBytes: worker.precacheMaxTotalBytes,
  });
  const toRoot = '../'.repeat(worker.path.split('/').length - 1);
  const url = (file: string) => toRoot + file.split('/').map(encodeURIComponent).join('/');
  const text = await generateWorker({
    version,
    apiPaths: worker.apiPaths,
    precache: [
      ...precache.map((file) => ({ url: url(file.path), revision: null })),
      { url: url(worker.offlinePage), revision: version },
    ],
    offlineUrl: url(worker.offlinePage),
    cacheDir: path.join(context.workDir, 'cache'),
  });
  files.push(await writeEntry(context, { path: worker.path, role: 'worker', text }));
  await writeAssetList(context.releaseDir, {
    ...list,
    files,
    worker: { path: worker.path, version, kind: 'worker' },
  });
  const bytes = precache.reduce((sum, file) => sum + file.sizeBytes, 0);
  return {
    outcome: 'done',
    summary: {
      en: `Version ${version}: ${precache.length} files in advance (${Math.ceil(bytes / 1024)} KiB), pages always fresh.`,
      de: `Version ${version}: ${precache.length} Dateien im Voraus (${Math.ceil(bytes / 1024)} KiB), Seiten immer frisch.`,
    },
    details: { path: worker.path, version, precachedFiles: precache.length, precachedBytes: bytes },
  };
}

async function writeKillSwitch(
  context: FlowContext,
  list: AssetList,
  own: readonly AssetEntry[],
): Promise<StepResult> {
  const files = [...list.files];
  const version = versionOf(files);
  const paths = new Set([context.config.worker.path, ...own.map((file) => file.path)]);
  for (const file of paths)
    replaceEntry(files, await writeEntry(context, { path: file, role: 'worker', text: killSwitch(version) }));
  await writeAssetList(context.releaseDir, {
    ...list,
    files,
    worker: { path: context.config.worker.path, version, kind: 'kill-switch' },
  });
  const names = [...paths].join(', ');
  return {
    outcome: 'done',
    summary: {
      en: `${names} removes the worker and its caches from every visitor's browser.`,
      de: `${names} entfernt den Worker und seine Caches aus den Browsern der Besucher.`,
    },
    details: { paths: [...paths], version, kind: 'kill-switch' },
  };
}

/** Puts the registration into a page. Only ASCII is inserted, so the page's character set does not matter. */
async function registerIn(
  context: FlowContext,
  page: AssetEntry,
  about: { script: string; withBase: readonly string[] },
): Promise<AssetEntry> {
  const content = contentOf(context);
  const text = content.read(page.path).toString('latin1');
  if (!isDocument(text)) return page;
  const isOffline = page.path === context.config.worker.offlinePage;
  const root = basePath(context);
  // These are shown under the addresses of other pages, and a base element changes what "relative" means.
  const isAnywhere = isOffline || page.path === '404.html' || about.withBase.includes(page.path);
  const prefix = isAnywhere ? root : '../'.repeat(page.path.split('/').length - 1);
  const withScript = insertAt(
    text,
    headEnd(text),
    `<script src="${prefix}${about.script}" defer></script>\n`,
  );
  const needsBase = isOffline && !about.withBase.includes(page.path);
  const final = needsBase
    ? insertAt(withScript, headStart(withScript), `<base href="${root}${folderOf(page.path)}">`)
    : withScript;
  content.put(page.path, Buffer.from(final, 'latin1'));
  return { ...page, ...(await content.sumOf(page.path)) };
}

/** The path under which the site lies on its host, with slashes at both ends. */
function basePath(context: FlowContext): string {
  const { url } = context.config.site;
  return url === undefined ? '/' : new URL(url.endsWith('/') ? url : `${url}/`).pathname;
}

function folderOf(file: string): string {
  return file.slice(0, file.lastIndexOf('/') + 1);
}

async function writeEntry(
  context: FlowContext,
  file: Pick<AssetEntry, 'path' | 'role' | 'original'> & { text: string },
): Promise<AssetEntry> {
  const { text, ...entry } = file;
  const content = contentOf(context);
  content.put(file.path, Buffer.from(text));
  return { ...entry, ...(await content.sumOf(file.path)) };
}

function replaceEntry(files: AssetEntry[], entry: AssetEntry): void {
  const index = files.findIndex((file) => file.path === entry.path);
  if (index === -1) files.push(entry);
  else files[index] = entry;
}

/** A hash of every file: pages too, since a worker keeps those that were visited for use without a network. */
function versionOf(files: readonly AssetEntry[]): string {
  const lines = files.map((file) => `${file.path}\0${file.sha256}\n`).sort();
  return sha256(Buffer.from(lines.join(''))).slice(0, 16);
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function skipped(summary: StepResult['summary']): StepResult {
  return { outcome: 'skipped', summary };
}

function pathTakenFault(file: string): FlowFault {
  return new FlowFault('worker.path_taken', {
    file,
    text: {
      en: `${file} is a file of the site, and the service worker would overwrite it.`,
      de: `${file} ist eine Datei der Website; der Service Worker würde sie überschreiben.`,
    },
    fix: {
      en: "Remove the old worker, or choose another path: worker: { path: 'worker.js' }",
      de: "Den alten Worker entfernen oder einen anderen Pfad wählen: worker: { path: 'worker.js' }",
    },
  });
}
