import { lstat, readdir, readFile, utimes } from 'node:fs/promises';
import path from 'node:path';
import { FlowFault, throwAll } from '../core/fault.ts';
import { hashFile } from '../core/hash-file.ts';
import {
  checksumsName,
  contentTimeSeconds,
  type FileRole,
  minisignSignatureName,
  provenanceName,
  type ReleaseFile,
  type ReleaseManifest,
  releaseManifestName,
  sshSignatureName,
} from '../core/layout.ts';
import { inParallel } from './in-parallel.ts';
import { parseManifest } from './manifest.ts';

/** A finished release folder on this machine, every byte of it checked against its manifest. */
export interface LocalRelease {
  readonly dir: string;
  readonly manifest: ReleaseManifest;
  /** Every file to ship, `release.json` and the sums included, in the order of upload. */
  readonly files: readonly ReleaseFile[];
}

/** Files that describe the release and therefore can't be in its manifest. */
const UNLISTED = [
  releaseManifestName,
  checksumsName,
  sshSignatureName,
  minisignSignatureName,
  provenanceName,
];

/** Files read at the same time; more only fills the thread pool's queue. */
export const FILES_AT_ONCE = 8;

/** Pages name assets and never the other way round: whatever a page needs is there before the page is. */
const UPLOAD_ORDER: readonly FileRole[] = [
  'hashed',
  'unhashed',
  'alias',
  'config',
  'worker',
  'html',
  'metadata',
];

/**
 * Reads and checks a release folder: each listed file has its size and SHA-256, nothing is missing, nothing was added,
 * nothing is a symbolic link.
 * @throws deploy.release_missing, deploy.release_invalid, deploy.release_tampered
 */
export async function readLocalRelease(dir: string): Promise<LocalRelease> {
  const manifestText = await readFile(path.join(dir, releaseManifestName), 'utf8').catch((cause: unknown) => {
    throw new FlowFault('deploy.release_missing', {
      text: {
        en: `There is no finished release in ${dir}.`,
        de: `In ${dir} liegt kein fertiges Release.`,
      },
      fix: { en: 'Build one: cds flow build', de: 'Eines bauen: cds flow build' },
      cause,
    });
  });
  const manifest = parseManifest(manifestText, releaseManifestName);
  const present = await listFiles(dir, '');
  const listed = new Map(manifest.files.map((file) => [file.path, file]));
  const unlisted = present.filter((file) => UNLISTED.includes(file));
  throwAll([
    ...present.filter((file) => !listed.has(file) && !UNLISTED.includes(file)).map(addedFault),
    ...(await tamperedFiles(dir, manifest.files)),
  ]);
  const extra = await Promise.all(unlisted.map((file) => describeUnlisted(dir, file)));
  return { dir, manifest, files: inUploadOrder([...manifest.files, ...extra]) };
}

/** Assets first, pages last, the label of the release at the very end; by path within a role. */
export function inUploadOrder(files: readonly ReleaseFile[]): ReleaseFile[] {
  const rank = (file: ReleaseFile) => UPLOAD_ORDER.indexOf(file.role);
  return [...files].sort((a, b) => rank(a) - rank(b) || (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

/**
 * Gives each file the time that its content decides (see `contentTimeSeconds`), so that servers which make ETags of
 * time and size never answer 304 for changed bytes of equal length.
 */
export async function applyContentTimes(dir: string, files: readonly ReleaseFile[]): Promise<void> {
  await inParallel(files, FILES_AT_ONCE, async (file) => {
    const seconds = contentTimeSeconds(file.sha256);
    await utimes(path.join(dir, file.path), seconds, seconds);
  });
}

async function tamperedFiles(dir: string, files: readonly ReleaseFile[]): Promise<FlowFault[]> {
  const faults: FlowFault[] = [];
  await inParallel(files, FILES_AT_ONCE, async (file) => {
    const status = await lstat(path.join(dir, file.path)).catch(() => null);
    if (!status?.isFile()) {
      faults.push(tamperedFault(file.path, { en: 'is missing', de: 'fehlt' }));
      return;
    }
    const { sha256 } = await hashFile(path.join(dir, file.path));
    if (sha256 !== file.sha256) {
      faults.push(tamperedFault(file.path, { en: 'has other content', de: 'hat anderen Inhalt' }));
    }
  });
  return faults.sort((a, b) => ((a.place.file ?? '') < (b.place.file ?? '') ? -1 : 1));
}

async function describeUnlisted(dir: string, file: string): Promise<ReleaseFile> {
  // Servers know no type for a name without an extension.
  const mime = file.endsWith('.json') ? 'application/json; charset=utf-8' : 'application/octet-stream';
  return { path: file, role: 'metadata', mime, ...(await hashFile(path.join(dir, file))) };
}

async function listFiles(dir: string, folder: string): Promise<string[]> {
  const files: string[] = [];
  for (const entry of await readdir(path.join(dir, folder), { withFileTypes: true })) {
    const name = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) files.push(...(await listFiles(dir, name)));
    else files.push(name);
  }
  return files;
}

function tamperedFault(file: string, what: { en: string; de: string }): FlowFault {
  return new FlowFault('deploy.release_tampered', {
    file,
    text: {
      en: `${file} ${what.en}: the release is not what its manifest says.`,
      de: `${file} ${what.de}: Das Release ist nicht, was sein Manifest sagt.`,
    },
    fix: { en: 'Build it anew: cds flow build', de: 'Neu bauen: cds flow build' },
  });
}

function addedFault(file: string): FlowFault {
  return tamperedFault(file, { en: 'was added', de: 'wurde hinzugefügt' });
}
