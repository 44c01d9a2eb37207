import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, link, mkdir, open, rename, rm, symlink, utimes } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { FlowFault } from '../../core/fault.ts';
import { hashFile } from '../../core/hash-file.ts';
import { contentTimeSeconds, type ReleaseFile } from '../../core/layout.ts';
import type { LocalTargetConfig } from '../config.ts';
import { newDeploymentId } from '../deployment-id.ts';
import { interruptedFault, targetCorruptFault, targetFullFault, targetWriteFault } from '../faults.ts';
import { inParallel } from '../in-parallel.ts';
import { withFileLock } from '../lock.ts';
import { FILES_AT_ONCE, type LocalRelease } from '../release.ts';
import { retainedAssets } from '../retention.ts';
import type { DeployOutcome, DeployTarget, TargetDependencies } from '../target.ts';

import {
  type Folder,
  findKept,
  INCOMING,
  indexByContent,
  type Kept,
  LIVE_LINK,
  listReleases,
  liveDeployment,
  readKept,
  removeSurplus,
  removeUnfinished,
} from './local-folder.ts';

type Counts = { uploadedFiles: number; uploadedBytes: number };

/**
 * A folder on this machine: `releases/<deployment>/` and the link `current`, which the web server's root names.
 * The switch is one rename(2) over the link, so a visitor gets the old or the new release, never neither. Everything
 * before it happens in a folder nobody sees: a killed deploy leaves the old release live, and the next one cleans up.
 */
export function createLocalTarget(config: LocalTargetConfig, deps: TargetDependencies): DeployTarget {
  const root = path.resolve(deps.rootDir, config.path);
  const folder = { root, releases: path.join(root, 'releases') };
  const locked = <T>(work: () => Promise<T>) =>
    guardWrites(root, () => withFileLock(path.join(root, '.deploy.lock'), deps.now, work));
  return {
    name: config.name ?? 'local',
    kind: 'local',
    list: () => listReleases(folder),
    manifest: async (releaseId) => (await findKept(folder, releaseId)).manifest,
    deploy: (release) => locked(() => deploy(release, folder, deps)),
    rollback: (releaseId) => locked(() => rollback(releaseId, folder, deps)),
  };
}

async function deploy(
  release: LocalRelease,
  folder: Folder,
  deps: TargetDependencies,
): Promise<DeployOutcome> {
  await mkdir(folder.releases, { recursive: true, mode: 0o755 });
  await removeUnfinished(folder);
  const kept = await readKept(folder);
  const live = await liveDeployment(folder);
  const incoming = path.join(folder.releases, `${INCOMING}${randomBytes(6).toString('hex')}`);
  await mkdir(incoming, { mode: 0o755 });
  try {
    const earlier = indexByContent(kept);
    const counts = await placeFiles({ release, incoming, earlier, deps });
    const retained = await placeRetained({ release, incoming, kept, deps });
    await flushToDisk(incoming);
    const deploymentId = newDeploymentId({
      releaseId: release.manifest.id,
      now: deps.now(),
      newest: kept[0]?.deploymentId,
    });
    await rename(incoming, path.join(folder.releases, deploymentId));
    await switchTo(folder, deploymentId);
    const removed = await removeSurplus(folder, deploymentId, deps.keepReleases);
    const previous = kept.find((one) => one.deploymentId === live);
    return outcome(release.manifest.id, previous, {
      ...counts,
      retainedFiles: retained,
      removedReleases: removed,
    });
  } catch (error) {
    await rm(incoming, { recursive: true, force: true });
    throw error;
  }
}

function outcome(
  releaseId: string,
  previous: Kept | undefined,
  rest: Omit<DeployOutcome, 'releaseId' | 'previousId'>,
): DeployOutcome {
  return { releaseId, previousId: previous?.manifest.id ?? null, ...rest };
}

/** Unchanged files become hard links to the release before: no bytes travel and no space is taken. */
async function placeFiles(input: {
  release: LocalRelease;
  incoming: string;
  earlier: ReadonlyMap<string, string>;
  deps: TargetDependencies;
}): Promise<Counts> {
  const { release, incoming, earlier, deps } = input;
  const counts = { uploadedFiles: 0, uploadedBytes: 0 };
  let done = 0;
  await makeFolders(incoming, release.files);
  await inParallel(release.files, FILES_AT_ONCE, async (file) => {
    if (deps.signal.aborted) throw interruptedFault();
    const to = path.join(incoming, file.path);
    const same = earlier.get(file.sha256);
    if (same === undefined || !(await linkIfIntact(same, to, file))) {
      await copyVerified(path.join(release.dir, file.path), to, file);
      counts.uploadedFiles += 1;
      counts.uploadedBytes += file.sizeBytes;
    }
    done += 1;
    deps.log.advance(done, release.files.length);
  });
  return counts;
}

async function makeFolders(dir: string, files: readonly ReleaseFile[]): Promise<void> {
  for (const folder of new Set(files.map((file) => path.dirname(file.path)))) {
    await mkdir(path.join(dir, folder), { recursive: true, mode: 0o755 });
  }
}

