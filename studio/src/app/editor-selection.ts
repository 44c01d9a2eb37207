import { createStore } from '../ui/store.ts';

export interface EditorSelection {
  readonly projectId: string;
  readonly path: string;
  readonly startLine: number;
  readonly endLine: number;
  /** Empty when nothing is selected: then the file is meant. */
  readonly text: string;
}

/** What is selected in the editor now, for whoever asks about it. */
export const editorSelection = createStore<EditorSelection | undefined>(undefined);
