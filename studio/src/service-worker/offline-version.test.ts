import { afterEach, beforeEach, expect, test, vi } from 'vitest';

const origin = 'https://studio.example';

/** What of the browser's caches the worker uses; a match over all of them takes the oldest first, as browsers do. */
class Caches {
  readonly #caches = new Map<string, Map<string, string>>();
  fill(name: string, files: Readonly<Record<string, string>>): void {
    this.#caches.set(name, new Map(Object.entries(files)));
  }
  async open(name: string) {
    return { match: async (request: Request | string) => this.#answer([this.#caches.get(name)], request) };
  }
  async match(request: Request | string) {
    return this.#answer([...this.#caches.values()], request);
  }
  #answer(caches: readonly (Map<string, string> | undefined)[], request: Request | string) {
    const path = typeof request === 'string' ? request : new URL(request.url).pathname;
    const found = caches.map((cache) => cache?.get(path)).find((text) => text !== undefined);
    return found === undefined ? undefined : new Response(found);
  }
}

type Listener = (event: { request: unknown; respondWith(answer: Promise<Response>): void }) => void;
let caches: Caches;
let answerFetch: Listener | undefined;

beforeEach(async () => {
  caches = new Caches();
  vi.stubGlobal('caches', caches);
  vi.stubGlobal('location', { origin });
  vi.stubGlobal('__STUDIO_VERSION__', '2');
  vi.stubGlobal('__STUDIO_FILES__', []);
  vi.stubGlobal('fetch', async () => {
    throw new TypeError('away');
  });
  vi.stubGlobal('addEventListener', (type: string, listener: Listener) => {
    if (type === 'fetch') answerFetch = listener;
  });
  vi.resetModules();
  await import('./service-worker.ts');
});
afterEach(() => {
  vi.unstubAllGlobals();
});

async function offline(path: string, mode: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<Response>();
  const request = { method: 'GET', url: origin + path, mode };
  answerFetch?.({ request, respondWith: resolve as (answer: Promise<Response>) => void });
  return (await promise).text();
}

test('while the server is away, the newest version opens, not the one before it', async () => {
  caches.fill('cds-studio-1', {
    '/index.html': 'old page',
    '/boot.js': 'old',
    '/assets/a-1.js': 'part of old',
  });
  caches.fill('cds-studio-2', { '/index.html': 'new page', '/boot.js': 'new' });
  expect(await offline('/p/1', 'navigate')).toBe('new page');
  expect(await offline('/boot.js', 'no-cors')).toBe('new');
  expect(await offline('/assets/a-1.js', 'no-cors')).toBe('part of old');
});
