import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fault } from '#base/fault.ts';
import type { TestOutcome, Variables } from './contract-shapes.ts';
import { parseDefinition } from './definition.ts';
import { type Generated, generate } from './generate.ts';
import { extendLibrary, type Library } from './library.ts';
import { projectFolder } from './project-prompts.ts';
import { runPromptTests } from './prompt-tests.ts';
import { loadShipped } from './shipped.ts';

/** The shipped prompts and those of a folder on this machine, for commands that need no running server. */
export interface OfflinePrompts {
  /** Id and kind of each, sorted. */
  list(): readonly { id: string; kind: string; source: string; title: { en: string; de: string } }[];
  /** @throws prompts.unknown, prompts.variable_invalid */
  generate(promptId: string, variables: Readonly<Variables>): Generated;
  /** @throws prompts.unknown */
  test(promptIds: readonly string[]): TestOutcome[];
}

/**
 * Reads `.cds/prompts` of a folder beside what ships.
 * @throws prompts.definition_invalid that names the file
 */
export async function openPrompts(folder: string): Promise<OfflinePrompts> {
  const library = await readOwn(await loadShipped(), path.join(folder, projectFolder));
  const chosen = (promptId: string) => {
    const definition = library.get(promptId);
    if (definition === undefined) throw fault('prompts.unknown', { promptId });
    return definition;
  };
  return {
    list: () =>
      [...library.values()]
        .map(({ id, kind, source, title }) => ({ id, kind, source, title }))
        .toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    generate: (promptId, variables) => generate(library, promptId, variables),
    test: (promptIds) =>
      (promptIds.length === 0 ? [...library.values()] : promptIds.map(chosen)).flatMap((definition) =>
        runPromptTests(library, definition),
      ),
  };
}

async function readOwn(shipped: Library, folder: string): Promise<Library> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const files = names.filter((name) => name.endsWith('.prompt')).toSorted();
  const definitions = [];
  for (const name of files) {
    const text = await readFile(path.join(folder, name), 'utf8');
    try {
      definitions.push(parseDefinition(text, 'project'));
    } catch (error) {
      throw inFile(name, error);
    }
  }
  return extendLibrary(shipped, definitions);
}

function inFile(name: string, error: unknown): Error {
  const data = error instanceof Error && 'data' in error ? (error.data as Record<string, unknown>) : {};
  return fault(
    'prompts.definition_invalid',
    { line: data.line ?? 1, reason: `${name}: ${String(data.reason ?? 'unreadable')}` },
    { cause: error },
  );
}
