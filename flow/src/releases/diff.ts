import type { FileRole, ReleaseManifest } from '../core/layout.ts';

/** One file that differs between two releases. A size is null on the side that lacks the file. */
export interface FileChange {
  readonly path: string;
  readonly kind: 'added' | 'removed' | 'changed';
  readonly role: FileRole;
  readonly sizeBefore: number | null;
  readonly sizeAfter: number | null;
}

export interface ReleaseDiff {
  readonly before: string;
  readonly after: string;
  /** By path, in code-unit order. */
  readonly changes: readonly FileChange[];
  readonly unchangedFiles: number;
  /** Growth of the release in bytes; negative when it shrank. */
  readonly sizeDeltaBytes: number;
}

/** Compares two releases by the content of their files. The same folder and content give no change, whatever the ids are. */
export function diffManifests(before: ReleaseManifest, after: ReleaseManifest): ReleaseDiff {
  const earlier = new Map(before.files.map((file) => [file.path, file]));
  const changes: FileChange[] = [];
  let unchangedFiles = 0;
  for (const file of after.files) {
    const old = earlier.get(file.path);
    earlier.delete(file.path);
    if (old?.sha256 === file.sha256) {
      unchangedFiles += 1;
      continue;
    }
    changes.push({
      path: file.path,
      kind: old ? 'changed' : 'added',
      role: file.role,
      sizeBefore: old?.sizeBytes ?? null,
      sizeAfter: file.sizeBytes,
    });
  }
  for (const old of earlier.values()) {
    changes.push({
      path: old.path,
      kind: 'removed',
      role: old.role,
      sizeBefore: old.sizeBytes,
      sizeAfter: null,
    });
  }
  changes.sort((a, b) => (a.path < b.path ? -1 : 1));
  const total = (manifest: ReleaseManifest) => manifest.files.reduce((sum, file) => sum + file.sizeBytes, 0);
  return {
    before: before.id,
    after: after.id,
    changes,
    unchangedFiles,
    sizeDeltaBytes: total(after) - total(before),
  };
}
