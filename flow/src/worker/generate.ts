import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { isHashedAsset, isPage } from './runtime.ts';

export interface PrecacheEntry {
  readonly url: string;
  /** null for names that hold their own hash. */
  readonly revision: string | null;
}

export interface WorkerInput {
  readonly version: string;
  readonly apiPaths: readonly string[];
  /** Relative to the worker script. */
  readonly precache: readonly PrecacheEntry[];
  readonly offlineUrl: string;
  /** Where the generated frame is kept between builds. */
  readonly cacheDir: string;
}

const precacheMark = '__flow_precache__';
const offlineMark = '__flow_offline__';
const pagesMark = '__flow_pages__';
const assetsMark = '__flow_assets__';

/**
 * The text of the service worker, made by workbox-build: page loads from the network first (with navigation preload), files
 * with hashes precached or cached when used, everything else untouched, and a new version waits until the visitor agrees
 * (SKIP_WAITING). Bundling takes more than a second, and only the lists differ from build to build; so the frame is kept by
 * its settings and the lists are put in.
 */
export async function generateWorker(input: WorkerInput): Promise<string> {
  const frame = await readFrame(input.cacheDir);
  const settings = { version: input.version, api: input.apiPaths };
  const list = JSON.stringify(input.precache);
  if (![precacheMark, offlineMark, pagesMark, assetsMark].every((mark) => frame.includes(mark)))
    throw new Error('workbox-build left out a part of the worker');
  const body = frame
    .replace(new RegExp(`\\[\\{[^[\\]{}]*${precacheMark}[^[\\]{}]*\\}\\]`), () => list)
    .replaceAll(JSON.stringify(offlineMark), () => JSON.stringify(input.offlineUrl))
    .replaceAll(JSON.stringify(pagesMark), '(self.flow.pages)')
    .replaceAll(JSON.stringify(assetsMark), '(self.flow.assets)');
  if (/__flow_\w+__/.test(body)) throw new Error('workbox-build wrote its settings in another form');
  return `${header(settings)}${body}\n`;
}

/**
 * Names hold the scope, because all sites of one host share their caches. Old caches go when this version takes over.
 * A worker that somebody else made shows no prompt and often serves its own old pages for ever: the first of ours does not wait
 * for it, and loads the pages anew that it controlled.
 */
function header(settings: { version: string; api: readonly string[] }): string {
  return `self.flow=${JSON.stringify(settings)};
self.flow.pages="flow-pages-"+self.flow.version+"-"+self.registration.scope;
self.flow.assets="flow-assets-"+self.registration.scope;
${obsoleteCaches}
let replacesStranger=false;
self.addEventListener("install",(event)=>event.waitUntil((async()=>{
if(!self.registration.active||await caches.has("flow-precache-v2-"+self.registration.scope))return;
replacesStranger=true;await self.skipWaiting();
})()));
self.addEventListener("activate",(event)=>event.waitUntil((async()=>{
const current=[self.flow.pages,self.flow.assets,"flow-precache-v2-"+self.registration.scope];
for(const name of await obsolete(current))await caches.delete(name);
if(replacesStranger)for(const page of await self.clients.matchAll({type:"window"}))page.navigate(page.url);
})()));
`;
}

/**
 * Caches of this scope that the current version does not use. A site at the root of its host also removes those of earlier
 * hand-made workers, which have any name; caches that carry the address of another scope belong to other sites.
 */
const obsoleteCaches = `const obsolete=async(current)=>{
const scope=self.registration.scope,atRoot=new URL(scope).pathname==="/";
return(await caches.keys()).filter((name)=>!current.includes(name)&&(name.endsWith(scope)||(atRoot&&!/https?:\\/\\//.test(name))));
};`;

/**
 * A worker that removes itself and every cache of its scope, and loads the pages it controlled anew. Only controlled pages:
 * a page that registers it again would otherwise load for ever.
 */
export function killSwitch(version: string): string {
  return `self.flow=${JSON.stringify({ version, kind: 'kill-switch' })};
${obsoleteCaches}
self.addEventListener("install",()=>self.skipWaiting());
self.addEventListener("activate",(event)=>event.waitUntil((async()=>{
for(const name of await obsolete([]))await caches.delete(name);
const pages=await self.clients.matchAll({type:"window"});
await self.registration.unregister();
for(const page of pages)page.navigate(page.url);
})()));
`;
}

async function readFrame(cacheDir: string): Promise<string> {
  const { version } = createRequire(import.meta.url)('workbox-build/package.json') as { version: string };
  const key = createHash('sha256')
    .update(`${version}\0${isPage}\0${isHashedAsset}\0${generateFrame}`)
    .digest('hex');
  const file = path.join(cacheDir, `worker-${key.slice(0, 16)}.js`);
  const kept = await readFile(file, 'utf8').catch(() => null);
  if (kept !== null) return kept;
  const frame = await generateFrame();
  await mkdir(cacheDir, { recursive: true });
  await writeFile(`${file}.${process.pid}`, frame);
  await rename(`${file}.${process.pid}`, file);
  return frame;
}

async function generateFrame(): Promise<string> {
  // Loading it takes half a second, which sites without a worker don't wait for.
  const { generateSW } = await import('workbox-build');
  const folder = await mkdtemp(path.join(os.tmpdir(), 'cds-flow-worker-'));
  try {
    const swDest = path.join(folder, 'sw.js');
    await generateSW({
      swDest,
      // Without a folder it would leave the entries out; an empty one adds none of its own.
      globDirectory: folder,
      globPatterns: ['nothing'],
      mode: 'production',
      inlineWorkboxRuntime: true,
      sourcemap: false,
      cacheId: 'flow',
      skipWaiting: false,
      clientsClaim: false,
      navigationPreload: true,
      cleanupOutdatedCaches: true,
      directoryIndex: null,
      additionalManifestEntries: [{ url: precacheMark, revision: null }],
      runtimeCaching: [
        {
          urlPattern: isPage,
          handler: 'NetworkFirst',
          options: {
            cacheName: pagesMark,
            cacheableResponse: { statuses: [200] },
            expiration: { maxEntries: 100, purgeOnQuotaError: true },
            precacheFallback: { fallbackURL: offlineMark },
          },
        },
        {
          urlPattern: isHashedAsset,
          handler: 'CacheFirst',
          options: {
            cacheName: assetsMark,
            cacheableResponse: { statuses: [200] },
            expiration: { maxEntries: 400, maxAgeSeconds: 60 * 24 * 3600, purgeOnQuotaError: true },
          },
        },
      ],
    });
    return await readFile(swDest, 'utf8');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
