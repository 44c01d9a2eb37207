import { fault, fillText, isFault } from '#base/fault.ts';
import { listWorkspaceFolder } from '#kernel/files/entry.ts';
import { readWorkspaceFile } from '#kernel/files/read.ts';
import type { Workspace } from '#kernel/files/workspace.ts';
import { promptFaults } from './contract-faults.ts';
import { type Definition, parseDefinition } from './definition.ts';
import { extendLibrary, type Library } from './library.ts';

/** Where a project keeps its own prompts. */
export const projectFolder = '.cds/prompts';

export const promptFileBytes = 256 * 1024;
const mostFiles = 500;

export interface ProjectLibrary {
  readonly library: Library;
  /** Files that are no valid prompts, and why. */
  readonly problems: readonly { file: string; reason: string }[];
}

/** Adds a project's own prompts to those that ship. A broken file is told, and hides no other. */
export async function loadProjectPrompts(shipped: Library, workspace: Workspace): Promise<ProjectLibrary> {
  const problems: { file: string; reason: string }[] = [];
  const found: { file: string; definition: Definition }[] = [];
  for (const file of await promptFiles(workspace)) {
    try {
      const { content } = await readWorkspaceFile(workspace, `${projectFolder}/${file}`, {
        limitBytes: promptFileBytes,
      });
      found.push({ file, definition: parseDefinition(content.toString('utf8'), 'project') });
    } catch (error) {
      problems.push({ file, reason: reasonOf(error) });
    }
  }
  return { ...addOneByOne(shipped, found, problems), problems };
}

/** In rounds, since one file may call another that comes later in the folder. */
function addOneByOne(
  shipped: Library,
  found: readonly { file: string; definition: Definition }[],
  problems: { file: string; reason: string }[],
): { library: Library } {
  let library = shipped;
  let waiting = found;
  for (;;) {
    const failed: { entry: (typeof found)[number]; reason: string }[] = [];
    for (const entry of waiting) {
      try {
        library = extendLibrary(library, [entry.definition]);
      } catch (error) {
        failed.push({ entry, reason: reasonOf(error) });
      }
    }
    if (failed.length === waiting.length) {
      problems.push(...failed.map(({ entry, reason }) => ({ file: entry.file, reason })));
      return { library };
    }
    waiting = failed.map(({ entry }) => entry);
  }
}

async function promptFiles(workspace: Workspace): Promise<string[]> {
  try {
    const { entries } = await listWorkspaceFolder(workspace, projectFolder, {
      recursive: false,
      limit: mostFiles,
      skip: [],
    });
    return entries
      .map((entry) => entry.path.slice(projectFolder.length + 1))
      .filter((name) => name.endsWith('.prompt'));
  } catch (error) {
    if (isFault(error, 'files.not_found') || isFault(error, 'files.not_a_folder')) return [];
    throw error;
  }
}

function reasonOf(error: unknown): string {
  if (!isFault(error)) throw error;
  const definition = Object.hasOwn(promptFaults, error.code)
    ? promptFaults[error.code as keyof typeof promptFaults]
    : undefined;
  return definition === undefined ? error.code : fillText(definition.detail.en, error.data);
}

/** The file of a prompt in its project. */
export function projectPathOf(promptId: string): string {
  return `${projectFolder}/${promptId}.prompt`;
}

/**
 * The library with this definition in place of the project's own of the same id.
 * @throws prompts.exists when the id ships, or is taken and `overwrite` is not set; prompts.definition_invalid
 */
export function withImported(
  { library }: ProjectLibrary,
  definition: Definition,
  overwrite: boolean,
): Library {
  const present = library.get(definition.id);
  if (present === undefined) return extendLibrary(library, [definition]);
  if (present.source === 'shipped' || !overwrite) throw fault('prompts.exists', { promptId: definition.id });
  const others = new Map(library);
  others.delete(definition.id);
  return extendLibrary(others, [definition]);
}
