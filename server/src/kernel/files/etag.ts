import { createHash, hash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';

const sliceBytes = 1 << 20;

/**
 * The etag of a content: its SHA-256, base64url, 43 characters. Content alone decides, so that two writers of the
 * same bytes agree, and no clock is involved. Above 1 MiB it lets other work run between the slices.
 */
export async function etagOf(content: Uint8Array): Promise<string> {
  if (content.length <= sliceBytes) return hash('sha256', content, 'base64url');
  const hasher = createHash('sha256');
  for (let start = 0; start < content.length; start += sliceBytes) {
    hasher.update(content.subarray(start, start + sliceBytes));
    await nextTurn();
  }
  return hasher.digest('base64url');
}
