import { readStored, writeStored } from '../../ui/local-storage.ts';
import { createStore, type Store } from '../../ui/store.ts';
import type { Turn } from './settings.ts';

/** One side of a conversation that was kept. */
export interface KeptLane {
  readonly model: string;
  readonly turns: readonly Turn[];
}

/** A conversation on this device; two lanes where two models were compared. */
export interface KeptConversation {
  readonly id: string;
  /** The first question. */
  readonly title: string;
  readonly at: string;
  readonly lanes: readonly KeptLane[];
  /** Place of the lane whose answers were found better. */
  readonly better: number | null;
}

export interface History {
  /** Newest first. */
  readonly store: Store<readonly KeptConversation[]>;
  keep(conversation: Omit<KeptConversation, 'title'>): void;
  remove(id: string): void;
}

const storageKey = 'cds.playground.history';
const mostKept = 50;
/** Well under what browsers give a site: other things are kept there too. */
const mostCharacters = 1_000_000;
const titleCharacters = 80;

/** Conversations of the playground, in this browser only: what was asked leaves no trace elsewhere. */
export function createHistory(): History {
  const store = createStore<readonly KeptConversation[]>(readStored<KeptConversation[]>(storageKey) ?? []);
  const set = (all: readonly KeptConversation[]) => {
    const kept = within(all);
    store.set(kept);
    // Without room the oldest ones go, one after the other.
    for (let count = kept.length; count > 0 && !writeStored(storageKey, kept.slice(0, count)); ) count -= 1;
    if (kept.length === 0) writeStored(storageKey, null);
  };
  return {
    store,
    keep(conversation) {
      const question = conversation.lanes[0]?.turns.find(({ role }) => role === 'user')?.content.trim() ?? '';
      if (question === '') return;
      const title = question.split('\n', 1)[0]?.slice(0, titleCharacters) ?? '';
      set([{ ...conversation, title }, ...store.get().filter(({ id }) => id !== conversation.id)]);
    },
    remove: (id) => set(store.get().filter((one) => one.id !== id)),
  };
}

function within(all: readonly KeptConversation[]): readonly KeptConversation[] {
  let characters = 0;
  const kept = all.slice(0, mostKept);
  const tooMuch = kept.findIndex(({ lanes }) => {
    characters += JSON.stringify(lanes).length;
    return characters > mostCharacters;
  });
  // The newest stays, however long it is.
  return tooMuch === -1 ? kept : kept.slice(0, Math.max(1, tooMuch));
}
