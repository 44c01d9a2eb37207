import { createStore } from '../ui/store.ts';

/** What the editor tells the status bar. */
export interface EditorStatus {
  readonly line: number;
  readonly column: number;
  readonly language: string;
}

export const editorStatus = createStore<EditorStatus | undefined>(undefined);

/** Files whose text has not reached the server, and why it waits. */
export const unsavedFiles = createStore<{ readonly count: number; readonly waiting: boolean }>({
  count: 0,
  waiting: false,
});
