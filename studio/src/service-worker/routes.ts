/** What the service worker does with a request. */
export type Route = 'leave' | 'page' | 'asset' | 'file';

export interface RequestFacts {
  readonly method: string;
  readonly url: string;
  readonly isNavigation: boolean;
}

/** Paths that the server answers itself: what they say is never kept and never replaced. */
const serverPaths =
  /^\/(?:rpc|ws|auth|admin|projects|api|v1|metrics|health|docs|openrpc\.json|openapi\.json|\.well-known)(?:[/?]|$)/;

/** Hashed files are kept; pages come from the server while it answers; everything of the server is left alone. */
export function routeOf(request: RequestFacts, origin: string): Route {
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== origin || serverPaths.test(url.pathname)) return 'leave';
  if (request.isNavigation) return 'page';
  if (url.pathname.startsWith('/assets/')) return 'asset';
  return url.pathname === '/service-worker.js' ? 'leave' : 'file';
}
