import { readFile, writeFile } from 'node:fs/promises';
import type { FileRole } from './layout.ts';

/** A file of the release between the steps 3 and 5. */
export interface AssetEntry {
  /** Relative to the release folder, forward slashes. */
  readonly path: string;
  readonly role: FileRole;
  /** For `hashed` and `alias`: the path before hashing. */
  readonly original?: string;
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** What step 3 tells the steps 4 and 5; it lies beside the release folder and never in it. */
export interface AssetList {
  readonly files: readonly AssetEntry[];
  /** Whether a page names a web manifest: such a site wants to work without a network. */
  readonly hasManifest: boolean;
  /** Pages whose base element changes what their relative addresses mean. */
  readonly pagesWithBase: readonly string[];
  /** What the worker step put into the release; null before it and without a worker. */
  readonly worker: {
    readonly path: string;
    readonly version: string;
    readonly kind: 'worker' | 'kill-switch';
  } | null;
}

/** The path of the list that belongs to a release folder. */
export function assetListFile(releaseDir: string): string {
  return `${releaseDir}.assets.json`;
}

export async function readAssetList(releaseDir: string): Promise<AssetList> {
  return JSON.parse(await readFile(assetListFile(releaseDir), 'utf8')) as AssetList;
}

/** Writes the list, sorted by path in code-unit order. */
export async function writeAssetList(releaseDir: string, list: AssetList): Promise<void> {
  const files = [...list.files].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  await writeFile(assetListFile(releaseDir), JSON.stringify({ ...list, files }));
}
