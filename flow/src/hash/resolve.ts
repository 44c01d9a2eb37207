import path from 'node:path';
import type { Reference, Scan } from './reference.ts';

/** Where an address leads: to a file of the site, away from it, or nowhere. */
export type Destination =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'outside' }
  /** `wanted`: the file it would have to be. `similar`: one that differs only in case or in how accents are coded. */
  | { readonly kind: 'missing'; readonly wanted: string; readonly similar: string | null }
  /** A module name that no import map defines. */
  | { readonly kind: 'bare' };

export interface ResolverInput {
  readonly files: ReadonlySet<string>;
  /** Absolute address of the site with a trailing slash; null when not known. */
  readonly siteUrl: string | null;
  /** Whether another server answers this path, which begins with a slash. */
  isExternal(urlPath: string): boolean;
}

/** A file that refers to others: its path, and the base element of a page. */
export interface Referrer {
  readonly path: string;
  readonly baseHref: string | null;
}

/** A host as browsers show it too: small letters, and no number that could be written in another way. */
const PLAIN_HOST = /^https?:\/\/([a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z][a-z0-9-]*)(?:[/?#]|$)/;

const OUTSIDE: Destination = { kind: 'outside' };

/** Finds the file behind each address, as a browser and a static server do together. */
export interface Resolver {
  resolve(from: Referrer, reference: Pick<Reference, 'url' | 'specifier'>): Destination;
  /** Takes over the import maps of a page. */
  addImportMap(from: Referrer, scan: Scan): void;
}

export function createResolver(input: ResolverInput): Resolver {
  // A host that can't exist, so that no absolute address matches by accident.
  const site = new URL(input.siteUrl ?? 'http://site.invalid/');
  const bases = new Map<string, URL | null>();
  const known = new Map<string, Destination>();
  const folded = new Map<string, string>();
  for (const file of input.files) folded.set(fold(file), file);
  const exact = new Set<string>();
  const prefixes = new Map<string, string>();

  return {
    resolve(from, reference) {
      if (reference.specifier && !/^(?:\.{0,2}\/|https?:)/.test(reference.url))
        return resolveBare(reference.url);
      const base = from.baseHref === null ? path.posix.dirname(from.path) : `${from.path} ${from.baseHref}`;
      const key = `${base}\0${reference.url}`;
      const before = known.get(key);
      if (before !== undefined) return before;
      const found = leavesSite(reference.url) ? OUTSIDE : resolveUrl(from, reference.url);
      known.set(key, found);
      return found;
    },
    addImportMap(from, scan) {
      for (const { specifier, url } of scan.imports) {
        if (!specifier.endsWith('/')) exact.add(specifier);
        else if (/^(?:\.{0,2}\/|https?:)/.test(url)) {
          const base = baseOf(from);
          if (base !== null && URL.canParse(url, base.href)) prefixes.set(specifier, new URL(url, base).href);
        }
      }
    },
  };

  function resolveBare(specifier: string): Destination {
    if (exact.has(specifier)) return OUTSIDE;
    // The longest key wins, as the standard has it.
    const key = [...prefixes.keys()]
      .filter((one) => specifier.startsWith(one))
      .sort((a, b) => b.length - a.length)[0];
    if (key === undefined) return { kind: 'bare' };
    return resolveAbsolute(new URL(specifier.slice(key.length), prefixes.get(key)));
  }

  function resolveUrl(from: Referrer, url: string): Destination {
    const base = baseOf(from);
    if (base === null || !URL.canParse(url, base.href)) return OUTSIDE;
    return resolveAbsolute(new URL(url, base));
  }

  /** An absolute address of another host, said without reading all of it: most of the addresses of many pages. */
  function leavesSite(url: string): boolean {
    const host = PLAIN_HOST.exec(url)?.[1];
    return host !== undefined && host !== site.host;
  }

  function baseOf(from: Referrer): URL | null {
    const key = `${from.path}\0${from.baseHref ?? ''}`;
    let known = bases.get(key);
    if (known === undefined) {
      known = readBase(from);
      bases.set(key, known);
    }
    return known;
  }

  function readBase(from: Referrer): URL | null {
    const own = new URL(from.path.split('/').map(encodeURIComponent).join('/'), site);
    if (from.baseHref === null) return own;
    return URL.canParse(from.baseHref, own.href) ? new URL(from.baseHref, own) : null;
  }

  function resolveAbsolute(url: URL): Destination {
    if (url.host !== site.host || (url.protocol !== 'http:' && url.protocol !== 'https:')) return OUTSIDE;
    if (input.isExternal(url.pathname)) return OUTSIDE;
    const decoded = decodePath(url.pathname);
    const folder = decodePath(site.pathname);
    if (!decoded.startsWith(folder)) {
      return decoded === folder.slice(0, -1) && input.files.has('index.html')
        ? { kind: 'file', path: 'index.html' }
        : { kind: 'missing', wanted: decoded, similar: null };
    }
    const wanted = decoded.slice(folder.length);
    const found = candidates(wanted).find((one) => input.files.has(one));
    if (found !== undefined) return { kind: 'file', path: found };
    const similar = candidates(wanted)
      .map((one) => folded.get(fold(one)))
      .find((one) => one !== undefined);
    return { kind: 'missing', wanted: wanted === '' ? 'index.html' : wanted, similar: similar ?? null };
  }
}

/** What static servers try for an address, in this order. */
function candidates(wanted: string): string[] {
  if (wanted === '' || wanted.endsWith('/')) return [`${wanted}index.html`];
  return [wanted, `${wanted}/index.html`, `${wanted}.html`];
}

function decodePath(pathname: string): string {
  try {
    return decodeURIComponent(pathname);
  } catch {
    // A lone percent sign stays what it is.
    return pathname;
  }
}

function fold(file: string): string {
  const isAscii = !/[^\x20-\x7e]/.test(file);
  return (isAscii ? file : file.normalize('NFC')).toLowerCase();
}
