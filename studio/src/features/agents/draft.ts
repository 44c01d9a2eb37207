import type { Params } from '../../rpc/contracts.ts';
import { readStored, writeStored } from '../../ui/local-storage.ts';
import { createStore, type Store } from '../../ui/store.ts';
import type { AgentName } from './agent-names.ts';

/** What a task is to know beside its words. */
export type Chip =
  | { readonly kind: 'file'; readonly path: string }
  | {
      readonly kind: 'selection';
      readonly path: string;
      readonly startLine: number;
      readonly endLine: number;
      readonly text: string;
    }
  | { readonly kind: 'search'; readonly query: string };

export interface Draft {
  readonly text: string;
  readonly agent: AgentName;
  /** Undefined is the platform's choice. */
  readonly model: string | undefined;
  readonly chips: readonly Chip[];
  /** What checks the result, as it is typed. */
  readonly command: string;
  readonly priority: number;
  readonly tokens: number;
  readonly minutes: number;
  /** In the installation's currency, as it is typed; empty is no limit but that of the account. */
  readonly money: string;
  /** The model that goes on where the first does not manage: null is none, undefined what the project says. */
  readonly escalateTo: string | null | undefined;
  /** A task that must complete first. */
  readonly after: string | undefined;
}

const emptyDraft: Draft = {
  text: '',
  agent: 'code',
  model: undefined,
  chips: [],
  command: '',
  priority: 5,
  tokens: 200_000,
  minutes: 15,
  money: '',
  escalateTo: undefined,
  after: undefined,
};

const drafts = new Map<string, Store<Draft>>();

/** What is being written to an agent in a project: kept on this device until it was sent. */
export function draftOf(projectId: string): Store<Draft> {
  const known = drafts.get(projectId);
  if (known !== undefined) return known;
  const key = `cds.agents.draft.${projectId}`;
  const store = createStore<Draft>({ ...emptyDraft, ...readStored<Partial<Draft>>(key) });
  store.subscribe(() => writeStored(key, store.get()));
  drafts.set(projectId, store);
  return store;
}

export function changeDraft(projectId: string, change: Partial<Draft>): void {
  draftOf(projectId).set((draft) => ({ ...draft, ...change }));
}

/** After it was sent: agent, model and limits stay as they are. */
export function clearDraft(projectId: string): void {
  changeDraft(projectId, { text: '', chips: [], after: undefined });
}

/** The same chip twice is one. */
export function withChip(chips: readonly Chip[], chip: Chip): readonly Chip[] {
  const key = keyOfChip(chip);
  return [...chips.filter((other) => keyOfChip(other) !== key), chip];
}

export function keyOfChip(chip: Chip): string {
  if (chip.kind === 'search') return `search ${chip.query}`;
  return chip.kind === 'file'
    ? `file ${chip.path}`
    : `selection ${chip.path} ${chip.startLine} ${chip.endLine}`;
}

/** Counts how often somebody wants to write to an agent: the field takes the focus each time. */
export const composerRequests = createStore(0);

/** Prepares a task from elsewhere in the studio, without sending it; what is written already stays. */
export function prepareTask(
  projectId: string,
  wanted: {
    readonly agent?: AgentName;
    readonly chip?: Chip;
    readonly command?: string;
    readonly text?: string;
  },
): void {
  const { agent, chip, command, text } = wanted;
  draftOf(projectId).set((draft) => ({
    ...draft,
    ...(agent === undefined ? {} : { agent }),
    ...(chip === undefined ? {} : { chips: withChip(draft.chips, chip) }),
    ...(command === undefined ? {} : { command }),
    ...(text === undefined || draft.text.trim() !== '' ? {} : { text }),
  }));
  composerRequests.set((count) => count + 1);
}

export const contextHeading = '\n\nContext:\n';

/** The words of a task with what its chips add; the files are named beside it. */
export function taskTextOf(draft: Draft, found: readonly string[]): string {
  const selections = draft.chips.flatMap((chip) =>
    chip.kind === 'selection'
      ? [`Lines ${chip.startLine}-${chip.endLine} of ${chip.path}:\n\`\`\`\n${chip.text}\n\`\`\``]
      : [],
  );
  const context = [...selections, ...found].join('\n\n');
  return context === '' ? draft.text.trim() : `${draft.text.trim()}${contextHeading}${context}`;
}

/** A task's text as it was written, and the headings of what was added. */
export function partsOfTask(task: string): { readonly text: string; readonly added: readonly string[] } {
  const at = task.indexOf(contextHeading);
  if (at < 0) return { text: task, added: [] };
  const added = [...task.slice(at).matchAll(/^(?:Lines (\d+-\d+ of .+)|Found for (.+)):$/gm)];
  return { text: task.slice(0, at), added: added.map(([, lines, query]) => lines ?? query ?? '') };
}

export function filesOfDraft(draft: Draft): string[] {
  return [...new Set(draft.chips.flatMap((chip) => (chip.kind === 'search' ? [] : [chip.path])))].slice(
    0,
    50,
  );
}

const mostMillionths = 1_000_000_000_000;

/** Money as it is typed, with a point or a comma, in millionths; null for nothing, or what is no amount. */
export function millionthsOf(money: string): number | null {
  const amount = Number(money.trim().replace(',', '.'));
  if (money.trim() === '' || !Number.isFinite(amount) || amount < 0) return null;
  return Math.min(mostMillionths, Math.round(amount * 1_000_000));
}

/** Typed, and no amount: a task is not given with a limit that would not hold. */
export const isNoAmount = (money: string): boolean => money.trim() !== '' && millionthsOf(money) === null;

/** What `agent.dispatch` takes. */
export function dispatchOf(
  projectId: string,
  draft: Draft,
  given: { readonly task: string; readonly command: readonly string[] },
): Params<'agent.dispatch'> {
  const [command, ...args] = given.command;
  return {
    projectId,
    agent: draft.agent,
    task: given.task,
    files: filesOfDraft(draft),
    priority: draft.priority,
    budget: {
      tokens: draft.tokens,
      seconds: Math.round(draft.minutes * 60),
      cost: millionthsOf(draft.money),
    },
    ...(draft.model === undefined ? {} : { model: draft.model }),
    ...(command === undefined ? {} : { command: { command, args } }),
    ...(draft.escalateTo === undefined ? {} : { escalateTo: draft.escalateTo }),
    ...(draft.after === undefined ? {} : { after: [draft.after] }),
  };
}
