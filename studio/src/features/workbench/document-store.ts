import { unsavedFiles } from '../../app/editor-status.ts';
import { queryClient } from '../../app/query-client.ts';
import { rpc } from '../../rpc/client.ts';
import { isOffline, isRpcFault } from '../../rpc/fault.ts';
import { readStored, writeStored } from '../../ui/local-storage.ts';
import { createStore, type Store } from '../../ui/store.ts';
import { type DocumentOptions, type DocumentServer, OpenDocument } from './document.ts';
import { DraftKeeper } from './drafts.ts';

/** What stands behind a tab. */
export type TabContent =
  | { readonly kind: 'loading' }
  | { readonly kind: 'text'; readonly document: OpenDocument }
  | { readonly kind: 'binary'; readonly sizeBytes: number; readonly base64: string }
  | { readonly kind: 'failed'; readonly error: unknown };

interface FileCopy {
  readonly content: string;
  readonly encoding: 'utf8' | 'base64';
  readonly etag: string;
  readonly size: number;
}

/** Tells this page's drafts from those of another tab of the browser; unlike a UUID, also without https. */
let page: string | undefined;
function pageId(): string {
  page ??= `${Date.now()}.${Math.random()}`;
  return page;
}

interface StoredTabs {
  readonly tabs: readonly string[];
  readonly active?: string | undefined;
}

/** The open files of one project: tabs that come back after a reload, one document each. */
export class DocumentStore {
  readonly projectId: string;
  /** Changes whenever something that is shown of the tabs has changed. */
  readonly version: Store<number> = createStore(0);
  readonly #contents = new Map<string, TabContent>();
  /** Documents whose tabs were closed before their text had reached the server. */
  readonly #closing = new Map<string, OpenDocument>();
  readonly #drafts: DraftKeeper;
  readonly #server: DocumentServer;
  #tabs: readonly string[];
  #active: string | undefined;

