import { readStored, writeStored } from '../../ui/local-storage.ts';
import type { OpenDocument } from './document.ts';

export interface Draft {
  readonly content: string;
  readonly etag: string | null;
}

interface StoredDraft extends Draft {
  /** The page that wrote it: two pages may have the same file open. */
  readonly by?: string;
}

/** Browsers give about 5 million characters in all. */
const longestDraft = 1_000_000;
const writeAfterMs = 400;

/** Keeps text that has not reached the server on this device, so that a reload or a crash loses none of it. */
export class DraftKeeper {
  readonly #projectId: string;
  readonly #page: string;
  readonly #pending = new Map<OpenDocument, ReturnType<typeof setTimeout>>();
  /** Paths that this page has a draft of. */
  readonly #mine = new Set<string>();

  /** @param page unique for each page that is open */
  constructor(projectId: string, page: string) {
    this.#projectId = projectId;
    this.#page = page;
  }

  /** What an earlier page left of a file, or another one has not saved yet; it is this page's from now on. */
  take(path: string): Draft | undefined {
    const stored = readStored<StoredDraft>(this.#keyOf(path));
    if (stored === null) return undefined;
    const { content, etag } = stored;
    this.#store(path, { content, etag });
    return { content, etag };
  }

  /** The draft of a file that nobody has opened yet follows it to its new path. */
  move(from: string, to: string): void {
    const draft = this.take(from);
    if (draft === undefined) return;
    this.#delete(from);
    this.#store(to, draft);
  }

  changed(document: OpenDocument): void {
    clearTimeout(this.#pending.get(document));
    if (!document.unsaved) {
      this.#pending.delete(document);
      this.#delete(document.path);
      return;
    }
    this.#pending.set(
      document,
      setTimeout(() => this.keep(document), writeAfterMs),
    );
  }

  forget(document: OpenDocument): void {
    clearTimeout(this.#pending.get(document));
    this.#pending.delete(document);
    this.#delete(document.path);
  }

  /** Writes what is unsaved now. False when there is no room for it, and only the page itself has it. */
  keep(document: OpenDocument): boolean {
    clearTimeout(this.#pending.get(document));
    this.#pending.delete(document);
    if (!document.unsaved) return true;
    if (document.content.length > longestDraft) return false;
    return this.#store(document.path, { content: document.content, etag: document.etag });
  }

  #keyOf(path: string): string {
    return `cds.draft.${this.#projectId}.${path}`;
  }

  #store(path: string, draft: Draft): boolean {
    this.#mine.add(path);
    return writeStored(this.#keyOf(path), { ...draft, by: this.#page });
  }

  #delete(path: string): void {
    if (!this.#mine.delete(path)) return;
    if (readStored<StoredDraft>(this.#keyOf(path))?.by === this.#page) writeStored(this.#keyOf(path), null);
  }
}
