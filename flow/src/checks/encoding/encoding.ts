import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Finding } from '../finding.ts';
import { isTextFile } from '../text-files.ts';
import { unifiedDiff } from './diff.ts';
import { type EncodingReport, lintEncoding } from './lint.ts';
import { replaceFile } from './repair.ts';

/** Files above this size are data, not text that somebody wrote: they are skipped and named. */
const MOST_BYTES = 32 * 1024 * 1024;

export type EncodingCheck = Readonly<{
  rootDir: string;
  files: readonly string[];
  /** Character sets that the project declares: glob → label, the first match counts. */
  charsets?: Readonly<Record<string, string>>;
  /** `show` computes the repair as a diff, `write` also writes it. */
  fix?: 'show' | 'write';
}>;

export type EncodingOutcome = Readonly<{
  /** What is left: after `write`, what could not be repaired; else everything found. */
  findings: readonly Finding[];
  /** Unified diffs of the repairs, in file order. */
  diffs: readonly string[];
  /** Files that were rewritten. */
  written: readonly string[];
  checkedFiles: number;
}>;

/**
 * Checks the encoding of a project's text files and, when asked, repairs what is certain.
 * Nothing is written without `fix: 'write'`; a repaired file is linted again, so what is left is really left.
 */
export async function checkEncoding(check: EncodingCheck): Promise<EncodingOutcome> {
  const findings: Finding[] = [];
  const diffs: string[] = [];
  const written: string[] = [];
  let checkedFiles = 0;
  for (const file of check.files) {
    const bytes = await readFile(path.join(check.rootDir, file));
    if (bytes.length > MOST_BYTES || !isTextFile(file, bytes)) continue;
    checkedFiles += 1;
    const charset = charsetOf(file, check.charsets ?? {});
    const report = lintEncoding({ path: file, bytes, charset });
    if (report.repaired === null || check.fix === undefined) {
      findings.push(...report.findings);
      continue;
    }
    diffs.push(diffOf(file, bytes, report.repaired));
    if (check.fix === 'write') {
      await replaceFile(path.join(check.rootDir, file), report.repaired);
      written.push(file);
      findings.push(...remaining(file, report.repaired));
    } else {
      findings.push(...report.findings);
    }
  }
  return { findings, diffs, written, checkedFiles };
}

function remaining(file: string, repaired: Uint8Array): EncodingReport['findings'] {
  return lintEncoding({ path: file, bytes: repaired }).findings;
}

function charsetOf(file: string, charsets: Readonly<Record<string, string>>): string | undefined {
  return Object.entries(charsets).find(([glob]) => path.posix.matchesGlob(file, glob))?.[1];
}

/** UTF-8 bytes diff as text; other bytes as Latin-1, in which every byte is visible. */
function diffOf(file: string, before: Uint8Array, after: Uint8Array): string {
  const oldText = decodeForDiff(before);
  const newText = new TextDecoder('utf-8', { ignoreBOM: true }).decode(after);
  return unifiedDiff(file, oldText, newText);
}

function decodeForDiff(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    if (bytes[0] === 0xff && bytes[1] === 0xfe)
      return new TextDecoder('utf-16le', { ignoreBOM: true }).decode(bytes);
    if (bytes[0] === 0xfe && bytes[1] === 0xff)
      return new TextDecoder('utf-16be', { ignoreBOM: true }).decode(bytes);
    return Buffer.from(bytes).toString('latin1');
  }
}
