import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import type { BuiltRelease } from './contract-shapes.ts';

/** The part of release.json (flow/src/core/layout.ts) that previews and summaries need. */
const Manifest = z.object({
  id: z.string(),
  label: z.string(),
  contentHash: z.string(),
  siteUrl: z.url().nullish(),
  files: z.array(
    z.object({
      path: z.string(),
      role: z.string(),
      mime: z.string(),
      sizeBytes: z.int(),
      sha256: z.string(),
    }),
  ),
});
type ReleaseFile = z.infer<typeof Manifest>['files'][number];

export interface Built {
  readonly summary: z.infer<typeof BuiltRelease>;
  /** The folder that the site has on its host, `/` or `/name/`. */
  readonly basePath: string;
  readonly files: ReadonlyMap<string, ReleaseFile>;
}

/** Reads the manifest of a release folder; null when there is no finished release. */
export async function readBuilt(releaseDir: string): Promise<Built | null> {
  const text = await readFile(path.join(releaseDir, 'release.json'), 'utf8').catch(() => null);
  if (text === null) return null;
  const { id, label, contentHash, siteUrl, files } = Manifest.parse(JSON.parse(text));
  const bytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
  return {
    summary: { id, label, contentHash, files: files.length, bytes },
    basePath: siteUrl ? new URL(siteUrl).pathname : '/',
    files: new Map(files.map((file) => [file.path, file])),
  };
}