  constructor(projectId: string) {
    this.projectId = projectId;
    const stored = readStored<StoredTabs>(`cds.tabs.${projectId}`);
    this.#tabs = stored?.tabs ?? [];
    this.#active = stored?.active;
    this.#drafts = new DraftKeeper(projectId, pageId());
    this.#server = {
      save: async (path, content, ifMatch) => {
        const saved = await rpc.call('project.file.save', { projectId, path, content, ifMatch });
        this.#remember(path, { content, encoding: 'utf8', etag: saved.etag, size: saved.size });
        return saved;
      },
      read: (path) => this.#read(path),
    };
  }

  get tabs(): readonly string[] {
    return this.#tabs;
  }
  get active(): string | undefined {
    return this.#active;
  }

  content(path: string): TabContent {
    return this.#contents.get(path) ?? { kind: 'loading' };
  }

  /** Those in tabs, and those that still save after their tab was closed. */
  documents(): OpenDocument[] {
    const shown = [...this.#contents.values()].flatMap((content) =>
      content.kind === 'text' ? [content.document] : [],
    );
    return [...shown, ...this.#closing.values()];
  }

  /** Shows a file in its tab, opening it at the end when it has none. */
  open(path: string): void {
    if (!this.#tabs.includes(path)) this.#tabs = [...this.#tabs, path];
    this.#active = path;
    const closing = this.#closing.get(path);
    if (closing !== undefined) {
      this.#closing.delete(path);
      this.#contents.set(path, { kind: 'text', document: closing });
    }
    this.#tabsChanged();
    const now = this.#contents.get(path);
    if (now === undefined || now.kind === 'failed') void this.#load(path);
  }

  /** Closes a tab; its text is saved first. */
  close(path: string): void {
    const content = this.#contents.get(path);
    if (content?.kind === 'text') {
      const { document } = content;
      // Closed only when it is safe; until then it goes on saving in the background.
      this.#closing.set(path, document);
      void document.save().finally(() => this.#closeWhenSafe(document));
    }
    this.#drop(path);
  }

  /** What can't be saved without a decision waits as a draft; opened again, the file asks for it. */
  #closeWhenSafe(document: OpenDocument): void {
    const { kind } = document.state;
    if (kind === 'dirty' || kind === 'saving' || kind === 'waiting') return;
    if (this.#closing.get(document.path) !== document) return;
    if (!this.#drafts.keep(document)) return;
    this.#closing.delete(document.path);
    document.close();
    this.#changed();
  }

  /** Files were deleted: their tabs go without saving anything back. */
  removed(path: string): void {
    for (const tab of this.#tabs.filter((tab) => tab === path || tab.startsWith(`${path}/`))) {
      const content = this.#contents.get(tab);
      if (content?.kind === 'text') {
        content.document.close();
        this.#drafts.forget(content.document);
      }
      this.#drop(tab);
    }
    for (const [closed, document] of this.#closing) {
      if (closed !== path && !closed.startsWith(`${path}/`)) continue;
      this.#closing.delete(closed);
      document.close();
      this.#drafts.forget(document);
    }
  }

  /** A file or folder has another path now; its tabs follow. */
  moved(from: string, to: string): void {
    const renamed = (path: string) =>
      path === from || path.startsWith(`${from}/`) ? to + path.slice(from.length) : path;
    for (const path of this.#tabs) {
      if (renamed(path) !== path && this.#contents.get(path)?.kind !== 'text')
        this.#drafts.move(path, renamed(path));
    }
    for (const [path, content] of [...this.#contents]) {
      const next = renamed(path);
      if (next === path) continue;
      this.#contents.delete(path);
      this.#contents.set(next, content);
    }
    for (const [path, document] of [...this.#closing]) {
      this.#closing.delete(path);
      this.#closing.set(renamed(path), document);
    }
    for (const document of this.documents()) {
      if (renamed(document.path) === document.path) continue;
      this.#drafts.forget(document);
      document.movedTo(renamed(document.path));
    }
    this.#tabs = this.#tabs.map(renamed);
    if (this.#active !== undefined) this.#active = renamed(this.#active);
    this.#tabsChanged();
  }

  /** Files changed on the server; undefined: nobody knows which. */
  changedOnServer(paths: ReadonlySet<string> | undefined): void {
    for (const document of this.documents()) {
      if (paths === undefined || paths.has(document.path)) void document.reload();
    }
  }

  async saveAll(): Promise<void> {
    await Promise.all(this.documents().map((document) => document.save()));
  }

  /** The page is being left: what has not been saved is kept on this device. False when some of it can't be. */
  flush(): boolean {
    return this.documents().filter((document) => !this.#drafts.keep(document)).length === 0;
  }

  /** Nothing of it is saved or kept any more. */
  forget(): void {
    for (const document of this.documents()) {
      document.close();
      this.#drafts.forget(document);
    }
  }

  retry(path: string): void {
    this.#contents.delete(path);
    this.#changed();
    void this.#load(path);
  }

  #drop(path: string): void {
    const index = this.#tabs.indexOf(path);
    this.#contents.delete(path);
    this.#tabs = this.#tabs.filter((tab) => tab !== path);
    if (this.#active === path) this.#active = this.#tabs[Math.min(index, this.#tabs.length - 1)];
    this.#tabsChanged();
  }

  async #load(path: string): Promise<void> {
    this.#contents.set(path, { kind: 'loading' });
    const content = await this.#contentOf(path);
    if (this.#contents.get(path)?.kind !== 'loading') {
      // Closed meanwhile, or loaded by who opened it again.
      if (content.kind === 'text') content.document.close();
      return;
    }
    this.#contents.set(path, content);
    this.#changed();
  }

  async #contentOf(path: string): Promise<TabContent> {
    try {
      const file = await this.#read(path);
      if (file.encoding === 'base64') {
        return { kind: 'binary', sizeBytes: file.size, base64: file.content };
      }
      const draft = this.#drafts.take(path);
      return this.#textOf(path, { saved: file.content, etag: file.etag, draft });
    } catch (error) {
      const draft = isRpcFault(error, 'files.not_found') ? this.#drafts.take(path) : undefined;
      if (draft === undefined) return { kind: 'failed', error };
      // Deleted meanwhile; what was typed into it is still here.
      return this.#textOf(path, { saved: '', etag: null, draft });
    }
  }

  #textOf(path: string, from: Pick<DocumentOptions, 'saved' | 'etag' | 'draft'>): TabContent {
    const document = new OpenDocument({
      ...from,
      path,
      server: this.#server,
      onChange: (changed) => {
        this.#drafts.changed(changed);
        this.#closeWhenSafe(changed);
        this.#changed();
      },
    });
    // The draft had reached the server after all.
    if (!document.unsaved) this.#drafts.forget(document);
    return { kind: 'text', document };
  }

  /** From the server; when it is away, what was read last. */
  async #read(path: string): Promise<FileCopy> {
    const key = ['file', this.projectId, path];
    try {
      const file = await rpc.call('fs.read', { projectId: this.projectId, path });
      return this.#remember(path, {
        content: file.content,
        encoding: file.encoding,
        etag: file.etag ?? '',
        size: file.size,
      });
    } catch (error) {
      const copy = queryClient.getQueryData<FileCopy>(key);
      if (copy !== undefined && isOffline(error)) return copy;
      throw error;
    }
  }

  #remember(path: string, copy: FileCopy): FileCopy {
    if (copy.content.length < 500_000) queryClient.setQueryData(['file', this.projectId, path], copy);
    return copy;
  }

  #tabsChanged(): void {
    const stored: StoredTabs = { tabs: this.#tabs, active: this.#active };
    writeStored(`cds.tabs.${this.projectId}`, stored);
    this.#changed();
  }

  #changed(): void {
    const unsaved = [...stores.values()]
      .flatMap((store) => store.documents())
      .filter((document) => document.unsaved);
    const waiting = unsaved.some((document) => document.state.kind === 'waiting');
    const before = unsavedFiles.get();
    if (before.count !== unsaved.length || before.waiting !== waiting) {
      unsavedFiles.set({ count: unsaved.length, waiting });
    }
    this.version.set((version) => version + 1);
  }
}

const stores = new Map<string, DocumentStore>();

/** The one store of a project; it lives on while other views are shown, so that saving goes on. */
export function documentsOf(projectId: string): DocumentStore {
  const known = stores.get(projectId);
  if (known !== undefined) return known;
  const store = new DocumentStore(projectId);
  stores.set(projectId, store);
  return store;
}

/** Sends what is unsaved in every project, as far as the server takes it. */
export async function saveEverything(): Promise<void> {
  await Promise.all([...stores.values()].map((store) => store.saveAll()));
}

/** Forgets every open file, as on signing out. */
export function forgetDocuments(): void {
  for (const store of stores.values()) store.forget();
  stores.clear();
  unsavedFiles.set({ count: 0, waiting: false });
}

/** Before the page goes: drafts are written; the browser asks when even that text may be lost. */
export function guardUnsavedText(): () => void {
  const onHide = (event: Event) => {
    const kept = [...stores.values()].map((store) => store.flush());
    if (kept.includes(false)) event.preventDefault();
  };
  addEventListener('pagehide', onHide);
  addEventListener('beforeunload', onHide);
  return () => {
    removeEventListener('pagehide', onHide);
    removeEventListener('beforeunload', onHide);
  };
}
