import { isOffline, isRpcFault } from '../../rpc/fault.ts';

export type DocumentState =
  | { readonly kind: 'clean' }
  | { readonly kind: 'dirty' }
  | { readonly kind: 'saving' }
  /** The server is away; the text waits and is sent again. */
  | { readonly kind: 'waiting'; readonly attempts: number }
  /** Somebody else saved in between; nothing was overwritten. */
  | { readonly kind: 'conflict'; readonly theirs: string; readonly theirEtag: string }
  /** The file was deleted or moved away while it was edited here. */
  | { readonly kind: 'gone' }
  | { readonly kind: 'failed'; readonly error: unknown };

/** How a document reaches the server. */
export interface DocumentServer {
  /** `ifMatch` null: the file must not exist yet. */
  save(path: string, content: string, ifMatch: string | null): Promise<{ readonly etag: string }>;
  read(path: string): Promise<{ readonly content: string; readonly etag: string }>;
}

export interface DocumentOptions {
  readonly path: string;
  /** What the server has. */
  readonly saved: string;
  /** Null when the file is not there any more, and only a draft of it is left. */
  readonly etag: string | null;
  /** Text of an earlier visit that never reached the server, and the version it was made from. */
  readonly draft?: { readonly content: string; readonly etag: string | null } | undefined;
  readonly server: DocumentServer;
  readonly onChange: (document: OpenDocument) => void;
  readonly autosaveMs?: number;
  readonly firstRetryMs?: number;
}

const longestRetryMs = 30_000;
/** So much text is remembered of saves whose answers were lost. */
const longestUnanswered = 4_000_000;

/**
 * One open text file: saves by itself a moment after the last change, one save at a time, always against the
 * version it was made from, so that it never overwrites what somebody else has saved.
 */
export class OpenDocument {
  readonly #options: DocumentOptions;
  #path: string;
  #content: string;
  #saved: string;
  #etag: string | null;
  #state: DocumentState = { kind: 'clean' };
  #revision = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #underWay: Promise<void> | undefined;
  #closed = false;
  /** Texts that were sent and never answered: one of them may be what the server has. */
  #unanswered: string[] = [];
  readonly #onClose: (() => void)[] = [];

  constructor(options: DocumentOptions) {
    const { draft } = options;
    this.#options = options;
    this.#path = options.path;
    this.#content = draft?.content ?? options.saved;
    this.#saved = options.saved;
    this.#etag = options.etag;
    if (options.etag === null) {
      this.#state = { kind: 'gone' };
      return;
    }
    if (draft === undefined || draft.content === options.saved) return;
    if (draft.etag === options.etag) {
      this.#state = { kind: 'dirty' };
      this.#schedule(this.#options.autosaveMs ?? 1_000);
    } else this.#state = { kind: 'conflict', theirs: options.saved, theirEtag: options.etag };
  }

  get path(): string {
    return this.#path;
  }
  get content(): string {
    return this.#content;
  }
  get etag(): string | null {
    return this.#etag;
  }
  get state(): DocumentState {
    return this.#state;
  }
  get unsaved(): boolean {
    return this.#content !== this.#saved;
  }
  /** Grows when the text came from elsewhere than the keyboard, and the editor has to take it over. */
  get revision(): number {
    return this.#revision;
  }

  /** The person typed. A conflict stays until it is decided. */
  edit(content: string): void {
    if (content === this.#content) return;
    this.#content = content;
    const { kind } = this.#state;
    if (kind === 'conflict' || kind === 'gone' || kind === 'saving') this.#announce();
    else {
      this.#become({ kind: 'dirty' });
      this.#schedule(this.#options.autosaveMs ?? 1_000);
    }
  }

  /** The person typed in another editor than the document's own, which takes it over when it is shown again. */
  editElsewhere(content: string): void {
    if (content !== this.#content) this.#revision += 1;
    this.edit(content);
  }

  /** Saves now, if there is something to save; resolves when what is there has been sent or has to wait. */
  async save(): Promise<void> {
    clearTimeout(this.#timer);
    while (this.#underWay !== undefined) await this.#underWay;
    const { kind } = this.#state;
    if (!this.unsaved || kind === 'conflict' || kind === 'gone') return;
    this.#underWay = this.#send().finally(() => {
      this.#underWay = undefined;
    });
    await this.#underWay;
  }

  async #send(): Promise<void> {
    const attempts = this.#state.kind === 'waiting' ? this.#state.attempts : 0;
    const content = this.#content;
    const path = this.#path;
    this.#become({ kind: 'saving' });
    try {
      const { etag } = await this.#options.server.save(path, content, this.#etag);
      this.#goOnFrom({ content, etag });
    } catch (error) {
      if (isOffline(error)) this.#rememberUnanswered(content);
      // It was sent to the old place of a file that moved meanwhile.
      if (this.#path !== path && !isOffline(error)) return this.#goOn();
      await this.#refused(error, attempts);
    }
  }

  #rememberUnanswered(content: string): void {
    const known = this.#unanswered.reduce((sum, text) => sum + text.length, 0);
    if (this.#unanswered.includes(content) || known + content.length > longestUnanswered) return;
    this.#unanswered.push(content);
  }

  /** The server has this text of ours; what was typed since is saved after it. */
  #goOnFrom({ content, etag }: { readonly content: string; readonly etag: string }): void {
    this.#etag = etag;
    this.#saved = content;
    this.#unanswered = [];
    this.#goOn();
  }

  #goOn(): void {
    this.#become(this.unsaved ? { kind: 'dirty' } : { kind: 'clean' });
    if (this.unsaved) this.#schedule(this.#options.autosaveMs ?? 1_000);
  }

