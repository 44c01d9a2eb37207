import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type AssetEntry, type AssetList, readAssetList } from '../core/assets.ts';
import { FlowFault } from '../core/fault.ts';
import {
  buildInfoName,
  checksumsName,
  contentTimeSeconds,
  minisignSignatureName,
  provenanceName,
  type ReleaseFile,
  type ReleaseManifest,
  releaseManifestName,
  sbomName,
  sshSignatureName,
} from '../core/layout.ts';
import { mediaTypeOf } from '../core/media-types.ts';
import { bodyEnd, isDocument } from '../core/page-edits.ts';
import { contentOf } from '../core/release-content.ts';
import type { FlowContext, FlowStep, StepResult } from '../core/step.ts';
import { renderChecksums } from './checksums.ts';
import { renderHostHeaders } from './host-headers.ts';
import { labelPage, releaseId, releaseLabel } from './label.ts';
import { renderProvenance } from './provenance.ts';
import { renderSbom } from './sbom.ts';
import { signRelease } from './sign.ts';
import { readSourceInfo, type SourceInfo } from './source-info.ts';

/**
 * Step 5: says what the release is. The label comes first, then the manifest with the SHA-256 of every file, provenance,
 * SHA256SUMS over all of them, and the signature of the sums. Each byte depends on the commit alone: not on the time, the
 * machine or the folder. Without `useGit`, git never runs in the site's folder, whose settings a stranger may have written.
 * @throws metadata.name_taken, metadata.key_missing, metadata.sign_failed
 */
export function createMetadataStep(options: { readonly useGit: boolean } = { useGit: true }): FlowStep {
  return {
    id: 'metadata',
    title: { en: 'Label, sums, provenance', de: 'Kennung, Summen, Herkunft' },
    run: (context) => run(context, options.useGit),
  };
}

const ownNames = [
  releaseManifestName,
  buildInfoName,
  sbomName,
  provenanceName,
  checksumsName,
  sshSignatureName,
  minisignSignatureName,
];

async function run(context: FlowContext, useGit: boolean): Promise<StepResult> {
  const list = await readAssetList(context.releaseDir);
  const taken = list.files.find((file) => ownNames.includes(file.path));
  if (taken !== undefined) throw nameTakenFault(taken.path);
  const source = await readSourceInfo(context, useGit);
  const contentHash = contentHashOf(list.files);
  const identity = { id: releaseId(source, contentHash), label: releaseLabel(source, contentHash) };
  const files = (await labelPages(context, list.files, identity.label)).map(describe);
  const headers = renderHostHeaders(context, files);
  if (headers !== null) await putFile(context, files, { path: '_headers', role: 'config', text: headers });
  const facts = {
    ...identity,
    version: source.version,
    commit: source.commit,
    dirty: source.dirty,
    committedAt: source.committedAt,
    contentHash,
  };
  await putFile(context, files, {
    path: buildInfoName,
    role: 'metadata',
    text: json({ formatVersion: 1, ...facts, worker: list.worker }),
  });
  const sbom = await renderSbom({
    rootDir: context.rootDir,
    source,
    contentHash,
    hasWorker: list.worker?.kind === 'worker',
  });
  await putFile(context, files, { path: sbomName, role: 'metadata', text: sbom });
  const manifest: ReleaseManifest = {
    formatVersion: 1,
    ...facts,
    siteUrl: siteUrlOf(context),
    worker: list.worker,
    files: sorted(files),
  };
  settle(context, manifest);
  const signature = await seal(context, manifest, source);
  return result(manifest, list, signature);
}

/** Writes manifest, provenance, sums and signature: each speaks for those before it. */
async function seal(
  context: FlowContext,
  manifest: ReleaseManifest,
  source: SourceInfo,
): Promise<string | null> {
  const manifestText = json(manifest);
  const provenance = await renderProvenance({ context, source, manifestText });
  const sums = new Map(manifest.files.map((file) => [file.path, file.sha256]));
  for (const [name, text] of [
    [releaseManifestName, manifestText],
    [provenanceName, provenance],
  ] as const) {
    await writeFile(path.join(context.releaseDir, name), text);
    sums.set(name, sha256(Buffer.from(text)));
  }
  await writeFile(path.join(context.releaseDir, checksumsName), renderChecksums(sums));
  return signRelease(context, manifest.id);
}

