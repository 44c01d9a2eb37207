import { setImmediate } from 'node:timers/promises';
import type { AssetEntry } from '../core/assets.ts';
import { type FlowFault, throwAll } from '../core/fault.ts';
import type { FileRole } from '../core/layout.ts';
import type { FlowContext } from '../core/step.ts';
import { createMentionFinder } from './aliases.ts';
import { applyEdits, type Edit } from './edits.ts';
import { integrityFault } from './faults.ts';
import { referrerOf, type SiteGraph } from './graph.ts';
import { fitsIntegrity, renewIntegrity } from './integrity.ts';
import { isAskedByHabit, isHostFile } from './naming.ts';
import type { Renaming } from './rename.ts';
import type { TextFile } from './site-file.ts';

const FILES_BETWEEN_PAUSES = 64;

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
  const integrityEdits = await renewIntegrityValues(request);
  const editsOf = (file: TextFile): readonly Edit[] => {
    const edits = renaming.editsOf(file);
    const more = integrityEdits.get(file.path);
    return more === undefined ? edits : [...edits, ...more];
  };
  const aliases = findAliases(graph, renaming, editsOf);
  // The edits of a source map depend on the text of its script, so both are made before either is written.
  const assets = new Map<string, Buffer | null>();
  for (const file of graph.texts.values())
    if (file.kind !== 'html') assets.set(file.path, finalBytes(file, editsOf(file)));
  const entries: AssetEntry[] = [];
  for (const [index, file] of graph.paths.entries()) {
    if (index % FILES_BETWEEN_PAUSES === 0) await setImmediate();
    context.signal.throwIfAborted();
    const page = graph.texts.get(file);
    const bytes = assets.get(file) ?? (page?.kind === 'html' ? finalBytes(page, editsOf(page)) : null);
    if (bytes !== null) graph.content.put(file, bytes);
    entries.push(...(await rename(request, file, aliases.has(file))));
  }
  return entries;
}

/** The bytes of a text with its edits; null when they are those that it had. */
function finalBytes(file: TextFile, edits: readonly Edit[]): Buffer | null {
  if (edits.length === 0 && !file.isConverted) return null;
  return Buffer.from(applyEdits(file.text, edits), file.encoding);
}

async function rename(request: WriteRequest, file: string, isAlias: boolean): Promise<AssetEntry[]> {
  const { graph, renaming } = request;
  const sum = await graph.content.sumOf(file);
  const newName = renaming.names.get(file);
  if (newName === undefined) return [{ path: file, role: roleOf(request, file), ...sum }];
  if (isAlias) graph.content.copy(file, newName);
  else graph.content.rename(file, newName);
  return entriesOf({ file, isAlias }, newName, sum);
}

function entriesOf(
  at: { file: string; isAlias: boolean },
  newName: string,
  sum: { sha256: string; sizeBytes: number },
): AssetEntry[] {
  const hashed: AssetEntry = { path: newName, role: 'hashed', original: at.file, ...sum };
  return at.isAlias ? [hashed, { path: at.file, role: 'alias', original: at.file, ...sum }] : [hashed];
}

function roleOf({ graph }: WriteRequest, file: string): FileRole {
  if (isHostFile(file)) return 'config';
  if (graph.ownWorkers.has(file)) return 'worker';
  return /\.x?html?$/i.test(file) ? 'html' : 'unhashed';
}

/** Files that some text of the release still mentions by their old name, and those that browsers ask for by habit. */
function findAliases(
  graph: SiteGraph,
  renaming: Renaming,
  editsOf: (file: TextFile) => readonly Edit[],
): Set<string> {
  const originals = [...renaming.names.keys()];
  const mentions = createMentionFinder(originals);
  const prefixes = new Set<string>();
  for (const file of graph.texts.values()) {
    // A source map holds whole sources, which nobody runs.
    if (file.kind === 'source-map') continue;
    const edits = editsOf(file);
    const rewritten = new Set(edits.map((edit) => edit.start));
    mentions.read(file.scan.mentions, rewritten, () => applyEdits(file.text, edits));
    for (const prefix of file.scan.dynamicPrefixes) prefixes.add(prefix);
  }
  for (const prefix of prefixes) mentions.readPrefix(prefix);
  return new Set([...mentions.mentioned(), ...originals.filter(isAskedByHabit)]);
}

/** Digests follow the bytes they protect. */
async function renewIntegrityValues(request: WriteRequest): Promise<Map<string, Edit[]>> {
  const { graph, renaming } = request;
  const faults: FlowFault[] = [];
  const renewed = new Map<string, Edit[]>();
  for (const file of graph.texts.values()) {
    const edits: Edit[] = [];
    for (const mark of file.scan.integrity) {
      const destination = graph.resolver.resolve(referrerOf(file), { url: mark.url, specifier: false });
      if (destination.kind !== 'file') continue;
      const target = graph.texts.get(destination.path);
      if (!fitsIntegrity(mark.value, graph.content.read(destination.path)))
        faults.push(integrityFault(file, mark.start, mark.url));
      if (target === undefined) continue;
      const value = renewIntegrity(mark.value, Buffer.from(renaming.finalText(target), target.encoding));
      if (value !== mark.value) edits.push({ start: mark.start, end: mark.end, text: value });
    }
    if (edits.length > 0) renewed.set(file.path, edits);
  }
  throwAll(faults);
  return renewed;
}
