import { createHash } from 'node:crypto';

/** SHA-256 of what was asked, to tell a repetition from another request under the same key. */
export function fingerprintOf(...parts: readonly (string | number | null)[]): Buffer {
  return createHash('sha256').update(JSON.stringify(parts)).digest();
}
