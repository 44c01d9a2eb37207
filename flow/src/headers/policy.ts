import { apiCacheControl, cacheControlByRole, hashedNamePattern, type ReleaseFile } from '../core/layout.ts';
import type { TypeOf } from '../core/schema.ts';
import type { headersSchema } from './config.ts';

export type HeadersConfig = TypeOf<typeof headersSchema>;

/** What the header writers need to know of a site. */
export interface HeaderInput {
  readonly files: readonly ReleaseFile[];
  readonly config: HeadersConfig;
  /** URL path prefixes of an API behind the same host: never stored. */
  readonly apiPaths: readonly string[];
}

/** Headers that fit any site; what a page may load or who may frame it is the site's own decision (`headers.extra`). */
const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'strict-origin-when-cross-origin',
};

export const IMMUTABLE = cacheControlByRole.hashed;
export const FRESH = cacheControlByRole.html;
export const NEVER_STORED = apiCacheControl;

/** The headers every answer carries, in a fixed order. */
export function commonHeaders(config: HeadersConfig): ReadonlyArray<readonly [string, string]> {
  const headers = { ...(config.security ? SECURITY_HEADERS : {}), ...config.extra };
  return Object.entries(headers).sort(([a], [b]) => (a < b ? -1 : 1));
}

/**
 * Files that keep their own name although it looks hashed (a library that is shipped as it came): a server that goes by the pattern
 * would call them immutable, so each needs a rule of its own.
 */
export function hashedLookalikes(files: readonly ReleaseFile[]): string[] {
  return files
    .filter((file) => file.role !== 'hashed' && hashedNamePattern.test(file.path))
    .map((file) => file.path);
}
