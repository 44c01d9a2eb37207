import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseDefinition } from './definition.ts';
import { extendLibrary, type Library } from './library.ts';

const folder = fileURLToPath(new URL('./library/', import.meta.url));

/** The definitions that ship, by reading the files beside this one. */
export async function loadShipped(): Promise<Library> {
  const entries = await readdir(folder, { recursive: true });
  const names = entries.filter((name) => name.endsWith('.prompt')).toSorted();
  const texts = await Promise.all(names.map((name) => readFile(`${folder}${name}`, 'utf8')));
  return extendLibrary(
    new Map(),
    texts.map((text) => parseDefinition(text, 'shipped')),
  );
}
