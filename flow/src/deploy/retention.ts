import type { ReleaseFile, ReleaseManifest } from '../core/layout.ts';

/** A hashed asset of an earlier release that stays reachable, and where its bytes are. */
export type RetainedAsset<Source> = Readonly<{ file: ReleaseFile; from: Source }>;

/**
 * The hashed assets of the `keep - 1` releases before (newest first) that the new one lacks. An open tab goes on asking
 * for them: its lazily loaded chunks, fonts and images would be 404 otherwise. Only names that hold their content's hash
 * are kept; anything else belongs to one release only.
 */
export function retainedAssets<Source extends { readonly manifest: ReleaseManifest }>(
  release: ReleaseManifest,
  earlier: readonly Source[],
  keep: number,
): RetainedAsset<Source>[] {
  const taken = new Set(release.files.map((file) => file.path.normalize('NFC').toLowerCase()));
  const retained: RetainedAsset<Source>[] = [];
  for (const from of earlier.slice(0, Math.max(0, keep - 1))) {
    for (const file of from.manifest.files) {
      const name = file.path.normalize('NFC').toLowerCase();
      if (file.role !== 'hashed' || taken.has(name)) continue;
      taken.add(name);
      retained.push({ file, from });
    }
  }
  return retained;
}
