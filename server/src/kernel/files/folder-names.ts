import { isUtf8 } from 'node:buffer';
import { readdirSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import type { Descriptor, EntryName } from './descriptor.ts';

/** An ext4 folder of this size holds several thousand names; reading those blocks for more than a few ms. */
const directBytes = 128 * 1024;

/**
 * The names in an open folder: those that are text, sorted by code unit, as cursors need it; then the bytes of those
 * that are not. Read as texts, the latter would name nothing that is there.
 */
export async function namesIn(folder: Descriptor): Promise<EntryName[]> {
  const names = folder.stat().size <= directBytes ? readdirSync(folder.path) : await readdir(folder.path);
  // What could not be decoded has this character in it; so may a name that could.
  if (!names.some((name) => name.includes('\ufffd'))) return names.sort();
  const bytes = readdirSync(folder.path, { encoding: 'buffer' });
  const texts = bytes.filter(isUtf8).map((name) => name.toString('utf8'));
  return [...texts.sort(), ...bytes.filter((name) => !isUtf8(name))];
}
