import type { Call, Client } from '#base/contract.ts';
import { isFault } from '#base/fault.ts';
import type { searchContract } from '#modules/search/contract.ts';
import type { TaskRow } from './task-store.ts';

const mapCharacters = 12_000;

/** Files with what they define, most important first; says how many are left out. Empty when the search is away. */
export async function projectMap(
  task: Pick<TaskRow, 'projectId' | 'task'>,
  search: Client<typeof searchContract>,
  call: Call,
): Promise<string[]> {
  try {
    const query = {
      projectId: task.projectId,
      query: task.task.slice(0, 4000),
      limitCharacters: mapCharacters,
    };
    const { files, omittedFiles } = await search.call('search.map', query, call);
    const lines = files.map(({ path, symbols }) =>
      symbols.length === 0 ? path : `${path}: ${symbols.join(', ')}`,
    );
    return omittedFiles === 0 ? lines : [...lines, `[${omittedFiles} more files are not shown]`];
  } catch (error) {
    // Without the map a model can still list and read.
    if (isFault(error, 'common.unavailable')) return [];
    throw error;
  }
}
