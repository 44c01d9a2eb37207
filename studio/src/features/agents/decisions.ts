import { readStored, writeStored } from '../../ui/local-storage.ts';
import { createStore, type Store } from '../../ui/store.ts';
import type { Applied } from './applied.ts';
import { isApplied } from './applied.ts';

export type Verdict = 'accepted' | 'refused';
/** Per file and change number; what is not in it is undecided. */
export type Verdicts = Readonly<Record<string, Readonly<Record<number, Verdict>>>>;

const stores = new Map<string, Store<Verdicts>>();
const keyOf = (taskId: string) => `cds.agents.verdicts.${taskId}`;

/** What was decided about a task's changes and not yet applied; it survives a reload. */
export function verdictsOf(taskId: string): Store<Verdicts> {
  const known = stores.get(taskId);
  if (known !== undefined) return known;
  const store = createStore<Verdicts>(readStored<Verdicts>(keyOf(taskId)) ?? {});
  store.subscribe(() => writeStored(keyOf(taskId), store.get()));
  stores.set(taskId, store);
  return store;
}

/** The same verdict again takes it back. */
export function decide(store: Store<Verdicts>, path: string, given: Readonly<Record<number, Verdict>>): void {
  store.set((before) => ({ ...before, [path]: { ...before[path], ...given } }));
}

export function undecide(store: Store<Verdicts>, path: string, number: number): void {
  store.set((before) => {
    const { [number]: _gone, ...rest } = before[path] ?? {};
    return { ...before, [path]: rest };
  });
}

export interface FileChanges {
  readonly path: string;
  readonly numbers: readonly number[];
}

/** What `agent.apply` takes: files of which everything was accepted as a whole, others by their numbers. */
export function selectionOf(
  files: readonly FileChanges[],
  verdicts: Verdicts,
  applied: Applied,
): { readonly paths: string[]; readonly hunks: Record<string, number[]>; readonly count: number } {
  const hunks: Record<string, number[]> = {};
  let count = 0;
  for (const { path, numbers } of files) {
    const chosen = numbers.filter(
      (number) => verdicts[path]?.[number] === 'accepted' && !isApplied(applied, path, number),
    );
    if (chosen.length === 0) continue;
    hunks[path] = chosen;
    count += chosen.length;
  }
  return { paths: Object.keys(hunks), hunks, count };
}
