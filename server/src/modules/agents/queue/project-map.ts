import type { Call, Client } from '#base/contract.ts';
import { isFault } from '#base/fault.ts';
import type { searchContract } from '#modules/search/contract.ts';
import { isSecretFile } from '../changes/secret-files.ts';
import type { ProjectMap } from '../control/work.ts';
import type { TaskRow } from './task-store.ts';

const mapCharacters = 12_000;

/** Files with what they define, most important first, but those that hold secrets. Empty when the search is away. */
export async function projectMap(
  task: Pick<TaskRow, 'projectId' | 'task' | 'files'>,
  search: Client<typeof searchContract>,
  call: Call,
): Promise<ProjectMap> {
  try {
    const query = {
      projectId: task.projectId,
      query: task.task.slice(0, 4000),
      limitCharacters: mapCharacters,
    };
    const { files, omittedFiles } = await search.call('search.map', query, call);
    const shown = files.filter(({ path }) => !isSecretFile(path) || task.files.includes(path));
    const lines = shown.map(({ path, symbols }) => ({
      path,
      line: symbols.length === 0 ? path : `${path}: ${symbols.join(', ')}`,
    }));
    return { files: lines, omittedFiles };
  } catch (error) {
    // Without the map a model can still list and read.
    if (isFault(error, 'common.unavailable')) return { files: [], omittedFiles: 0 };
    throw error;
  }
}
