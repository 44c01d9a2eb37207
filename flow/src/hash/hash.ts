import { type AssetList, writeAssetList } from '../core/assets.ts';
import type { FlowContext, FlowStep, StepResult } from '../core/step.ts';
import { readSiteGraph } from './graph.ts';
import { isRenamed } from './naming.ts';
import { chooseNames } from './rename.ts';
import { writeHashed } from './write.ts';

/**
 * Step 3: puts the content's hash into the name of every asset that pages refer to, and rewrites every reference. What can't
 * be rewritten keeps working by two rules: a file that nothing refers to statically keeps its name, and one whose old name some
 * text still mentions stays reachable under it too. An address that leads nowhere stops the release.
 * @throws hash.unresolved, hash.bare_specifier, hash.not_utf8, hash.integrity_mismatch, flow.symbolic_link
 */
export const hashStep: FlowStep = {
  id: 'hash',
  title: { en: 'Name assets by content', de: 'Dateien nach Inhalt benennen' },
  run: hash,
};

async function hash(context: FlowContext): Promise<StepResult> {
  const graph = await readSiteGraph(context);
  const keep = [...context.config.hash.keep, context.config.worker.path];
  const renamed = new Set(
    graph.paths.filter((file) => !graph.relied.has(file) && isRenamed(file, graph.inbound.get(file), keep)),
  );
  const renaming = await chooseNames(graph, renamed);
  const files = await writeHashed({ context, graph, renaming });
  const list: AssetList = {
    files,
    hasManifest: [...graph.texts.values()].some((file) => file.scan.hasManifest),
    pagesWithBase: [...graph.texts.values()]
      .filter((file) => file.scan.baseHref !== null)
      .map((file) => file.path),
    worker: null,
  };
  await writeAssetList(context.releaseDir, list);
  return result(
    list,
    [...graph.links.values()].reduce((sum, links) => sum + links.length, 0),
  );
}

function result({ files }: AssetList, references: number): StepResult {
  const count = (role: string) => files.filter((file) => file.role === role).length;
  const numbers = {
    files: files.length,
    references,
    hashed: count('hashed'),
    aliases: count('alias'),
    unhashed: count('unhashed'),
    pages: count('html'),
  };
  return {
    outcome: 'done',
    summary: {
      en: `${numbers.hashed} files named by content, ${numbers.aliases} also under their old name, ${numbers.unhashed} kept theirs; ${references} references in ${numbers.pages} pages and their files.`,
      de: `${numbers.hashed} Dateien nach Inhalt benannt, ${numbers.aliases} auch unter dem alten Namen, ${numbers.unhashed} behielten ihren; ${references} Verweise in ${numbers.pages} Seiten und ihren Dateien.`,
    },
    details: numbers,
  };
}
