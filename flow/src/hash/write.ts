import { createHash } from 'node:crypto';
import { copyFile, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { AssetEntry } from '../core/assets.ts';
import { type FlowFault, throwAll } from '../core/fault.ts';
import type { FileRole } from '../core/layout.ts';
import type { FlowContext } from '../core/step.ts';
import { inParallel } from '../deploy/in-parallel.ts';
import { FILES_AT_ONCE, hashFile } from '../deploy/release.ts';
import { createMentionFinder } from './aliases.ts';
import { applyEdits, type Edit } from './edits.ts';
import { integrityFault } from './faults.ts';
import { referrerOf, type SiteGraph } from './graph.ts';
import { fitsIntegrity, renewIntegrity } from './integrity.ts';
import { isAskedByHabit, isHostFile } from './naming.ts';
import type { Renaming } from './rename.ts';
import type { TextFile } from './site-file.ts';

export interface WriteRequest {
  readonly context: FlowContext;
  readonly graph: SiteGraph;
  readonly renaming: Renaming;
}

/**
 * Brings the folder into its final form: texts rewritten, hashed files under their new names, and copies under the old one
 * where a text still mentions it. Returns every file with its role.
 * @throws hash.integrity_mismatch
 */
export async function writeHashed(request: WriteRequest): Promise<AssetEntry[]> {
  const { context, graph, renaming } = request;
  const finals = new Map<string, string>();
  for (const file of graph.texts.values()) finals.set(file.path, renaming.finalText(file));
  await renewIntegrityValues(request, finals);
  const aliases = findAliases(graph, renaming, finals);
  const entries: AssetEntry[] = [];
  await inParallel(graph.paths, FILES_AT_ONCE, async (file) => {
    context.signal.throwIfAborted();
    const text = graph.texts.get(file);
    const final = finals.get(file);
    const at = { file, isAlias: aliases.has(file) };
    if (text !== undefined && final !== undefined)
      entries.push(...(await writeText(request, at, { text, final })));
    else entries.push(...(await moveBinary(request, at)));
  });
  return entries;
}

interface Placed {
  readonly file: string;
  readonly isAlias: boolean;
}

async function writeText(
  request: WriteRequest,
  at: Placed,
  content: { text: TextFile; final: string },
): Promise<AssetEntry[]> {
  const { context, renaming } = request;
  const bytes = Buffer.from(content.final, content.text.encoding);
  const oldPath = path.join(context.releaseDir, at.file);
  const newName = renaming.names.get(at.file);
  const changed = content.final !== content.text.text || content.text.isConverted;
  const sum = { sha256: createHash('sha256').update(bytes).digest('hex'), sizeBytes: bytes.length };
  if (newName === undefined) {
    if (changed) await writeFile(oldPath, bytes);
    return [{ path: at.file, role: roleOf(request, at.file), ...sum }];
  }
  await writeFile(path.join(context.releaseDir, newName), bytes);
  if (!at.isAlias) await rm(oldPath);
  else if (changed) await writeFile(oldPath, bytes);
  return entriesOf(at, newName, sum);
}

async function moveBinary(request: WriteRequest, at: Placed): Promise<AssetEntry[]> {
  const { context, renaming } = request;
  const oldPath = path.join(context.releaseDir, at.file);
  const sum = await hashFile(oldPath);
  const newName = renaming.names.get(at.file);
  if (newName === undefined) return [{ path: at.file, role: roleOf(request, at.file), ...sum }];
  const newPath = path.join(context.releaseDir, newName);
  if (at.isAlias) await copyFile(oldPath, newPath);
  else await rename(oldPath, newPath);
  return entriesOf(at, newName, sum);
}

function entriesOf(at: Placed, newName: string, sum: { sha256: string; sizeBytes: number }): AssetEntry[] {
  const hashed: AssetEntry = { path: newName, role: 'hashed', original: at.file, ...sum };
  return at.isAlias ? [hashed, { path: at.file, role: 'alias', original: at.file, ...sum }] : [hashed];
}

function roleOf({ graph }: WriteRequest, file: string): FileRole {
  if (isHostFile(file)) return 'config';
  if (graph.ownWorkers.has(file)) return 'worker';
  return /\.x?html?$/i.test(file) ? 'html' : 'unhashed';
}

/** Files that some text of the release still mentions by their old name, and those that browsers ask for by habit. */
function findAliases(graph: SiteGraph, renaming: Renaming, finals: ReadonlyMap<string, string>): Set<string> {
  const originals = [...renaming.names.keys()];
  const mentions = createMentionFinder(originals);
  const prefixes = new Set<string>();
  for (const file of graph.texts.values()) {
    // A source map holds whole sources, which nobody runs.
    if (file.kind === 'source-map') continue;
    mentions.read(finals.get(file.path) ?? '');
    for (const prefix of file.scan.dynamicPrefixes) prefixes.add(prefix);
  }
  for (const prefix of prefixes) mentions.readPrefix(prefix);
  return new Set([...mentions.mentioned(), ...originals.filter(isAskedByHabit)]);
}

/** Digests follow the bytes they protect; pages come last, so what they protect is final. */
async function renewIntegrityValues(request: WriteRequest, finals: Map<string, string>): Promise<void> {
  const { context, graph } = request;
  const faults: FlowFault[] = [];
  for (const file of graph.texts.values()) {
    const edits: Edit[] = [];
    for (const mark of file.scan.integrity) {
      const destination = graph.resolver.resolve(referrerOf(file), { url: mark.url, specifier: false });
      if (destination.kind !== 'file') continue;
      const target = graph.texts.get(destination.path);
      const source = await readFile(path.join(context.releaseDir, destination.path));
      if (!fitsIntegrity(mark.value, source)) faults.push(integrityFault(file, mark.start, mark.url));
      if (target === undefined) continue;
      const final = Buffer.from(finals.get(target.path) ?? '', target.encoding);
      const renewed = renewIntegrity(mark.value, final);
      if (renewed !== mark.value) edits.push({ start: mark.start, end: mark.end, text: renewed });
    }
    if (edits.length > 0)
      finals.set(file.path, applyEdits(file.text, [...request.renaming.editsOf(file), ...edits]));
  }
  throwAll(faults);
}
