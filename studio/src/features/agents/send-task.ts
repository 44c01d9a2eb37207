import { rpc } from '../../rpc/client.ts';
import { splitCommand } from '../run/command-line.ts';
import { refreshTask } from './agent-queries.ts';
import { clearDraft, type Draft, dispatchOf, taskTextOf } from './draft.ts';

const hitsPerSearch = 8;
const charactersPerSearch = 4_000;

/** What a search in the project finds, as lines that an agent can read. */
async function findingsOf(projectId: string, query: string): Promise<string> {
  const { results } = await rpc.call('search.code', {
    projectId,
    query,
    limit: hitsPerSearch,
    contextLines: 1,
  });
  const lines = results.flatMap(({ path, lines: found }) =>
    found.slice(0, 3).map(({ line, text }) => `- ${path}:${line} ${text.trim()}`),
  );
  const text = lines.length === 0 ? '- nothing' : lines.join('\n');
  return `Found for ${query}:\n${text.slice(0, charactersPerSearch)}`;
}

/** Gives the task that a draft describes. The draft is emptied only when the server has it. @throws RpcFault */
export async function sendTask(projectId: string, draft: Draft): Promise<string> {
  const queries = draft.chips.flatMap((chip) => (chip.kind === 'search' ? [chip.query] : []));
  const found = await Promise.all(queries.map((query) => findingsOf(projectId, query)));
  const { taskId } = await rpc.call(
    'agent.dispatch',
    dispatchOf(projectId, draft, { task: taskTextOf(draft, found), command: splitCommand(draft.command) }),
  );
  clearDraft(projectId);
  await refreshTask(projectId, taskId);
  return taskId;
}
