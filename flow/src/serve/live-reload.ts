import type { ServerResponse } from 'node:http';
import { escapeHtml } from '../build/escape.ts';
import { type FlowFault, formatFault } from '../core/fault.ts';
import type { Language } from '../core/language.ts';

export const eventsPath = '.flow/events';

/** Runs in every page of the dev server: reloads on a new build, and removes what an earlier release left in the browser. */
export function liveReloadScript(basePath: string): string {
  return `<script>(() => {
  const events = new EventSource(${JSON.stringify(`${basePath}${eventsPath}`).replaceAll('<', '\\u003c')});
  let first = true;
  events.addEventListener('build', () => { if (!first) location.reload(); first = false; });
  navigator.serviceWorker?.getRegistrations().then(async (all) => {
    if (all.length === 0) return;
    await Promise.all(all.map((one) => one.unregister()));
    await Promise.all((await caches.keys()).map((key) => caches.delete(key)));
    if (navigator.serviceWorker.controller) location.reload();
  });
})();</script>`;
}

/** Puts the script at the end of a page, or after it when it has no body tag. */
export function withLiveReload(html: string, basePath: string): string {
  const script = liveReloadScript(basePath);
  const end = html.toLowerCase().lastIndexOf('</body>');
  return end === -1 ? html + script : html.slice(0, end) + script + html.slice(end);
}

/** A worker that takes the place of an earlier one, deletes its caches and itself, and reloads the pages it had. */
export const removingWorker = `self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil((async () => {
  for (const key of await caches.keys()) await caches.delete(key);
  await self.registration.unregister();
  for (const client of await self.clients.matchAll({ type: 'window' })) client.navigate(client.url);
})()));
`;

/** The page that stands in for every page while the sources have a fault. */
export function faultPage(fault: FlowFault, language: Language): string {
  return `<!doctype html><html lang="${language}"><meta charset="utf-8"><title>${escapeHtml(fault.code)}</title>
<meta name="color-scheme" content="light dark"><body style="font:1rem/1.5 system-ui;margin:2rem auto;max-width:60rem;padding:0 1rem">
<h1 style="font-size:1.25rem">${escapeHtml(fault.code)}</h1><pre style="white-space:pre-wrap">${escapeHtml(formatFault(fault, language))}</pre></body></html>`;
}

/** The open pages, told of each build by server-sent events. */
export interface LiveReload {
  attach(response: ServerResponse): void;
  announce(): void;
  end(): void;
}

const MOST_PAGES = 200;

export function createLiveReload(): LiveReload {
  const open = new Set<ServerResponse>();
  let build = 0;
  const send = (response: ServerResponse) => response.write(`event: build\ndata: ${build}\n\n`);
  return {
    attach: (response) => {
      if (open.size >= MOST_PAGES) {
        response.writeHead(503).end();
        return;
      }
      response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
      open.add(response);
      response.on('close', () => open.delete(response));
      send(response);
    },
    announce: () => {
      build += 1;
      for (const response of open) send(response);
    },
    end: () => {
      for (const response of open) response.end();
    },
  };
}
