import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { blake3 } from '@noble/hashes/blake3.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { FlowFault } from '../../core/fault.ts';
import type { ReleaseFile, ReleaseManifest } from '../../core/layout.ts';
import type { LocalRelease } from '../release.ts';

/** Cloudflare's limits for one file and one deployment (Pages and Workers, free plan). */
const MOST_FILE_BYTES = 25 * 1024 * 1024;
const MOST_FILES = 20_000;
/** A batch of uploads: what wrangler sends at once. */
const MOST_BATCH_BYTES = 40 * 1024 * 1024;
const MOST_BATCH_FILES = 2_000;

/** A file as Cloudflare's asset store knows it. `file` is where its bytes are on this machine. */
export type StoredAsset = Readonly<{
  path: string;
  hash: string;
  sizeBytes: number;
  mime: string;
  file: string;
}>;

/**
 * The files of a release that Cloudflare stores, with the key its tools give them: the first 32 hex digits of BLAKE3 over
 * the content in base64 and the extension. `_headers` and `_redirects` travel apart.
 * @throws deploy.file_too_large, deploy.too_many_files
 */
export async function describeAssets(release: LocalRelease): Promise<StoredAsset[]> {
  const served = release.files.filter((file) => file.role !== 'config');
  if (served.length > MOST_FILES) throw tooManyFault(served.length);
  const assets: StoredAsset[] = [];
  for (const file of served) {
    if (file.sizeBytes > MOST_FILE_BYTES) throw tooLargeFault(file);
    const source = path.join(release.dir, file.path);
    const content = await readFile(source);
    assets.push({
      path: file.path,
      hash: assetKey(content, file.path),
      sizeBytes: file.sizeBytes,
      mime: file.mime,
      file: source,
    });
  }
  return assets;
}

/** The key of a file in Cloudflare's asset store. */
export function assetKey(content: Buffer, name: string): string {
  const extension = path.extname(name).slice(1);
  return bytesToHex(blake3(Buffer.from(content.toString('base64') + extension))).slice(0, 32);
}

/** Splits uploads by count and size; a file above the size limit of a batch stands alone. */
export function inBatches(assets: readonly StoredAsset[]): StoredAsset[][] {
  const batches: StoredAsset[][] = [];
  let bytes = 0;
  for (const asset of assets) {
    const current = batches.at(-1);
    const full = !current || current.length >= MOST_BATCH_FILES || bytes + asset.sizeBytes > MOST_BATCH_BYTES;
    if (full) {
      batches.push([asset]);
      bytes = asset.sizeBytes;
    } else {
      current.push(asset);
      bytes += asset.sizeBytes;
    }
  }
  return batches;
}

/** The content of a file in base64, as both upload calls want it. */
export async function base64Of(asset: StoredAsset): Promise<string> {
  return (await readFile(asset.file)).toString('base64');
}

/** What a deployment's message says of it: Cloudflare keeps a text per deployment and nothing else of ours. */
export type DeploymentNote = Readonly<{
  releaseId: string;
  label: string;
  version: string | null;
  contentHash: string;
}>;

/** The text for a deployment's message. */
export function writeNote(manifest: ReleaseManifest): string {
  const { id, label, version, contentHash } = manifest;
  return `cds:${JSON.stringify([id, label.slice(0, 80), version, contentHash])}`;
}

/** null when the text is not from us. */
export function readNote(text: string | undefined): DeploymentNote | null {
  if (!text?.startsWith('cds:')) return null;
  try {
    const [releaseId, label, version, contentHash] = JSON.parse(text.slice(4)) as [
      string,
      string,
      string | null,
      string,
    ];
    return { releaseId, label, version, contentHash };
  } catch {
    return null;
  }
}

function tooLargeFault(file: ReleaseFile): FlowFault {
  const megabytes = (file.sizeBytes / 1024 / 1024).toFixed(1);
  return new FlowFault('deploy.file_too_large', {
    file: file.path,
    text: {
      en: `${file.path} is ${megabytes} MiB; Cloudflare takes at most 25 MiB a file.`,
      de: `${file.path} ist ${megabytes} MiB groß; Cloudflare nimmt höchstens 25 MiB je Datei.`,
    },
    fix: {
      en: 'Serve it from S3-compatible storage, or make it smaller.',
      de: 'Von S3-kompatiblem Speicher ausliefern oder verkleinern.',
    },
  });
}

function tooManyFault(count: number): FlowFault {
  return new FlowFault('deploy.too_many_files', {
    text: {
      en: `The release has ${count} files; Cloudflare takes at most ${MOST_FILES}.`,
      de: `Das Release hat ${count} Dateien; Cloudflare nimmt höchstens ${MOST_FILES}.`,
    },
    fix: { en: 'Deploy to another kind of target.', de: 'An eine andere Art von Ziel deployen.' },
  });
}
