/**
 * Functions that run inside the service worker: workbox-build copies their source text, so none may use anything of this file.
 * `flow` is set by the first line of the worker (see `generate.ts`).
 */
interface WorkerScope {
  readonly flow: { readonly api: readonly string[] };
  readonly location: { readonly origin: string };
}
interface RouteInput {
  readonly request: {
    readonly mode: string;
    readonly destination: string;
    readonly headers: { has(name: string): boolean };
  };
  readonly url: URL;
}
declare const self: WorkerScope;

/** Page loads of the site itself; what belongs to an API goes to the network untouched. */
export const isPage = ({ request, url }: RouteInput): boolean =>
  request.mode === 'navigate' &&
  url.origin === self.location.origin &&
  !self.flow.api.some((prefix) => url.pathname.startsWith(prefix));

/**
 * Files with their hash in the name never change. Media players ask for ranges, and a whole answer to such a question stops them:
 * those go to the network.
 */
export const isHashedAsset = ({ request, url }: RouteInput): boolean =>
  url.origin === self.location.origin &&
  /\.h-[0-9a-f]{12}(?:\.[^./]+){0,2}$/.test(url.pathname) &&
  !request.headers.has('range') &&
  request.destination !== 'video' &&
  request.destination !== 'audio';
