import { rpc } from '../../rpc/client.ts';
import type { Params } from '../../rpc/contracts.ts';
import { isRpcFault } from '../../rpc/fault.ts';
import { readStored, writeStored } from '../../ui/local-storage.ts';
import { createStore, type Store } from '../../ui/store.ts';
import type { Conflict, Task, Written } from './agent-queries.ts';
import type { Choice, Choices } from './conflict-choices.ts';

export type Decisions = NonNullable<Params<'agent.apply'>['decisions']>;

/** What is to become of a change: applied in whole or in part, taken back, or brought back. */
export interface ChangeRequest {
  readonly action: 'apply' | 'rollback' | 'redo';
  /** All that it touches; undefined is everything. */
  readonly paths?: readonly string[];
  readonly hunks?: Readonly<Record<string, readonly number[]>>;
  readonly decisions?: Decisions;
  /** Applies although the agent's check fails for the project as it would be. */
  readonly insist?: boolean;
}

export interface OpenConflict {
  readonly request: ChangeRequest;
  readonly conflicts: readonly Conflict[];
}

/** What this device keeps of a conflict: what was asked for, and what was chosen about which content. */
interface Kept {
  readonly request: ChangeRequest;
  readonly choices: Readonly<
    Record<string, { readonly presentHash: string | null; readonly choice: Choice }>
  >;
}

/** The change was decided elsewhere, or is gone. */
const over: ReadonlySet<string> = new Set([
  'agents.state_wrong',
  'agents.task_unknown',
  'agents.file_unknown',
  'agents.hunk_unknown',
]);
const keyOf = (taskId: string) => `cds.agents.conflict.${taskId}`;
const stores = new Map<string, Store<OpenConflict | undefined>>();

/** The conflict that a task's user is deciding about. It survives a reload: see `restoreConflict`. */
export function conflictOf(taskId: string): Store<OpenConflict | undefined> {
  const known = stores.get(taskId);
  if (known !== undefined) return known;
  const store = createStore<OpenConflict | undefined>(undefined);
  store.subscribe(() => {
    const open = store.get();
    const choices = readStored<Kept>(keyOf(taskId))?.choices ?? {};
    writeStored(
      keyOf(taskId),
      open === undefined ? null : ({ request: open.request, choices } satisfies Kept),
    );
  });
  stores.set(taskId, store);
  return store;
}

/** Asks the server for it; with `preview` it tells what would come of it and writes nothing. @throws RpcFault */
export function request(
  { taskId }: Pick<Task, 'taskId'>,
  { action, paths, hunks, decisions, insist = false }: ChangeRequest,
  preview = false,
): Promise<Written> {
  const params = {
    taskId,
    preview,
    ...(paths === undefined ? {} : { paths: [...paths] }),
    ...(decisions === undefined ? {} : { decisions }),
  };
  if (action === 'rollback') return rpc.call('agent.rollback', params);
  if (action === 'redo') return rpc.call('agent.redo', params);
  const chosen = Object.entries(hunks ?? {}).map(
    ([path, numbers]) => [path, [...numbers]] as [string, number[]],
  );
  return rpc.call('agent.apply', { ...params, insist, hunks: Object.fromEntries(chosen) });
}

/**
 * Opens the conflict again that was being decided when the page went away, as it is now: the files may be others since.
 * One that is none any more is forgotten; without the server it waits for the next time.
 */
export async function restoreConflict(task: Pick<Task, 'taskId'>): Promise<void> {
  const kept = readStored<Kept>(keyOf(task.taskId));
  const store = conflictOf(task.taskId);
  if (kept === null || store.get() !== undefined) return;
  try {
    const { conflicts } = await request(task, kept.request, true);
    if (store.get() !== undefined) return;
    if (conflicts.length > 0) store.set({ request: kept.request, conflicts });
    else writeStored(keyOf(task.taskId), null);
  } catch (error) {
    if (isRpcFault(error) && over.has(error.code)) writeStored(keyOf(task.taskId), null);
  }
}

/** What was chosen before a reload, for the files that are still the ones that were looked at. */
export function keptChoices(taskId: string, conflicts: readonly Conflict[]): Choices {
  const choices = readStored<Kept>(keyOf(taskId))?.choices ?? {};
  return Object.fromEntries(
    conflicts.flatMap(({ path, presentHash }) => {
      const kept = Object.hasOwn(choices, path) ? choices[path] : undefined;
      return kept !== undefined && kept.presentHash === presentHash ? [[path, kept.choice]] : [];
    }),
  );
}

/** Keeps what is chosen so far. */
export function keepChoices(
  taskId: string,
  { request: asked, conflicts }: OpenConflict,
  choices: Choices,
): void {
  const kept = conflicts.flatMap(({ path, presentHash }) => {
    const choice = choices[path];
    return choice === undefined ? [] : [[path, { presentHash, choice }] as const];
  });
  writeStored(keyOf(taskId), { request: asked, choices: Object.fromEntries(kept) } satisfies Kept);
}
