import { constants } from 'node:fs';
import { access, copyFile, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ReleaseManifest } from '../../core/layout.ts';
import { releaseUnknownFault } from '../faults.ts';
import { parseManifest } from '../manifest.ts';
import { retainedAssets } from '../retention.ts';
import type { StoredAsset } from './cloudflare-assets.ts';

/** A deployment this machine made: Cloudflare can't list the files of one, so their keys are kept here. */
export type JournalEntry = Readonly<{
  deploymentId: string;
  at: string;
  manifest: ReleaseManifest;
  assets: ReadonlyArray<Omit<StoredAsset, 'file'>>;
}>;

const OBJECTS = 'objects';

/** The deployments of one target from this machine, newest first. */
export async function readJournal(dir: string): Promise<JournalEntry[]> {
  const entries: JournalEntry[] = [];
  for (const name of await readdir(dir).catch(() => [])) {
    if (!name.endsWith('.json')) continue;
    const entry = JSON.parse(await readFile(path.join(dir, name), 'utf8')) as JournalEntry;
    entries.push({ ...entry, manifest: parseManifest(JSON.stringify(entry.manifest), name) });
  }
  return entries.sort((a, b) => (a.at < b.at ? 1 : -1));
}

/** The manifest of a deployment from this machine. @throws deploy.release_unknown */
export async function readJournalManifest(dir: string, releaseId: string): Promise<ReleaseManifest> {
  const journal = await readJournal(dir);
  const found = journal.find((entry) => entry.manifest.id === releaseId || entry.deploymentId === releaseId);
  if (found) return found.manifest;
  throw releaseUnknownFault(
    releaseId,
    journal.map((entry) => entry.manifest.id),
  );
}

/** Hashed assets of earlier deployments whose bytes are still here, to be named in the next one. */
export async function readRetained(
  dir: string,
  release: ReleaseManifest,
  keep: number,
): Promise<StoredAsset[]> {
  const found: StoredAsset[] = [];
  for (const { file, from } of retainedAssets(release, await readJournal(dir), keep)) {
    const asset = from.assets.find((one) => one.path === file.path);
    if (!asset) continue;
    const source = path.join(dir, OBJECTS, asset.hash);
    const present = await access(source).then(
      () => true,
      () => false,
    );
    if (present) found.push({ ...asset, file: source });
  }
  return found;
}

/** Adds a deployment with the bytes of its hashed assets, and forgets what is older than `keep` deployments. */
export async function writeJournal(
  dir: string,
  made: { deploymentId: string; at: string; manifest: ReleaseManifest; assets: readonly StoredAsset[] },
  keep: number,
): Promise<void> {
  await mkdir(path.join(dir, OBJECTS), { recursive: true });
  const hashed = new Set(
    made.manifest.files.filter((file) => file.role === 'hashed').map((file) => file.path),
  );
  const assets = made.assets.filter((asset) => hashed.has(asset.path));
  for (const asset of assets) {
    await copyFile(asset.file, path.join(dir, OBJECTS, asset.hash), constants.COPYFILE_FICLONE);
  }
  const entry = { ...made, assets: assets.map(({ file: _, ...asset }) => asset) };
  const name = `${made.deploymentId.replace(/[^A-Za-z0-9._-]/g, '_')}.json`;
  await writeFile(path.join(dir, `${name}.new`), JSON.stringify(entry));
  await rename(path.join(dir, `${name}.new`), path.join(dir, name));
  await forget(dir, keep);
}

async function forget(dir: string, keep: number): Promise<void> {
  const journal = await readJournal(dir);
  for (const old of journal.slice(keep)) {
    await rm(path.join(dir, `${old.deploymentId.replace(/[^A-Za-z0-9._-]/g, '_')}.json`), { force: true });
  }
  const wanted = new Set(journal.slice(0, keep).flatMap((entry) => entry.assets.map((asset) => asset.hash)));
  for (const name of await readdir(path.join(dir, OBJECTS))) {
    if (!wanted.has(name)) await rm(path.join(dir, OBJECTS, name), { force: true });
  }
}