/** Times come from the content and modes are the usual ones, whatever the umask: both travel with rsync, tar and ETags. */
function settle(context: FlowContext, manifest: ReleaseManifest): void {
  const times = new Map(manifest.files.map((file) => [file.path, contentTimeSeconds(file.sha256)]));
  contentOf(context).settle((file) => times.get(file) ?? null);
}

async function labelPages(
  context: FlowContext,
  files: readonly AssetEntry[],
  label: string,
): Promise<AssetEntry[]> {
  if (!context.config.metadata.footer) return [...files];
  const labelled: AssetEntry[] = [];
  for (const file of files) {
    context.signal.throwIfAborted();
    labelled.push(file.role === 'html' ? await writeLabel(context, file, label) : file);
  }
  return labelled;
}

async function writeLabel(context: FlowContext, file: AssetEntry, label: string): Promise<AssetEntry> {
  const content = contentOf(context);
  const text = content.read(file.path).toString('latin1');
  if (!isDocument(text)) return file;
  content.put(file.path, Buffer.from(labelPage(text, label, bodyEnd), 'latin1'));
  return { ...file, ...(await content.sumOf(file.path)) };
}

function describe(file: AssetEntry): ReleaseFile {
  return { ...file, mime: mediaTypeOf(file.path) };
}

async function putFile(
  context: FlowContext,
  files: ReleaseFile[],
  file: { path: string; role: ReleaseFile['role']; text: string },
): Promise<void> {
  const content = contentOf(context);
  content.put(file.path, Buffer.from(file.text));
  const entry: ReleaseFile = {
    path: file.path,
    role: file.role,
    ...(await content.sumOf(file.path)),
    mime: file.role === 'config' ? 'text/plain; charset=utf-8' : mediaTypeOf(file.path),
  };
  const index = files.findIndex((one) => one.path === file.path);
  if (index === -1) files.push(entry);
  else files[index] = entry;
}

/** The content without its label: what two builds of different commits share when nothing that visitors get has changed. */
function contentHashOf(files: readonly AssetEntry[]): string {
  const lines = files.map((file) => `${file.path}\0${file.sha256}\n`).sort();
  return sha256(Buffer.from(lines.join('')));
}

function siteUrlOf(context: FlowContext): string | null {
  const { url } = context.config.site;
  return url === undefined ? null : url.endsWith('/') ? url : `${url}/`;
}

function sorted(files: readonly ReleaseFile[]): ReleaseFile[] {
  return [...files].sort((a, b) => (a.path < b.path ? -1 : 1));
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 1)}\n`;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function result(manifest: ReleaseManifest, list: AssetList, signature: string | null): StepResult {
  const bytes = manifest.files.reduce((sum, file) => sum + file.sizeBytes, 0);
  const signed = {
    en: signature === null ? 'not signed' : 'signed',
    de: signature === null ? 'nicht signiert' : 'signiert',
  };
  return {
    outcome: 'done',
    summary: {
      en: `${manifest.id}: ${manifest.files.length} files, ${Math.ceil(bytes / 1024)} KiB, ${signed.en}.`,
      de: `${manifest.id}: ${manifest.files.length} Dateien, ${Math.ceil(bytes / 1024)} KiB, ${signed.de}.`,
    },
    details: {
      releaseId: manifest.id,
      label: manifest.label,
      contentHash: manifest.contentHash,
      commit: manifest.commit,
      dirty: manifest.dirty,
      files: manifest.files.length,
      bytes,
      signature,
      worker: list.worker?.version ?? null,
    },
  };
}

function nameTakenFault(file: string): FlowFault {
  return new FlowFault('metadata.name_taken', {
    file,
    text: {
      en: `The site has a file ${file}, and the release writes one of that name.`,
      de: `Die Website hat eine Datei ${file}, und das Release schreibt eine dieses Namens.`,
    },
    fix: { en: 'Rename the file of the site.', de: 'Die Datei der Website umbenennen.' },
  });
}
