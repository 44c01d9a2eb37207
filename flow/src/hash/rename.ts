import { createHash } from 'node:crypto';
import { stronglyConnected } from './components.ts';
import { applyEdits, type Edit, withoutDoubles } from './edits.ts';
import type { SiteGraph } from './graph.ts';
import { hashedName } from './reference.ts';
import type { TextFile } from './site-file.ts';
import { insertionsOf, shiftInlineMap, shiftMappings } from './source-map.ts';

/** What each file becomes. */
export interface Renaming {
  /** Original path → hashed path. */
  readonly names: ReadonlyMap<string, string>;
  /** The final text of a file, with every known name in it. */
  finalText(file: TextFile): string;
  /** What `finalText` changes. */
  editsOf(file: TextFile): readonly Edit[];
}

const placeholder = '0'.repeat(12);

/**
 * Chooses the name of every file in `renamed`: the first 12 hex digits of the SHA-256 of its final content, which holds the
 * names of what it refers to. So files are named after those they refer to; files that refer to each other (circular imports,
 * a script and its source map) are hashed with zeros in the place of each other's names, all together.
 */
export async function chooseNames(graph: SiteGraph, renamed: ReadonlySet<string>): Promise<Renaming> {
  const hashes = new Map<string, string>();
  const names = new Map<string, string>();
  const scriptsOfMap = findScriptsOfMaps(graph);
  const targetsOf = (file: string) =>
    new Set((graph.links.get(file) ?? []).map((link) => link.target).filter((target) => renamed.has(target)));
  const finalText = (file: TextFile) => applyEdits(file.text, editsOf(file));

  for (const component of stronglyConnected([...renamed].sort(), targetsOf)) {
    const [only] = component;
    if (only !== undefined && component.length === 1 && !targetsOf(only).has(only)) {
      const file = graph.texts.get(only);
      const digest =
        file === undefined ? (await graph.content.sumOf(only)).sha256 : sha256(file, finalText(file));
      setName(only, digest);
    } else nameTogether(component);
  }
  return { names, finalText, editsOf };

  function nameTogether(component: string[]): void {
    component.sort();
    for (const member of component) hashes.set(member, placeholder);
    const texts = component.map((member) => graph.texts.get(member)).filter((file) => file !== undefined);
    const joint = createHash('sha256');
    for (const file of texts) joint.update(`${file.path}\0${sha256(file, finalText(file))}\n`);
    const digest = joint.digest('hex');
    for (const member of component)
      setName(member, createHash('sha256').update(`${digest}\0${member}`).digest('hex'));
  }

  function setName(file: string, digest: string): void {
    const hash = digest.slice(0, 12);
    hashes.set(file, hash);
    names.set(file, hashedName(file, hash));
  }

  function editsOf(file: TextFile): Edit[] {
    const insertions = (graph.links.get(file.path) ?? []).flatMap(({ reference, target }) => {
      const hash = renamed.has(target) ? (hashes.get(target) ?? placeholder) : null;
      return hash === null
        ? []
        : [{ start: reference.insertAt, end: reference.insertAt, text: `.h-${hash}` }];
    });
    const edits = withoutDoubles(insertions);
    for (const script of scriptsOfMap.get(file.path) ?? [])
      edits.push(...shiftMappings(file.text, insertionsOf(script.text, editsOf(script))));
    if (file.kind === 'script' || file.kind === 'css') edits.push(...shiftInlineMap(file.text, edits));
    return edits;
  }
}

/** Which scripts and style sheets a source map belongs to. */
function findScriptsOfMaps(graph: SiteGraph): Map<string, TextFile[]> {
  const scripts = new Map<string, TextFile[]>();
  for (const [owner, links] of graph.links) {
    for (const { reference, target } of links) {
      const file = graph.texts.get(owner);
      if (reference.via !== 'sourceMappingURL' || file === undefined || file.kind === 'html') continue;
      if (graph.texts.get(target)?.kind === 'source-map') scripts.set(target, [file]);
    }
  }
  return scripts;
}

function sha256(file: TextFile, text: string): string {
  return createHash('sha256').update(Buffer.from(text, file.encoding)).digest('hex');
}
