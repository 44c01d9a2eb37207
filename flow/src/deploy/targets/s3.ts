import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { cacheControlByRole, type ReleaseFile, type ReleaseManifest } from '../../core/layout.ts';
import type { S3TargetConfig } from '../config.ts';
import { deployedAt, describeDeployment, newDeploymentId, surplusDeployments } from '../deployment-id.ts';
import { interruptedFault, releaseUnknownFault } from '../faults.ts';
import { parseManifest } from '../manifest.ts';
import type { LocalRelease } from '../release.ts';
import type { DeployOutcome, DeployTarget, TargetDependencies } from '../target.ts';
import { createS3Client, type S3Client, textBody } from './s3-client.ts';
import { withS3Lock } from './s3-lock.ts';

const STATE = '.flow/live.json';
const RELEASES = '.flow/releases/';
const OBJECTS = '.flow/objects/';

type Kept = Readonly<{ deploymentId: string; manifest: ReleaseManifest; files: readonly ReleaseFile[] }>;
/** `publishing` stands while pages are being replaced: after a crash nothing is taken for unchanged. */
type Live = Readonly<{ deploymentId: string | null; publishing: string | null }>;
type Store = Readonly<{ client: S3Client; config: S3TargetConfig; deps: TargetDependencies }>;

/**
 * A bucket that serves the site. S3 has no atomic switch, so the order does the work: assets first, then every page once
 * its assets are there, the label last; a killed deploy leaves pages that each work with the assets they name.
 * Pages are also stored by content under `.flow/objects/`: a rollback copies them inside the bucket.
 */
export function createS3Target(config: S3TargetConfig, deps: TargetDependencies): DeployTarget {
  const open = (): Store => ({ client: createS3Client(config, deps), config, deps });
  const locked = <T>(work: (store: Store) => Promise<T>): Promise<T> => {
    const store = open();
    return withS3Lock(store.client, { bucket: config.bucket, now: deps.now }, () => work(store));
  };
  return {
    name: config.name ?? config.bucket,
    kind: 's3',
    list: async () => {
      const store = open();
      const [kept, live] = [await readKept(store), await readLive(store)];
      return kept.map((one) =>
        describeDeployment(one.deploymentId, one.manifest, one.deploymentId === live.deploymentId),
      );
    },
    manifest: async (releaseId) => find(await readKept(open()), releaseId).manifest,
    deploy: (release) => locked((store) => deploy(release, store)),
    rollback: (releaseId) => locked((store) => rollback(releaseId, store)),
  };
}

async function deploy(release: LocalRelease, store: Store): Promise<DeployOutcome> {
  const { client, deps } = store;
  const kept = await readKept(store);
  const live = await readLive(store);
  const served = release.files.filter((file) => file.role !== 'config');
  const counts = await uploadContents({ release, served, kept, store });
  const deploymentId = newDeploymentId({
    releaseId: release.manifest.id,
    now: deps.now(),
    newest: kept[0]?.deploymentId,
  });
  const next: Kept = { deploymentId, manifest: release.manifest, files: served };
  const record = JSON.stringify({ manifest: release.manifest, files: served });
  await client.put(`${RELEASES}${deploymentId}.json`, textBody(record), {
    'content-type': 'application/json',
  });
  await publish(next, { kept, live, store });
  const removedReleases = await removeSurplus([next, ...kept], deploymentId, store);
  const previous = kept.find((one) => one.deploymentId === live.deploymentId);
  const retainedFiles = countRetained(
    [next, ...kept].filter((one) => !removedReleases.includes(one.deploymentId)),
  );
  return {
    releaseId: release.manifest.id,
    previousId: previous?.manifest.id ?? null,
    ...counts,
    retainedFiles,
    removedReleases,
  };
}

async function rollback(releaseId: string, store: Store): Promise<DeployOutcome> {
  const kept = await readKept(store);
  const live = await readLive(store);
  const target = find(kept, releaseId);
  await publish(target, { kept, live, store });
  const previous = kept.find((one) => one.deploymentId === live.deploymentId);
  return {
    releaseId: target.manifest.id,
    previousId: previous?.manifest.id ?? null,
    uploadedFiles: 0,
    uploadedBytes: 0,
    retainedFiles: countRetained([target, ...kept.filter((one) => one !== target)]),
    removedReleases: [],
  };
}

/** Hashed files go to their final names, everything else into the store by content; nothing a visitor sees changes. */
async function uploadContents(input: {
  release: LocalRelease;
  served: readonly ReleaseFile[];
  kept: readonly Kept[];
  store: Store;
}): Promise<Pick<DeployOutcome, 'uploadedFiles' | 'uploadedBytes'>> {
  const { release, served, kept, store } = input;
  const present = new Set(kept.flatMap((one) => one.files.map(storageKey)));
  const counts = { uploadedFiles: 0, uploadedBytes: 0 };
  for (const [index, file] of served.entries()) {
    if (store.deps.signal.aborted) throw interruptedFault();
    const key = storageKey(file);
    if (!present.has(key)) {
      present.add(key);
      const content = { file: path.join(release.dir, file.path), sizeBytes: file.sizeBytes };
      await store.client.put(key, { content, sha256: file.sha256 }, objectHeaders(file, store.config));
      counts.uploadedFiles += 1;
      counts.uploadedBytes += file.sizeBytes;
    }
    store.deps.log.advance(index + 1, served.length);
  }
  return counts;
}

