import { readdirSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import type { Descriptor } from './descriptor.ts';

/** An ext4 folder of this size holds several thousand names; reading those blocks for more than a few ms. */
const directBytes = 128 * 1024;

/** The names in an open folder, sorted by code unit, as cursors need it. */
export async function namesIn(folder: Descriptor): Promise<string[]> {
  const names = folder.stat().size <= directBytes ? readdirSync(folder.path) : await readdir(folder.path);
  return names.sort();
}
