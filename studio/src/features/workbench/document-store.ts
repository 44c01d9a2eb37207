import { unsavedFiles } from '../../app/editor-status.ts';
import { queryClient } from '../../app/query-client.ts';
import { rpc } from '../../rpc/client.ts';
import { isOffline } from '../../rpc/fault.ts';
import { readStored, writeStored } from '../../ui/local-storage.ts';
import { createStore, type Store } from '../../ui/store.ts';
import { type DocumentServer, OpenDocument } from './document.ts';
import { DraftKeeper, readDraft } from './drafts.ts';

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
  readonly #drafts: DraftKeeper;
  readonly #server: DocumentServer;
  #tabs: readonly string[];
  #active: string | undefined;

  constructor(projectId: string) {
    this.projectId = projectId;
    const stored = readStored<StoredTabs>(`cds.tabs.${projectId}`);
    this.#tabs = stored?.tabs ?? [];
    this.#active = stored?.active;
    this.#drafts = new DraftKeeper(projectId);
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

  documents(): OpenDocument[] {
    return [...this.#contents.values()].flatMap((content) =>
      content.kind === 'text' ? [content.document] : [],
    );
  }

  /** Shows a file in its tab, opening it at the end when it has none. */
  open(path: string): void {
    if (!this.#tabs.includes(path)) this.#tabs = [...this.#tabs, path];
    this.#active = path;
    this.#tabsChanged();
    const now = this.#contents.get(path);
    if (now === undefined || now.kind === 'failed') void this.#load(path);
  }

  /** Closes a tab; its text is saved first. Returns what is shown then. */
  close(path: string): string | undefined {
    const content = this.#contents.get(path);
    if (content?.kind === 'text') {
      const { document } = content;
      // Closed only when it is safe; until then it goes on saving in the background.
      void document.save().finally(() => {
        if (!document.unsaved) document.close();
      });
    }
    return this.#drop(path);
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
  }

  /** A file or folder has another path now; its tabs follow. */
  moved(from: string, to: string): void {
    const renamed = (path: string) =>
      path === from || path.startsWith(`${from}/`) ? to + path.slice(from.length) : path;
    for (const [path, content] of [...this.#contents]) {
      const next = renamed(path);
      if (next === path) continue;
      this.#contents.delete(path);
      if (content.kind === 'text') {
        this.#drafts.forget(content.document);
        content.document.movedTo(next);
      }
      this.#contents.set(next, content);
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

  /** The page is being left: what has not been saved is kept on this device. */
  flush(): void {
    this.#drafts.flush();
  }

  retry(path: string): void {
    this.#contents.delete(path);
    this.#changed();
    void this.#load(path);
  }

  #drop(path: string): string | undefined {
    const index = this.#tabs.indexOf(path);
    this.#contents.delete(path);
    this.#tabs = this.#tabs.filter((tab) => tab !== path);
    if (this.#active === path) this.#active = this.#tabs[Math.min(index, this.#tabs.length - 1)];
    this.#tabsChanged();
    return this.#active;
  }

  async #load(path: string): Promise<void> {
    this.#contents.set(path, { kind: 'loading' });
    const content = await this.#contentOf(path);
    if (this.#contents.get(path)?.kind !== 'loading') return;
    this.#contents.set(path, content);
    this.#changed();
  }

  async #contentOf(path: string): Promise<TabContent> {
    try {
      const file = await this.#read(path);
      if (file.encoding === 'base64') {
        return { kind: 'binary', sizeBytes: file.size, base64: file.content };
      }
      const document = new OpenDocument({
        path,
        saved: file.content,
        etag: file.etag,
        draft: readDraft(this.projectId, path),
        server: this.#server,
        onChange: (changed) => {
          this.#drafts.changed(changed);
          this.#changed();
        },
      });
      return { kind: 'text', document };
    } catch (error) {
      return { kind: 'failed', error };
    }
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
    const unsaved = this.documents().filter((document) => document.unsaved);
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
  for (const store of stores.values()) for (const document of store.documents()) document.close();
  stores.clear();
}

/** Before the page goes: drafts are written; the browser asks when even that text may be lost. */
export function guardUnsavedText(): () => void {
  const onHide = () => {
    for (const store of stores.values()) store.flush();
  };
  addEventListener('pagehide', onHide);
  addEventListener('beforeunload', onHide);
  return () => {
    removeEventListener('pagehide', onHide);
    removeEventListener('beforeunload', onHide);
  };
}
