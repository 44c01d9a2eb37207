/**
 * The layout of a finished release folder, agreed between the steps that make it (1-5) and those that ship it (6-8):
 *
 *   release.json        this manifest: every file with its SHA-256, role and type
 *   build.json          public label for people and the verify step
 *   sbom.cdx.json       CycloneDX bill of materials
 *   provenance.json     in-toto statement with an SLSA provenance predicate
 *   SHA256SUMS          of every file but itself and its signature; `sha256sum -c` reads it
 *   SHA256SUMS.sig      SSH signature, or SHA256SUMS.minisig, when a key is configured
 *   _headers            Cloudflare/Netlify header rules
 *   everything else     the site itself, at the path under which visitors fetch it
 */
export const releaseManifestName = 'release.json';
export const buildInfoName = 'build.json';
export const sbomName = 'sbom.cdx.json';
export const provenanceName = 'provenance.json';
export const checksumsName = 'SHA256SUMS';
export const sshSignatureName = 'SHA256SUMS.sig';
export const minisignSignatureName = 'SHA256SUMS.minisig';

/**
 * Why a file has its name, and so how it may be cached and when it is deployed:
 * html      pages; always fresh; deployed last
 * hashed    the content's hash is in the name; immutable; deployed first, kept for later releases
 * unhashed  an asset under its own name (no static reference, or a name that others rely on); always revalidated
 * alias     the original name of a hashed file, kept because some text still mentions it; always revalidated
 * worker    the service worker script; always revalidated, deployed after every asset
 * metadata  release.json, build.json, SHA256SUMS and the like; deployed last
 * config    read by the host, not by visitors: _headers, _redirects, CNAME, .nojekyll
 */
export type FileRole = 'html' | 'hashed' | 'unhashed' | 'alias' | 'worker' | 'metadata' | 'config';

export interface ReleaseFile {
  /** Relative to the release folder, forward slashes, not percent-encoded, NFC. */
  readonly path: string;
  /** Lower-case hex. */
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly role: FileRole;
  /** The Content-Type to serve it with, `; charset=utf-8` included for text. */
  readonly mime: string;
  /** For `hashed` and `alias`: the path before hashing. */
  readonly original?: string;
}

export interface ReleaseManifest {
  readonly formatVersion: 1;
  /** Names the release in lists and folders: `[A-Za-z0-9._-]`, unique per content and commit. */
  readonly id: string;
  readonly label: string;
  readonly version: string | null;
  /** Full commit hash; null outside git. */
  readonly commit: string | null;
  /** True when the working tree differed from the commit. */
  readonly dirty: boolean;
  /** The commit's time, ISO 8601 in UTC; null outside git. Never the time of the build. */
  readonly committedAt: string | null;
  /** SHA-256 over the content of all files (label left out): equal content, equal hash. */
  readonly contentHash: string;
  /** Absolute URL of the site with a trailing slash, when known. */
  readonly siteUrl: string | null;
  /** The path of the service worker script, when there is one. */
  readonly worker: {
    readonly path: string;
    readonly version: string;
    readonly kind: 'worker' | 'kill-switch';
  } | null;
  /** Sorted by path in code-unit order. SHA256SUMS, its signature, provenance.json and release.json itself are not in it. */
  readonly files: readonly ReleaseFile[];
}

/** The one table of cache rules; every server template, `_headers` and the staging server follow it. */
export const cacheControlByRole: Readonly<Record<FileRole, string>> = {
  html: 'no-cache',
  hashed: 'public, max-age=31536000, immutable',
  unhashed: 'no-cache',
  alias: 'no-cache',
  worker: 'no-cache',
  metadata: 'no-cache',
  config: 'no-store',
};

/** Cache rule of paths that belong to an API (`config.worker.apiPaths`): never stored anywhere. */
export const apiCacheControl = 'no-store';

/**
 * The file times of a release. nginx and Caddy make an ETag of modification time and size, so two releases whose pages have
 * equal length and equal times would answer 304 with the old page: the time therefore comes from the content itself.
 * Whole seconds between 2001-09-09 and 2018, never in the future.
 */
export function contentTimeSeconds(sha256: string): number {
  return 1_000_000_000 + (Number.parseInt(sha256.slice(0, 8), 16) % 536_870_912);
}

/**
 * Hashed names look like `name.h-3fa9c21b7d0e.css`: `.h-`, 12 hex digits, the extension. The mark is there because a bare
 * `[a-z0-9]{10}` also matches `app.production.js`, which must never be cached for a year. Matches the last path segment.
 */
export const hashedNamePattern = /\.h-[0-9a-f]{12}(?:\.[^./]+){0,2}$/;
