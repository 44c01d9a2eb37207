import path from 'node:path';
import type { Strength } from './reference.ts';

/** How a file is referred to by others, taken together. */
export interface Inbound {
  readonly strengths: ReadonlySet<Strength>;
}

/** Files that clients, servers or other programs ask for under a fixed name. */
const fixedNames =
  /^(?:_headers|_redirects|_routes\.json|_worker\.js|CNAME|\.nojekyll|\.htaccess|web\.config|robots\.txt|humans\.txt|ads\.txt|app-ads\.txt|llms(?:-full)?\.txt|security\.txt|crossdomain\.xml|clientaccesspolicy\.xml|sitemap[^/]*\.xml(?:\.gz)?|\.well-known\/.*)$/;

/** Hosts read these; visitors never get them. */
const hostFiles =
  /^(?:_headers|_redirects|_routes\.json|_worker\.js|CNAME|\.nojekyll|\.htaccess|web\.config)$/;

/** Names that browsers ask for without being told: when hashed, they stay reachable under the old name too. */
const askedByHabit = /^(?:favicon\.ico|apple-touch-icon[^/]*\.png|browserconfig\.xml)$/;

/** What belongs to pages and is loaded by them; all other types are documents with addresses that people keep. */
const pagePart =
  /\.(?:css|m?js|wasm|map|webmanifest|svg|png|jpe?g|gif|webp|avif|ico|bmp|cur|woff2?|ttf|otf|eot|mp[34]|m4[av]|webm|og[gva]|opus|wav|flac|vtt|glb|gltf)$/i;

export function isHostFile(file: string): boolean {
  return hostFiles.test(file);
}

export function isAskedByHabit(file: string): boolean {
  return askedByHabit.test(file);
}

/**
 * Whether a file gets its hash into its name. A file that nothing refers to statically keeps its name, because only its name
 * leads to it; pages and documents (PDF, feeds, archives) keep theirs, because people and other sites do.
 */
export function isRenamed(file: string, inbound: Inbound | undefined, keep: readonly string[]): boolean {
  if (/\.x?html?$/i.test(file) || fixedNames.test(file)) return false;
  if (inbound === undefined || keep.some((glob) => path.posix.matchesGlob(file, glob))) return false;
  return pagePart.test(file) || inbound.strengths.has('asset');
}
