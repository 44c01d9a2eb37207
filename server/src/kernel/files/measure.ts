import { openFolder } from './descriptor.ts';
import { scan } from './scan.ts';
import type { Growth } from './workspace.ts';

export interface MeasureOptions {
  readonly maxDepth?: number;
  readonly signal?: AbortSignal;
  /** Stops counting above this; the answer is then a lower bound. */
  readonly enough?: Growth;
}

/**
 * Counts what a folder holds, exactly: apparent sizes (a sparse file counts as large as it reads), each inode once
 * however many names it has, folders and links as files of no bytes. The folder itself does not count.
 */
export async function measureTree(folderPath: string, options: MeasureOptions = {}): Promise<Growth> {
  using root = openFolder(folderPath);
  const seen = new Set<string>();
  let bytes = 0;
  let files = 0;
  const { signal, enough, maxDepth = 1_000_000 } = options;
  for await (const { stats } of scan(root, {
    maxDepth,
    unlocks: true,
    undecodable: true,
    ...(signal === undefined ? {} : { signal }),
  })) {
    files += 1;
    if (!stats.isFile()) continue;
    if (stats.nlink > 1) {
      const inode = `${stats.dev}:${stats.ino}`;
      if (seen.has(inode)) continue;
      seen.add(inode);
    }
    bytes += stats.size;
    if (enough !== undefined && (bytes > enough.bytes || files > enough.files)) break;
  }
  return { bytes, files };
}
