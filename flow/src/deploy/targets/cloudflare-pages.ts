import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { CloudflarePagesConfig } from '../config.ts';
import { releaseUnknownFault, secretMissingFault } from '../faults.ts';
import { withFileLock } from '../lock.ts';
import type { LocalRelease } from '../release.ts';
import type { DeployedRelease, DeployOutcome, DeployTarget, TargetDependencies } from '../target.ts';
import {
  base64Of,
  describeAssets,
  inBatches,
  readNote,
  type StoredAsset,
  writeNote,
} from './cloudflare-assets.ts';
import { type CloudflareAccess, callCloudflare } from './cloudflare-client.ts';
import { readJournalManifest, readRetained, writeJournal } from './cloudflare-journal.ts';

type Pages = Readonly<{
  config: CloudflarePagesConfig;
  deps: TargetDependencies;
  access: CloudflareAccess;
  project: string;
  journal: string;
}>;

/** A deployment as the API lists it; only what we read. */
type ApiDeployment = {
  id: string;
  created_on: string;
  environment: string;
  latest_stage?: { name?: string; status?: string };
  deployment_trigger?: { metadata?: { commit_message?: string; commit_hash?: string } };
};

/**
 * Cloudflare Pages by direct upload, the protocol of Cloudflare's own tool: missing files go to the asset store first, then
 * one call makes the deployment, which Cloudflare switches as a whole. Old assets are named again in the new deployment.
 */
export function createCloudflarePagesTarget(
  config: CloudflarePagesConfig,
  deps: TargetDependencies,
): DeployTarget {
  const journal = path.join(
    deps.workDir,
    'cloudflare-pages',
    `${config.accountId}-${config.project}-${config.branch.replace(/[^A-Za-z0-9-]/g, '_')}`,
  );
  const open = (): Pages => {
    const token = deps.env[config.tokenVariable];
    if (!token) throw secretMissingFault(config.tokenVariable);
    const access = { apiUrl: config.apiUrl, token, signal: deps.signal };
    return {
      config,
      deps,
      access,
      journal,
      project: `/accounts/${config.accountId}/pages/projects/${config.project}`,
    };
  };
  const locked = <T>(work: (pages: Pages) => Promise<T>): Promise<T> => {
    const pages = open();
    return withFileLock(`${journal}.lock`, deps.now, () => work(pages));
  };
  return {
    name: config.name ?? config.project,
    kind: 'cloudflare-pages',
    list: () => listReleases(open()),
    manifest: (releaseId) => readJournalManifest(journal, releaseId),
    deploy: (release) => locked((pages) => deploy(release, pages)),
    rollback: (releaseId) => locked((pages) => rollback(releaseId, pages)),
  };
}

async function deploy(release: LocalRelease, pages: Pages): Promise<DeployOutcome> {
  const { access, project, deps, config } = pages;
  const previous = (await listReleases(pages)).find((one) => one.live);
  const own = await describeAssets(release);
  const retained = await readRetained(pages.journal, release.manifest, deps.keepReleases);
  const all = [...retained, ...own];
  const hashes = [...new Set(all.map((asset) => asset.hash))];
  const { jwt } = (await callCloudflare(access, { method: 'GET', path: `${project}/upload-token` })) as {
    jwt: string;
  };
  const post = (step: string, json: unknown) =>
    callCloudflare(access, { method: 'POST', path: `/pages/assets/${step}`, json, token: jwt });
  const missing = new Set((await post('check-missing', { hashes })) as string[]);
  const sent = await upload(
    all.filter((asset) => missing.has(asset.hash)),
    { post, deps },
  );
  await post('upsert-hashes', { hashes });

  const form = new FormData();
  form.set(
    'manifest',
    JSON.stringify(Object.fromEntries(all.map((asset) => [`/${asset.path}`, asset.hash]))),
  );
  form.set('branch', config.branch);
  form.set('commit_message', writeNote(release.manifest));
  if (release.manifest.commit) form.set('commit_hash', release.manifest.commit);
  form.set('commit_dirty', String(release.manifest.dirty));
  await addConfigFiles(form, release);
  const made = (await callCloudflare(access, {
    method: 'POST',
    path: `${project}/deployments`,
    form,
  })) as ApiDeployment;
  await writeJournal(
    pages.journal,
    { deploymentId: made.id, at: deps.now().toISOString(), manifest: release.manifest, assets: own },
    deps.keepReleases,
  );
  return {
    releaseId: release.manifest.id,
    previousId: previous?.id ?? null,
    ...sent,
    retainedFiles: retained.length,
    removedReleases: [],
  };
}

