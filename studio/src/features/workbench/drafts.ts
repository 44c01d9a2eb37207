import { readStored, writeStored } from '../../ui/local-storage.ts';
import type { OpenDocument } from './document.ts';

export interface Draft {
  readonly content: string;
  readonly etag: string | null;
}

const keyOf = (projectId: string, path: string) => `cds.draft.${projectId}.${path}`;
/** Browsers give about 5 million characters in all. */
const longestDraft = 1_000_000;
const writeAfterMs = 400;

export function readDraft(projectId: string, path: string): Draft | undefined {
  return readStored<Draft>(keyOf(projectId, path)) ?? undefined;
}

export function deleteDraft(projectId: string, path: string): void {
  writeStored(keyOf(projectId, path), null);
}

/** Keeps text that has not reached the server on this device, so that a reload or a crash loses none of it. */
export class DraftKeeper {
  readonly #projectId: string;
  readonly #pending = new Map<OpenDocument, ReturnType<typeof setTimeout>>();

  constructor(projectId: string) {
    this.#projectId = projectId;
  }

  changed(document: OpenDocument): void {
    clearTimeout(this.#pending.get(document));
    if (!document.unsaved) {
      this.#pending.delete(document);
      deleteDraft(this.#projectId, document.path);
      return;
    }
    this.#pending.set(
      document,
      setTimeout(() => this.#write(document), writeAfterMs),
    );
  }

  /** Writes what is pending now: the page is being left. */
  flush(): void {
    for (const document of [...this.#pending.keys()]) this.#write(document);
  }

  forget(document: OpenDocument): void {
    clearTimeout(this.#pending.get(document));
    this.#pending.delete(document);
    deleteDraft(this.#projectId, document.path);
  }

  #write(document: OpenDocument): void {
    clearTimeout(this.#pending.get(document));
    this.#pending.delete(document);
    if (!document.unsaved || document.content.length > longestDraft) return;
    const draft: Draft = { content: document.content, etag: document.etag };
    writeStored(keyOf(this.#projectId, document.path), draft);
  }
}
