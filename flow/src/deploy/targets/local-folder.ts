import { readdir, readFile, readlink, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { type ReleaseManifest, releaseManifestName } from '../../core/layout.ts';
import { deployedAt, describeDeployment, surplusDeployments } from '../deployment-id.ts';
import { releaseUnknownFault } from '../faults.ts';
import { parseManifest } from '../manifest.ts';
import type { DeployedRelease } from '../target.ts';

/** The link in a target's folder that names the live release. */
export const LIVE_LINK = 'current';
/** Folders that begin so are unfinished or doomed: nobody is sent there. */
export const INCOMING = '.incoming-';

/** A release in the folder, and what its own manifest says of it. */
export type Kept = Readonly<{ deploymentId: string; dir: string; manifest: ReleaseManifest }>;
export type Folder = Readonly<{ root: string; releases: string }>;

/** What is kept, newest first. */
export async function listReleases(folder: Folder): Promise<DeployedRelease[]> {
  const live = await liveDeployment(folder);
  return (await readKept(folder)).map((kept) =>
    describeDeployment(kept.deploymentId, kept.manifest, kept.deploymentId === live),
  );
}

/** By release or deployment id; the newest deployment of a release counts. @throws deploy.release_unknown */
export async function findKept(folder: Folder, releaseId: string): Promise<Kept> {
  const kept = await readKept(folder);
  const found = kept.find((one) => one.manifest.id === releaseId || one.deploymentId === releaseId);
  if (found) return found;
  throw releaseUnknownFault(
    releaseId,
    kept.map((one) => one.manifest.id),
  );
}

/** Kept releases, newest first. A folder whose manifest can't be read is no release and is left alone. */
export async function readKept(folder: Folder): Promise<Kept[]> {
  const names = await readdir(folder.releases).catch(() => []);
  const kept: Kept[] = [];
  for (const deploymentId of names
    .filter((name) => deployedAt(name) !== null)
    .sort()
    .reverse()) {
    const dir = path.join(folder.releases, deploymentId);
    const text = await readFile(path.join(dir, releaseManifestName), 'utf8').catch(() => null);
    if (text !== null) kept.push({ deploymentId, dir, manifest: parseManifest(text, releaseManifestName) });
  }
  return kept;
}

/** The deployment that `current` names; null before the first one. */
export async function liveDeployment(folder: Folder): Promise<string | null> {
  const target = await readlink(path.join(folder.root, LIVE_LINK)).catch(() => null);
  return target === null ? null : path.basename(target);
}

/** The first file that holds some content, among all kept releases. */
export function indexByContent(kept: readonly Kept[]): Map<string, string> {
  const index = new Map<string, string>();
  for (const { dir, manifest } of kept) {
    for (const file of manifest.files) {
      if (!index.has(file.sha256)) index.set(file.sha256, path.join(dir, file.path));
    }
  }
  return index;
}

/** Removes what a killed deploy left. Only under the lock. */
export async function removeUnfinished(folder: Folder): Promise<void> {
  for (const name of await readdir(folder.releases)) {
    if (name.startsWith(INCOMING))
      await rm(path.join(folder.releases, name), { recursive: true, force: true });
  }
  for (const name of await readdir(folder.root)) {
    if (name.startsWith(`.${LIVE_LINK}-`)) await rm(path.join(folder.root, name), { force: true });
  }
}

/** Removes releases beyond `keep`; answers their deployment ids. Only under the lock. */
export async function removeSurplus(folder: Folder, live: string, keep: number): Promise<string[]> {
  const ids = (await readKept(folder)).map((kept) => kept.deploymentId);
  const surplus = surplusDeployments(ids, live, keep);
  for (const id of surplus) {
    // Renamed first: a removal that is killed half-way must not leave a release that looks whole.
    const doomed = path.join(folder.releases, `${INCOMING}${id}`);
    await rename(path.join(folder.releases, id), doomed);
    await rm(doomed, { recursive: true, force: true });
  }
  return surplus;
}