/** `_headers`, `_redirects` and the like are parts of the call, not assets. */
async function addConfigFiles(form: FormData, release: LocalRelease): Promise<void> {
  for (const name of ['_headers', '_redirects']) {
    if (!release.files.some((file) => file.path === name)) continue;
    form.set(name, new Blob([new Uint8Array(await readFile(path.join(release.dir, name)))]), name);
  }
}

async function upload(
  assets: readonly StoredAsset[],
  to: { post: (step: string, json: unknown) => Promise<unknown>; deps: TargetDependencies },
): Promise<Pick<DeployOutcome, 'uploadedFiles' | 'uploadedBytes'>> {
  const unique = [...new Map(assets.map((asset) => [asset.hash, asset])).values()];
  const counts = { uploadedFiles: 0, uploadedBytes: 0 };
  for (const batch of inBatches(unique)) {
    const json = await Promise.all(
      batch.map(async (asset) => ({
        key: asset.hash,
        value: await base64Of(asset),
        metadata: { contentType: asset.mime },
        base64: true,
      })),
    );
    await to.post('upload', json);
    counts.uploadedFiles += batch.length;
    counts.uploadedBytes += batch.reduce((sum, asset) => sum + asset.sizeBytes, 0);
    to.deps.log.advance(counts.uploadedFiles, unique.length);
  }
  return counts;
}

async function rollback(releaseId: string, pages: Pages): Promise<DeployOutcome> {
  const releases = await listReleases(pages);
  const target = find(releases, releaseId);
  const live = releases.find((one) => one.live);
  await callCloudflare(pages.access, {
    method: 'POST',
    path: `${pages.project}/deployments/${encodeURIComponent(target.deploymentId)}/rollback`,
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

async function listReleases(pages: Pages): Promise<DeployedRelease[]> {
  const project = (await callCloudflare(pages.access, { method: 'GET', path: pages.project })) as {
    canonical_deployment?: { id?: string } | null;
    production_branch?: string;
  };
  const environment =
    pages.config.branch === (project.production_branch ?? 'main') ? 'production' : 'preview';
  const deployments = (await callCloudflare(pages.access, {
    method: 'GET',
    path: `${pages.project}/deployments?env=${environment}&per_page=25`,
  })) as ApiDeployment[];
  const good = deployments.filter((one) => one.latest_stage?.status !== 'failure');
  const liveId = environment === 'production' ? project.canonical_deployment?.id : good[0]?.id;
  return good.flatMap((one): DeployedRelease[] => {
    const note = readNote(one.deployment_trigger?.metadata?.commit_message);
    if (note === null) return [];
    return [
      {
        id: note.releaseId,
        deploymentId: one.id,
        label: note.label,
        version: note.version,
        commit: one.deployment_trigger?.metadata?.commit_hash || null,
        contentHash: note.contentHash,
        deployedAt: one.created_on,
        live: one.id === liveId,
      },
    ];
  });
}

function find(releases: readonly DeployedRelease[], releaseId: string): DeployedRelease {
  const found = releases.find((one) => one.id === releaseId || one.deploymentId === releaseId);
  if (found) return found;
  throw releaseUnknownFault(
    releaseId,
    releases.map((one) => one.id),
  );
}
