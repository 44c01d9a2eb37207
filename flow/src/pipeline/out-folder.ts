import { cp, lstat, mkdir, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { FlowFault } from '../core/fault.ts';
import { releaseManifestName } from '../core/layout.ts';

/**
 * Refuses a folder for the release that holds something else, before anything is built.
 * @throws flow.out_folder_taken
 */
export async function checkOutFolder(rootDir: string, outDir: string): Promise<void> {
  const holdsSite = rootDir === outDir || rootDir.startsWith(`${outDir}${path.sep}`);
  const status = await lstat(outDir).catch(() => null);
  if (status === null && !holdsSite) return;
  const entries = status?.isDirectory() ? await readdir(outDir) : null;
  if (!holdsSite && entries !== null && (entries.length === 0 || entries.includes(releaseManifestName)))
    return;
  throw new FlowFault('flow.out_folder_taken', {
    text: {
      en: `${outDir} holds something that is no release; it was not touched.`,
      de: `${outDir} enthält etwas, das kein Release ist; es wurde nicht angefasst.`,
    },
    fix: {
      en: 'Name an empty or new folder: --out DIR',
      de: 'Einen leeren oder neuen Ordner nennen: --out ORDNER',
    },
  });
}

/** Puts the finished folder in the place of the release before. Both names are whole releases at every moment. */
export async function replaceFolder(finishedDir: string, outDir: string): Promise<void> {
  await mkdir(path.dirname(outDir), { recursive: true });
  const aside = `${outDir}.old-${process.pid}`;
  const incoming = await onSameDisk(finishedDir, outDir);
  await rename(outDir, aside).catch(ignoreMissing);
  await rename(incoming, outDir);
  await rm(aside, { recursive: true, force: true });
}

/** `rename` can't cross file systems; a copy beside the destination can be renamed. */
async function onSameDisk(finishedDir: string, outDir: string): Promise<string> {
  const probe = `${outDir}.new-${process.pid}`;
  await rm(probe, { recursive: true, force: true });
  try {
    await rename(finishedDir, probe);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EXDEV')) throw error;
    await cp(finishedDir, probe, { recursive: true, preserveTimestamps: true });
    await rm(finishedDir, { recursive: true, force: true });
  }
  return probe;
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
}