  async #refused(error: unknown, attempts: number): Promise<void> {
    const known = isRpcFault(error) ? error : undefined;
    if (isOffline(error) || known?.status === 401 || known?.status === 429 || known?.status === 503) {
      const pauseMs = Math.min((this.#options.firstRetryMs ?? 1_000) * 2 ** attempts, longestRetryMs);
      this.#become({ kind: 'waiting', attempts: attempts + 1 });
      return this.#schedule(Math.max(pauseMs, Number(known?.data.retryAfterMs ?? 0)));
    }
    if (isRpcFault(error, 'files.conflict', 'files.exists', 'files.not_found', 'common.conflict')) {
      return this.#compareWithServer();
    }
    this.#become({ kind: 'failed', error });
  }

  async #compareWithServer(): Promise<void> {
    const path = this.#path;
    try {
      const theirs = await this.#options.server.read(path);
      if (this.#path !== path) return this.#goOn();
      // An answer that was lost on its way: our own text is there already, or an earlier one of ours.
      if (theirs.content === this.#content) return this.#adopt(theirs);
      if (this.#unanswered.includes(theirs.content)) return this.#goOnFrom(theirs);
      this.#become({ kind: 'conflict', theirs: theirs.content, theirEtag: theirs.etag });
    } catch (error) {
      if (this.#path !== path) return this.#goOn();
      if (isRpcFault(error, 'files.not_found')) this.#become({ kind: 'gone' });
      else await this.#refused(error, 0);
    }
  }

  /** Decides a conflict or a deletion: one's own text is saved, knowingly. */
  async keepMine(): Promise<void> {
    if (this.#state.kind === 'conflict') {
      this.#etag = this.#state.theirEtag;
      this.#saved = this.#state.theirs;
    } else if (this.#state.kind === 'gone') {
      this.#etag = null;
      this.#saved = '';
    } else return;
    if (!this.unsaved && this.#etag !== null) return this.#become({ kind: 'clean' });
    this.#state = { kind: 'dirty' };
    this.#underWay = this.#send().finally(() => {
      this.#underWay = undefined;
    });
    await this.#underWay;
  }

  /** Decides a conflict: the other version is taken; one's own stays in the editor's undo. */
  takeTheirs(): void {
    if (this.#state.kind !== 'conflict') return;
    this.#adopt({ content: this.#state.theirs, etag: this.#state.theirEtag });
  }

  /** The file may have changed on the server: taken over when nothing is unsaved, else compared. */
  async reload(): Promise<void> {
    if (!this.#mayCompare) return;
    const before = { etag: this.#etag, path: this.#path };
    // Saved or moved meanwhile from here: what was read is older than what is known, or of another place.
    const outdated = () => !this.#mayCompare || this.#etag !== before.etag || this.#path !== before.path;
    let fresh: { content: string; etag: string };
    try {
      fresh = await this.#options.server.read(before.path);
    } catch (error) {
      if (isRpcFault(error, 'files.not_found') && !outdated()) this.#become({ kind: 'gone' });
      return;
    }
    if (outdated()) return;
    if (fresh.etag === this.#etag) {
      // Deleted and written again, as programs do that replace a file.
      if (this.#state.kind === 'gone') this.#goOn();
      return;
    }
    if (!this.unsaved || fresh.content === this.#content) this.#adopt(fresh);
    else if (this.#unanswered.includes(fresh.content)) this.#goOnFrom(fresh);
    else this.#become({ kind: 'conflict', theirs: fresh.content, theirEtag: fresh.etag });
  }

  /** The file has another path now. */
  movedTo(path: string): void {
    this.#path = path;
    // It was looked for at its old place while it moved.
    if (this.#state.kind === 'gone' && this.#etag !== null) this.#goOn();
    else this.#announce();
  }

  /** Calls back when the document closes, for what was made to show it. */
  whenClosed(release: () => void): void {
    if (this.#closed) release();
    else this.#onClose.push(release);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const release of this.#onClose.splice(0)) release();
  }

  get #mayCompare(): boolean {
    return this.#state.kind !== 'saving' && !this.#closed;
  }

  #adopt({ content, etag }: { readonly content: string; readonly etag: string }): void {
    if (content !== this.#content) this.#revision += 1;
    this.#content = content;
    this.#saved = content;
    this.#etag = etag;
    this.#unanswered = [];
    this.#become({ kind: 'clean' });
  }

  #schedule(delayMs: number): void {
    clearTimeout(this.#timer);
    if (!this.#closed) this.#timer = setTimeout(() => void this.save(), delayMs);
  }

  #become(state: DocumentState): void {
    this.#state = state;
    this.#announce();
  }

  #announce(): void {
    if (!this.#closed) this.#options.onChange(this);
  }
}
