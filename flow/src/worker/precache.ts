import type { AssetEntry } from '../core/assets.ts';

/** What pages can't be shown without comes first; pictures last. */
const priorities = [/\.css$/i, /\.m?js$/i, /\.(?:woff2?|ttf|otf)$/i, /\.(?:svg|ico|webmanifest|wasm|json)$/i];
const neverNeeded = /\.(?:map|mp[34]|m4[av]|webm|og[gva]|opus|wav|flac|zip|gz|pdf)$/i;

/**
 * The hashed files to fetch in advance, within the limits of the settings. Pages are never among them: a precached page would
 * show the release before.
 */
export function choosePrecache(
  files: readonly AssetEntry[],
  limits: { maxFileBytes: number; maxTotalBytes: number },
): AssetEntry[] {
  const rank = (file: AssetEntry) => {
    const index = priorities.findIndex((pattern) => pattern.test(file.path));
    return index === -1 ? priorities.length : index;
  };
  const candidates = files
    .filter(
      (file) =>
        file.role === 'hashed' && file.sizeBytes <= limits.maxFileBytes && !neverNeeded.test(file.path),
    )
    .sort((a, b) => rank(a) - rank(b) || a.sizeBytes - b.sizeBytes || (a.path < b.path ? -1 : 1));
  let total = 0;
  const chosen = candidates.filter((file) => {
    if (total + file.sizeBytes > limits.maxTotalBytes) return false;
    total += file.sizeBytes;
    return true;
  });
  return chosen.sort((a, b) => (a.path < b.path ? -1 : 1));
}