/** Copies the pages to their names in upload order, then removes pages that the release lacks. */
async function publish(
  next: Kept,
  state: { kept: readonly Kept[]; live: Live; store: Store },
): Promise<void> {
  const { kept, live, store } = state;
  const trusted =
    live.publishing === null ? kept.find((one) => one.deploymentId === live.deploymentId) : undefined;
  const before = new Map((trusted?.files ?? []).map((file) => [file.path, file.sha256]));
  await writeLive(store, { deploymentId: live.deploymentId, publishing: next.deploymentId });
  for (const file of next.files) {
    if (file.role === 'hashed' || before.get(file.path) === file.sha256) continue;
    await store.client.copy(storageKey(file), file.path, objectHeaders(file, store.config));
  }
  const wanted = new Set(next.files.map((file) => file.path));
  const older = kept.flatMap((one) =>
    one.files.filter((file) => file.role !== 'hashed').map((file) => file.path),
  );
  for (const gone of new Set(older.filter((file) => !wanted.has(file)))) await store.client.remove(gone);
  await writeLive(store, { deploymentId: next.deploymentId, publishing: null });
}

async function removeSurplus(all: readonly Kept[], live: string, store: Store): Promise<string[]> {
  const ids = all.map((one) => one.deploymentId);
  const surplus = surplusDeployments(ids, live, store.deps.keepReleases);
  const stay = new Set(
    all.filter((one) => !surplus.includes(one.deploymentId)).flatMap((one) => one.files.map(storageKey)),
  );
  for (const one of all.filter((kept) => surplus.includes(kept.deploymentId))) {
    // The record first: what it names counts as present, and a removal may break off half-way.
    await store.client.remove(`${RELEASES}${one.deploymentId}.json`);
    for (const key of new Set(one.files.map(storageKey))) {
      if (!stay.has(key)) await store.client.remove(key);
    }
  }
  return surplus;
}

function storageKey(file: ReleaseFile): string {
  return file.role === 'hashed' ? file.path : `${OBJECTS}${file.sha256}`;
}

function objectHeaders(file: ReleaseFile, config: S3TargetConfig): Record<string, string> {
  return {
    'content-type': file.mime,
    ...(config.cacheControl ? { 'cache-control': cacheControlByRole[file.role] } : {}),
    'x-amz-meta-sha256': file.sha256,
  };
}

function countRetained([next, ...others]: readonly Kept[]): number {
  const own = new Set(next?.files.map((file) => file.path));
  const hashed = others.flatMap((one) =>
    one.files.filter((file) => file.role === 'hashed').map((file) => file.path),
  );
  return new Set(hashed.filter((file) => !own.has(file))).size;
}

async function readKept({ client, config }: Store): Promise<Kept[]> {
  const keys = await client.list(RELEASES);
  const ids = keys.map((key) => key.slice(RELEASES.length).replace(/\.json$/, ''));
  const kept: Kept[] = [];
  for (const deploymentId of ids
    .filter((id) => deployedAt(id) !== null)
    .sort()
    .reverse()) {
    const found = await client.get(`${RELEASES}${deploymentId}.json`);
    if (!found) continue;
    const record = JSON.parse(found.text) as { manifest: unknown; files: readonly ReleaseFile[] };
    const manifest = parseManifest(JSON.stringify(record.manifest), `${config.bucket}/${deploymentId}`);
    const { files } = parseManifest(
      JSON.stringify({ ...manifest, files: record.files }),
      `${config.bucket}/${deploymentId}`,
    );
    kept.push({ deploymentId, manifest, files });
  }
  return kept;
}

function find(kept: readonly Kept[], releaseId: string): Kept {
  const found = kept.find((one) => one.manifest.id === releaseId || one.deploymentId === releaseId);
  if (found) return found;
  throw releaseUnknownFault(
    releaseId,
    kept.map((one) => one.manifest.id),
  );
}

async function readLive({ client }: Store): Promise<Live> {
  const found = await client.get(STATE);
  return found ? (JSON.parse(found.text) as Live) : { deploymentId: null, publishing: null };
}

async function writeLive({ client }: Store, live: Live): Promise<void> {
  const text = JSON.stringify({ ...live, nonce: randomBytes(6).toString('hex') });
  await client.put(STATE, textBody(text), {
    'content-type': 'application/json',
    'cache-control': 'no-store',
  });
}