async function placeRetained(input: {
  release: LocalRelease;
  incoming: string;
  kept: readonly Kept[];
  deps: TargetDependencies;
}): Promise<number> {
  const { release, incoming, kept, deps } = input;
  const assets = retainedAssets(release.manifest, kept, deps.keepReleases);
  let placed = 0;
  for (const { file, from } of assets) {
    const to = path.join(incoming, file.path);
    await mkdir(path.dirname(to), { recursive: true, mode: 0o755 });
    if (await linkIfIntact(path.join(from.dir, file.path), to, file)) placed += 1;
  }
  return placed;
}

async function linkIfIntact(from: string, to: string, file: ReleaseFile): Promise<boolean> {
  const present = await hashFile(from).catch(() => null);
  if (present?.sha256 !== file.sha256) return false;
  await link(from, to).catch(async (error: unknown) => {
    // Some file systems have no hard links, and others limit their number.
    if (!['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP'].includes(codeOf(error))) throw error;
    await copyVerified(from, to, file);
  });
  // The link's time is that of every release that shares the bytes; it must be the one the bytes decide.
  await setContentTime(to, file);
  return true;
}

async function copyVerified(from: string, to: string, file: ReleaseFile): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  const handle = await open(to, 'r+');
  try {
    await handle.chmod(0o644);
  } finally {
    await handle.close();
  }
  await setContentTime(to, file);
  if ((await hashFile(to)).sha256 !== file.sha256) throw targetCorruptFault(file.path, to);
}

async function setContentTime(to: string, file: ReleaseFile): Promise<void> {
  const seconds = contentTimeSeconds(file.sha256);
  await utimes(to, seconds, seconds);
}

/** rename(2) over the link is the only way without a moment in which there is none: `rm; ln -s` lost 634 requests. */
async function switchTo(folder: Folder, deploymentId: string): Promise<void> {
  const temporary = path.join(folder.root, `.${LIVE_LINK}-${randomBytes(6).toString('hex')}`);
  await symlink(path.join('releases', deploymentId), temporary);
  await rename(temporary, path.join(folder.root, LIVE_LINK)).catch(async (cause: unknown) => {
    await rm(temporary, { force: true });
    throw new FlowFault('deploy.switch_failed', {
      text: {
        en: `${path.join(folder.root, LIVE_LINK)} can't be replaced: it must be the link that deploys make, or absent.`,
        de: `${path.join(folder.root, LIVE_LINK)} lässt sich nicht ersetzen: Es muss der Verweis der Deploys sein oder fehlen.`,
      },
      fix: { en: 'Move it away and deploy again.', de: 'Beiseiteschieben und erneut deployen.' },
      cause,
    });
  });
  const handle = await open(folder.root, 'r');
  await handle.sync().finally(() => handle.close());
}

async function rollback(releaseId: string, folder: Folder, deps: TargetDependencies): Promise<DeployOutcome> {
  const target = await findKept(folder, releaseId);
  await inParallel(target.manifest.files, FILES_AT_ONCE, async (file) => {
    const { sha256 } = await hashFile(path.join(target.dir, file.path)).catch(() => ({ sha256: '' }));
    if (sha256 !== file.sha256) throw targetCorruptFault(file.path, target.dir);
  });
  const live = await liveDeployment(folder);
  const kept = await readKept(folder);
  const previous = kept.find((one) => one.deploymentId === live);
  // Tabs that opened the release we leave still ask for its assets.
  const others = previous && previous.deploymentId !== target.deploymentId ? [previous] : [];
  const retainedFiles = await addAssets(target, others, deps);
  await switchTo(folder, target.deploymentId);
  return outcome(releaseId, previous, {
    uploadedFiles: 0,
    uploadedBytes: 0,
    retainedFiles,
    removedReleases: [],
  });
}

async function addAssets(target: Kept, from: readonly Kept[], deps: TargetDependencies): Promise<number> {
  let added = 0;
  for (const { file, from: source } of retainedAssets(target.manifest, from, deps.keepReleases)) {
    const to = path.join(target.dir, file.path);
    await mkdir(path.dirname(to), { recursive: true, mode: 0o755 });
    const done = await linkIfIntact(path.join(source.dir, file.path), to, file).catch((error: unknown) => {
      if (codeOf(error) === 'EEXIST') return false;
      throw error;
    });
    if (done) added += 1;
  }
  return added;
}

/** One syncfs(2) by coreutils' `sync -f` instead of one fsync for each of 10,000 files; where it is missing, the kernel's own pace. */
async function flushToDisk(dir: string): Promise<void> {
  if (process.platform !== 'linux') return;
  await promisify(execFile)('sync', ['-f', dir]).catch(() => undefined);
}

async function guardWrites<T>(where: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof FlowFault) throw error;
    if (['ENOSPC', 'EDQUOT'].includes(codeOf(error))) throw targetFullFault(where, error);
    throw targetWriteFault(where, error);
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
