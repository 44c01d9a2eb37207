import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createReleaseContent } from '../core/release-content.ts';
import type { ScanStore } from '../hash/scan-store.ts';
import { readTextFile } from '../hash/site-file.ts';

/** By file: the offsets, in bytes, of every address that begins at the root of its host (`/style.css`). */
export type RootAddresses = Readonly<Record<string, readonly number[]>>;

/** Previews are shown for the release that is built and those that may be live. */
const MOST_KEPT = 20;

/** Every release is looked at once. */
const nothingKnown: ScanStore = {
  extensions: [],
  get: () => undefined,
  set: () => undefined,
  save: () => undefined,
};

/**
 * Finds the addresses by which the pages of a release would leave a folder that it is shown in, with the scanners that step 3
 * uses: a preview puts its own path in front of them.
 */
export async function findRootAddresses(releaseDir: string): Promise<RootAddresses> {
  const content = createReleaseContent(releaseDir, { mostHeldBytes: 0 });
  const found: Record<string, number[]> = {};
  for (const file of content.list()) {
    const scanned = await readTextFile(content, file, nothingKnown);
    if (scanned === null || scanned.encoding !== 'utf8' || scanned.isConverted) continue;
    const { text } = scanned;
    const starts = new Set(
      scanned.scan.references
        // Encoded in another way (`&#47;`, `\/`), it is left as it is.
        .filter(({ url, start }) => /^\/(?![/\\])/.test(url) && text.charAt(start) === '/')
        .map(({ start }) => start),
    );
    if (starts.size > 0)
      found[file] = byteOffsets(
        text,
        [...starts].sort((a, b) => a - b),
      );
  }
  return found;
}

function byteOffsets(text: string, starts: readonly number[]): number[] {
  let bytes = 0;
  let at = 0;
  return starts.map((start) => {
    bytes += Buffer.byteLength(text.slice(at, start));
    at = start;
    return bytes;
  });
}

/** Keeps the addresses of a release in `<dir>/<release id>.json`, for a server that shows it later. */
export function keepRootAddresses(dir: string, releaseId: string, addresses: RootAddresses): void {
  mkdirSync(dir, { recursive: true });
  writeFileSync(path.join(dir, `${releaseId}.json`), JSON.stringify(addresses));
  const files = readdirSync(dir)
    .map((name) => ({ name, time: statSync(path.join(dir, name)).mtimeMs }))
    .sort((a, b) => b.time - a.time || (a.name < b.name ? -1 : 1));
  for (const { name } of files.slice(MOST_KEPT)) rmSync(path.join(dir, name), { force: true });
}
