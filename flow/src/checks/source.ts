import { readFile } from 'node:fs/promises';
import path from 'node:path';

/** The files under check. Paths are relative with `/`. */
export interface CheckedSource {
  readonly rootDir: string;
  /** The files to report on. */
  readonly files: readonly string[];
  /** Every file of the tree: a link may lead to one that is not itself under check. */
  readonly allFiles: readonly string[];
  read(file: string): Promise<Buffer>;
}

/** Reads each file at most once in a run: several checks look at the same pages. */
export function createSource(input: {
  rootDir: string;
  files: readonly string[];
  allFiles: readonly string[];
}): CheckedSource {
  const cache = new Map<string, Promise<Buffer>>();
  return {
    ...input,
    read: (file) => {
      const known = cache.get(file);
      if (known) return known;
      const reading = readFile(path.join(input.rootDir, file));
      // Media are looked at once, by one check, and may be large.
      if (isPage(file)) cache.set(file, reading);
      return reading;
    },
  };
}

/** HTML and Markdown. */
export function isPage(file: string): boolean {
  return isHtml(file) || isMarkdown(file);
}

export function isHtml(file: string): boolean {
  return /\.x?html?$/i.test(file);
}

export function isMarkdown(file: string): boolean {
  return /\.(?:md|markdown)$/i.test(file);
}
