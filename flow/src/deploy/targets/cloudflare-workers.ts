import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { CloudflareWorkersConfig } from '../config.ts';
import { releaseUnknownFault, secretMissingFault } from '../faults.ts';
import { withFileLock } from '../lock.ts';
import type { LocalRelease } from '../release.ts';
import type { DeployedRelease, DeployOutcome, DeployTarget, TargetDependencies } from '../target.ts';
import { base64Of, describeAssets, readNote, type StoredAsset, writeNote } from './cloudflare-assets.ts';
import { type CloudflareAccess, callCloudflare } from './cloudflare-client.ts';
import { readJournalManifest, readRetained, writeJournal } from './cloudflare-journal.ts';

type Worker = Readonly<{
  config: CloudflareWorkersConfig;
  deps: TargetDependencies;
  access: CloudflareAccess;
  script: string;
  journal: string;
}>;

type ApiVersion = { id: string; metadata?: { created_on?: string }; annotations?: Record<string, string> };
type ApiDeployment = { created_on: string; versions: Array<{ version_id: string; percentage: number }> };
type Session = { jwt?: string; buckets?: string[][] };

const MESSAGE = 'workers/message';

/**
 * A Cloudflare Worker that consists of static assets. A session names all files, Cloudflare says which it lacks, and the
 * upload of the script makes a version that goes live as a whole; rolling back sends all traffic to an earlier version.
 * A version serves only what it names, so each names the hashed assets of the releases before as well.
 */
export function createCloudflareWorkersTarget(
  config: CloudflareWorkersConfig,
  deps: TargetDependencies,
): DeployTarget {
  const journal = path.join(deps.workDir, 'cloudflare-workers', `${config.accountId}-${config.script}`);
  const open = (): Worker => {
    const token = deps.env[config.tokenVariable];
    if (!token) throw secretMissingFault(config.tokenVariable);
    const access = { apiUrl: config.apiUrl, token, signal: deps.signal };
    return {
      config,
      deps,
      access,
      journal,
      script: `/accounts/${config.accountId}/workers/scripts/${config.script}`,
    };
  };
  const locked = <T>(work: (worker: Worker) => Promise<T>): Promise<T> => {
    const worker = open();
    return withFileLock(`${journal}.lock`, deps.now, () => work(worker));
  };
  return {
    name: config.name ?? config.script,
    kind: 'cloudflare-workers',
    list: () => listReleases(open()),
    manifest: (releaseId) => readJournalManifest(journal, releaseId),
    deploy: (release) => locked((worker) => deploy(release, worker)),
    rollback: (releaseId) => locked((worker) => rollback(releaseId, worker)),
  };
}

async function deploy(release: LocalRelease, worker: Worker): Promise<DeployOutcome> {
  const { access, script, deps, config } = worker;
  const previous = (await listReleases(worker)).find((one) => one.live);
  const own = await describeAssets(release);
  const retained = await readRetained(worker.journal, release.manifest, deps.keepReleases);
  const all = [...retained, ...own];
  const manifest = Object.fromEntries(
    all.map((asset) => [`/${asset.path}`, { hash: asset.hash, size: asset.sizeBytes }]),
  );
  const session = (await callCloudflare(access, {
    method: 'POST',
    path: `${script}/assets-upload-session`,
    json: { manifest },
  })) as Session;
  const sent = await upload(all, { session, worker });
  const metadata = {
    assets: {
      jwt: sent.jwt,
      config: { not_found_handling: config.notFoundHandling, ...(await configFiles(release)) },
    },
    compatibility_date: config.compatibilityDate,
    annotations: { [MESSAGE]: writeNote(release.manifest) },
  };
  const form = new FormData();
  form.set('metadata', new Blob([JSON.stringify(metadata)], { type: 'application/json' }));
  const made = (await callCloudflare(access, { method: 'PUT', path: script, form })) as {
    deployment_id?: string;
    id?: string;
  };
  const entry = {
    deploymentId: made.deployment_id ?? made.id ?? release.manifest.id,
    at: deps.now().toISOString(),
    manifest: release.manifest,
    assets: own,
  };
  await writeJournal(worker.journal, entry, deps.keepReleases);
  return {
    releaseId: release.manifest.id,
    previousId: previous?.id ?? null,
    uploadedFiles: sent.uploadedFiles,
    uploadedBytes: sent.uploadedBytes,
    retainedFiles: retained.length,
    removedReleases: [],
  };
}

