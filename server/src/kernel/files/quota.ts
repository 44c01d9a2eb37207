import { fault } from '#base/fault.ts';
import type { Growth } from './workspace.ts';

export interface Quota {
  readonly limitBytes: number;
  readonly limitFiles: number;
}

/**
 * Refuses a growth that does not fit; what shrinks always fits, so that a full storage can be tidied.
 * @throws files.quota_bytes, files.quota_files
 */
export function assertFits(used: Growth, growth: Growth, { limitBytes, limitFiles }: Quota): void {
  if (growth.bytes > 0 && used.bytes + growth.bytes > limitBytes)
    throw fault('files.quota_bytes', { usedBytes: used.bytes, limitBytes });
  if (growth.files > 0 && used.files + growth.files > limitFiles)
    throw fault('files.quota_files', { usedFiles: used.files, limitFiles });
}
