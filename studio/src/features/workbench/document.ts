import { isRpcFault } from '../../rpc/fault.ts';

export type DocumentState =
  | { readonly kind: 'clean' }
  | { readonly kind: 'dirty' }
  | { readonly kind: 'saving' }
  /** The server is away; the text waits and is sent again. */
  | { readonly kind: 'waiting' }
  /** Somebody else saved in between; nothing was overwritten. */
  | { readonly kind: 'conflict'; readonly theirs: string; readonly theirEtag: string }
  | { readonly kind: 'failed'; readonly error: unknown };

/** How a document reaches the server. */
export interface DocumentServer {
  save(path: string, content: string, ifMatch: string): Promise<{ etag: string }>;
  read(path: string): Promise<{ content: string; etag: string }>;
}

export interface DocumentOptions {
  readonly path: string;
  readonly content: string;
  readonly etag: string;
  readonly server: DocumentServer;
  readonly onChange: () => void;
  readonly autosaveMs?: number;
  readonly retryMs?: number;
}

/**
 * One open text file: saves by itself a moment after the last change, one save at a time, always against the
 * version it was made from.
 */
export class OpenDocument {
  readonly path: string;
  #content: string;
  #savedContent: string;
  #etag: string;
  #state: DocumentState = { kind: 'clean' };
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;
  readonly #options: DocumentOptions;

  constructor(options: DocumentOptions) {
    this.path = options.path;
    this.#content = options.content;
    this.#savedContent = options.content;
    this.#etag = options.etag;
    this.#options = options;
  }

  get content(): string {
    return this.#content;
  }

  get state(): DocumentState {
    return this.#state;
  }

  get unsaved(): boolean {
    return this.#content !== this.#savedContent;
  }

  /** The person typed. A conflict stays until it is decided. */
  edit(content: string): void {
    if (content === this.#content) return;
    this.#content = content;
    if (this.#state.kind === 'conflict') {
      this.#options.onChange();
      return;
    }
    if (this.#state.kind !== 'saving') this.#become({ kind: 'dirty' });
    this.#schedule(this.#options.autosaveMs ?? 1_000);
  }

  /** Saves now, if there is something to save and no save under way. */
  async save(): Promise<void> {
    clearTimeout(this.#timer);
    if (!this.unsaved || this.#state.kind === 'saving' || this.#state.kind === 'conflict') return;
    const content = this.#content;
    this.#become({ kind: 'saving' });
    try {
      const { etag } = await this.#options.server.save(this.path, content, this.#etag);
      this.#etag = etag;
      this.#savedContent = content;
      this.#become(this.unsaved ? { kind: 'dirty' } : { kind: 'clean' });
      if (this.unsaved) this.#schedule(this.#options.autosaveMs ?? 1_000);
    } catch (error) {
      await this.#failed(error);
    }
  }

  async #failed(error: unknown): Promise<void> {
    if (isRpcFault(error, 'studio.offline')) {
      this.#become({ kind: 'waiting' });
      this.#schedule(this.#options.retryMs ?? 3_000);
      return;
    }
    if (
      isRpcFault(error) &&
      (error.status === 409 || error.code.endsWith('.conflict') || error.code.endsWith('stale'))
    ) {
      try {
        const theirs = await this.#options.server.read(this.path);
        if (theirs.content === this.#content) return this.#adopt(theirs);
        this.#become({ kind: 'conflict', theirs: theirs.content, theirEtag: theirs.etag });
        return;
      } catch (readError) {
        this.#become({ kind: 'failed', error: readError });
        return;
      }
    }
    this.#become({ kind: 'failed', error });
  }

  /** Decides a conflict: one's own text is saved over the other version, knowingly. */
  async keepMine(): Promise<void> {
    if (this.#state.kind !== 'conflict') return;
    this.#etag = this.#state.theirEtag;
    this.#savedContent = this.#state.theirs;
    this.#become({ kind: 'dirty' });
    await this.save();
  }

  /** Decides a conflict: the other version is taken; one's own was never saved and stays in the editor's undo. */
  takeTheirs(): void {
    if (this.#state.kind !== 'conflict') return;
    this.#adopt({ content: this.#state.theirs, etag: this.#state.theirEtag });
  }

  /** The file changed on the server: taken over when nothing is unsaved here, else the next save finds the conflict. */
  async reload(): Promise<void> {
    if (this.unsaved || this.#state.kind === 'saving') return;
    const fresh = await this.#options.server.read(this.path);
    if (!this.unsaved && fresh.etag !== this.#etag) this.#adopt(fresh);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #adopt({ content, etag }: { content: string; etag: string }): void {
    this.#content = content;
    this.#savedContent = content;
    this.#etag = etag;
    this.#become({ kind: 'clean' });
  }

  #schedule(delayMs: number): void {
    clearTimeout(this.#timer);
    if (!this.#closed) this.#timer = setTimeout(() => void this.save(), delayMs);
  }

  #become(state: DocumentState): void {
    this.#state = state;
    if (!this.#closed) this.#options.onChange();
  }
}