async function configFiles(release: LocalRelease): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const name of ['_headers', '_redirects']) {
    if (!release.files.some((file) => file.path === name)) continue;
    found[name] = await readFile(path.join(release.dir, name), 'utf8');
  }
  return found;
}

/** Cloudflare says in which groups it wants the missing files; the last group's answer holds the token that completes. */
async function upload(
  assets: readonly StoredAsset[],
  to: { session: Session; worker: Worker },
): Promise<{ jwt: string; uploadedFiles: number; uploadedBytes: number }> {
  const { session, worker } = to;
  const byHash = new Map(assets.map((asset) => [asset.hash, asset]));
  const counts = { uploadedFiles: 0, uploadedBytes: 0 };
  let completion = session.jwt ?? '';
  for (const bucket of session.buckets ?? []) {
    const form = new FormData();
    for (const hash of bucket) {
      const asset = byHash.get(hash);
      if (!asset) continue;
      form.set(hash, new Blob([await base64Of(asset)], { type: asset.mime }), hash);
      counts.uploadedFiles += 1;
      counts.uploadedBytes += asset.sizeBytes;
    }
    const answer = (await callCloudflare(worker.access, {
      method: 'POST',
      path: `/accounts/${worker.config.accountId}/workers/assets/upload?base64=true`,
      form,
      token: session.jwt ?? '',
    })) as { jwt?: string } | null;
    if (answer?.jwt) completion = answer.jwt;
    worker.deps.log.advance(counts.uploadedFiles, assets.length);
  }
  return { jwt: completion, ...counts };
}

async function rollback(releaseId: string, worker: Worker): Promise<DeployOutcome> {
  const releases = await listReleases(worker);
  const target = releases.find((one) => one.id === releaseId || one.deploymentId === releaseId);
  if (!target)
    throw releaseUnknownFault(
      releaseId,
      releases.map((one) => one.id),
    );
  const live = releases.find((one) => one.live);
  await callCloudflare(worker.access, {
    method: 'POST',
    path: `${worker.script}/deployments`,
    json: { strategy: 'percentage', versions: [{ version_id: target.deploymentId, percentage: 100 }] },
  });
  return {
    releaseId: target.id,
    previousId: live?.id ?? null,
    uploadedFiles: 0,
    uploadedBytes: 0,
    retainedFiles: 0,
    removedReleases: [],
  };
}

async function listReleases(worker: Worker): Promise<DeployedRelease[]> {
  const answer = await callCloudflare(worker.access, {
    method: 'GET',
    path: `${worker.script}/versions`,
  }).catch((error: unknown) => {
    // Before the first deploy there is no script.
    if (error instanceof Error && /404/.test(error.message)) return { items: [] };
    throw error;
  });
  const versions = (answer as { items: ApiVersion[] }).items;
  if (versions.length === 0) return [];
  const { deployments } = (await callCloudflare(worker.access, {
    method: 'GET',
    path: `${worker.script}/deployments`,
  })) as { deployments: ApiDeployment[] };
  const liveId = deployments[0]?.versions.find((version) => version.percentage === 100)?.version_id;
  return versions.flatMap((version): DeployedRelease[] => {
    const note = readNote(version.annotations?.[MESSAGE]);
    if (note === null) return [];
    return [
      {
        id: note.releaseId,
        deploymentId: version.id,
        label: note.label,
        version: note.version,
        commit: null,
        contentHash: note.contentHash,
        deployedAt: version.metadata?.created_on ?? '',
        live: version.id === liveId,
      },
    ];
  });
}
