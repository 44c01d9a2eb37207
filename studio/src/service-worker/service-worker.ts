import { routeOf } from './routes.ts';

/** What of the service worker's global scope is used; the DOM's types know the window's only. */
interface WorkerScope {
  readonly location: Location;
  readonly clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
  addEventListener(type: 'install' | 'activate', listener: (event: WaitEvent) => void): void;
  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void;
  addEventListener(type: 'fetch', listener: (event: FetchEvent) => void): void;
}
interface WaitEvent {
  waitUntil(work: Promise<unknown>): void;
}
interface FetchEvent {
  readonly request: Request;
  respondWith(answer: Promise<Response>): void;
}

declare const __STUDIO_VERSION__: string;
declare const __STUDIO_FILES__: readonly string[];

const scope = globalThis as unknown as WorkerScope;
const prefix = 'cds-studio-';
const cacheName = prefix + __STUDIO_VERSION__;
const page = '/index.html';
const pageTimeoutMs = 4_000;

scope.addEventListener('install', (event) => {
  event.waitUntil(caches.open(cacheName).then((cache) => cache.addAll([page, ...__STUDIO_FILES__])));
});

scope.addEventListener('activate', (event) => {
  event.waitUntil(removeOldCaches().then(() => scope.clients.claim()));
});

scope.addEventListener('message', (event) => {
  if (event.data === 'activate') void scope.skipWaiting();
});

scope.addEventListener('fetch', (event) => {
  const { request } = event;
  const facts = { method: request.method, url: request.url, isNavigation: request.mode === 'navigate' };
  switch (routeOf(facts, scope.location.origin)) {
    case 'page':
      return event.respondWith(pageFromNetworkFirst(request));
    case 'asset':
      return event.respondWith(assetFromCacheFirst(request));
    case 'file':
      return event.respondWith(fileFromNetworkFirst(request));
    case 'leave':
      return;
  }
});

/** The version before stays: a tab that still runs it loads parts of it later. */
async function removeOldCaches(): Promise<void> {
  const ours = (await caches.keys()).filter((name) => name.startsWith(prefix) && name !== cacheName);
  await Promise.all(ours.slice(0, -1).map((name) => caches.delete(name)));
}

/** From the files of this version; what only the version before has is for the tabs that still run it. */
async function kept(request: Request | string): Promise<Response | undefined> {
  const own = await (await caches.open(cacheName)).match(request);
  return own ?? caches.match(request);
}

async function pageFromNetworkFirst(request: Request): Promise<Response> {
  try {
    return await fetch(request, { signal: AbortSignal.timeout(pageTimeoutMs) });
  } catch {
    return (await kept(page)) ?? Response.error();
  }
}

async function assetFromCacheFirst(request: Request): Promise<Response> {
  const file = await kept(request);
  if (file !== undefined) return file;
  const answer = await fetch(request);
  // A page that stands in for a file that is gone must not be kept under the file's name.
  const isFile = answer.ok && !(answer.headers.get('content-type') ?? '').includes('text/html');
  if (isFile) await (await caches.open(cacheName)).put(request, answer.clone());
  return answer;
}

async function fileFromNetworkFirst(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch {
    return (await kept(request)) ?? Response.error();
  }
}
