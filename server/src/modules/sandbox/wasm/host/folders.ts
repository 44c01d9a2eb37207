import { Directory, type Inode, OpenDirectory, wasi } from '@bjorn3/browser_wasi_shim';
import { type Quota, QuotaFile, statusOf } from './files.ts';

/** One file that a call starts with or leaves behind; paths are relative, parts apart by `/`. */
export interface FileEntry {
  readonly path: string;
  readonly content: Uint8Array;
}

/** A folder in memory whose entries count. */
export class QuotaFolder extends Directory {
  readonly quota: Quota;
  readonly readOnly: boolean;

  constructor(quota: Quota, readOnly: boolean) {
    super(new Map());
    this.quota = quota;
    this.readOnly = readOnly;
  }

  override path_open() {
    return { ret: wasi.ERRNO_SUCCESS, fd_obj: new OpenFolder(this) };
  }

  override create_entry_for_path(path: string, isFolder: boolean) {
    if (this.readOnly) return { ret: wasi.ERRNO_ROFS, entry: null };
    const parts: string[] = [];
    for (const part of path.split('/')) {
      if (part === '..') parts.pop();
      else if (part !== '' && part !== '.') parts.push(part);
    }
    const name = parts.pop();
    const parent = folderAt(this, parts);
    if (name === undefined || parent === null) return { ret: wasi.ERRNO_NOENT, entry: null };
    if (!this.quota.takeEntry()) return { ret: wasi.ERRNO_NOSPC, entry: null };
    const entry = isFolder
      ? new QuotaFolder(this.quota, false)
      : new QuotaFile(this.quota, new Uint8Array(), { readOnly: false, changed: true });
    parent.contents.set(name, entry);
    return { ret: wasi.ERRNO_SUCCESS, entry };
  }
}

/** The folder at a path below another, by names only. */
function folderAt(root: QuotaFolder, parts: readonly string[]): QuotaFolder | null {
  let folder = root;
  for (const part of parts) {
    const next = folder.contents.get(part);
    if (!(next instanceof QuotaFolder)) return null;
    folder = next;
  }
  return folder;
}

/** An open folder. Nothing above it can be reached: the shim resolves `..` inside of the path and refuses to leave. */
class OpenFolder extends OpenDirectory {
  readonly folder: QuotaFolder;
  #listing: [string, Inode][] | null = null;

  constructor(folder: QuotaFolder) {
    super(folder);
    this.folder = folder;
  }

  override fd_fdstat_get() {
    return { ret: wasi.ERRNO_SUCCESS, fdstat: statusOf(wasi.FILETYPE_DIRECTORY, 0) };
  }

  override fd_filestat_set_times(): number {
    return wasi.ERRNO_SUCCESS;
  }

  override path_filestat_set_times(): number {
    return wasi.ERRNO_SUCCESS;
  }

  /** The shim lists the whole folder for each entry; here it is listed when a reader begins. */
  override fd_readdir_single(cookie: bigint) {
    if (cookie === 0n || this.#listing === null) this.#listing = [...this.dir.contents];
    const index = Number(cookie);
    if (index < 2) {
      const inode = index === 0 ? this.dir.ino : this.dir.parent_ino();
      const dots = index === 0 ? '.' : '..';
      return {
        ret: wasi.ERRNO_SUCCESS,
        dirent: new wasi.Dirent(cookie + 1n, inode, dots, wasi.FILETYPE_DIRECTORY),
      };
    }
    const entry = this.#listing[index - 2];
    if (entry === undefined) return { ret: wasi.ERRNO_SUCCESS, dirent: null };
    const [name, inode] = entry;
    return {
      ret: wasi.ERRNO_SUCCESS,
      dirent: new wasi.Dirent(cookie + 1n, inode.ino, name, inode.stat().filetype),
    };
  }

  override path_create_directory(path: string): number {
    const { inode_obj: present } = this.path_lookup(path, 0);
    if (present !== null) return wasi.ERRNO_EXIST;
    return this.path_open(0, path, wasi.OFLAGS_CREAT | wasi.OFLAGS_DIRECTORY, 0n, 0n, 0).ret;
  }

  override path_link(path: string, inode: Inode, allowFolder: boolean): number {
    if (this.folder.readOnly) return wasi.ERRNO_ROFS;
    const { inode_obj: replaced } = this.path_lookup(path, 0);
    const ret = super.path_link(path, inode, allowFolder);
    if (ret !== wasi.ERRNO_SUCCESS) return ret;
    if (replaced !== null && replaced !== inode) this.#nameLost(replaced);
    if (inode instanceof QuotaFile) {
      inode.names += 1;
      inode.changed = true;
    }
    return ret;
  }

  /** For renaming: the entry is linked again at once. */
  override path_unlink(path: string) {
    if (this.folder.readOnly) return { ret: wasi.ERRNO_ROFS, inode_obj: null };
    const unlinked = super.path_unlink(path);
    if (unlinked.inode_obj instanceof QuotaFile) unlinked.inode_obj.names -= 1;
    return unlinked;
  }

  override path_unlink_file(path: string): number {
    if (this.folder.readOnly) return wasi.ERRNO_ROFS;
    const { inode_obj: file } = this.path_lookup(path, 0);
    if (file === null) return wasi.ERRNO_NOENT;
    const ret = super.path_unlink_file(path);
    if (ret === wasi.ERRNO_SUCCESS) this.#nameLost(file);
    return ret;
  }

  override path_remove_directory(path: string): number {
    if (this.folder.readOnly) return wasi.ERRNO_ROFS;
    const ret = super.path_remove_directory(path);
    if (ret === wasi.ERRNO_SUCCESS) this.folder.quota.entries -= 1;
    return ret;
  }

  #nameLost(inode: Inode): void {
    this.folder.quota.entries -= 1;
    if (!(inode instanceof QuotaFile)) return;
    inode.names -= 1;
    inode.releaseIfGone();
  }
}

/** The folder that a program finds open at its start, by the name under which it finds it. */
export class RootFolder extends OpenFolder {
  readonly #name: string;

  constructor(name: string, folder: QuotaFolder) {
    super(folder);
    this.#name = name;
  }

  override fd_prestat_get() {
    return { ret: wasi.ERRNO_SUCCESS, prestat: wasi.Prestat.dir(this.#name) };
  }
}

/**
 * Puts files into a folder, making the folders on their way.
 * @returns false when they do not fit into the quota
 */
export function plantFiles(
  root: QuotaFolder,
  planted: { readonly files: readonly FileEntry[]; readonly folders: readonly string[] },
): boolean {
  const { quota, readOnly } = root;
  const folderFor = (parts: readonly string[]) => {
    let folder = root;
    for (const part of parts) {
      const next = folder.contents.get(part);
      if (next instanceof QuotaFolder) folder = next;
      else {
        if (!quota.takeEntry()) return null;
        const made = new QuotaFolder(quota, readOnly);
        folder.contents.set(part, made);
        folder = made;
      }
    }
    return folder;
  };
  for (const path of planted.folders) if (folderFor(path.split('/')) === null) return false;
  for (const { path, content } of planted.files) {
    const parts = path.split('/');
    const name = parts.pop() ?? '';
    const folder = folderFor(parts);
    if (folder === null || !quota.takeEntry() || !quota.takeBytes(content.length)) return false;
    folder.contents.set(name, new QuotaFile(quota, content, { readOnly, changed: false }));
  }
  return true;
}

/** What a program has changed below a folder since `plantFiles`. */
export interface Changes {
  readonly written: readonly FileEntry[];
  readonly foldersMade: readonly string[];
  readonly filesGone: readonly string[];
  readonly foldersGone: readonly string[];
}

export function changesOf(
  root: QuotaFolder,
  planted: { readonly files: readonly { readonly path: string }[]; readonly folders: readonly string[] },
): Changes {
  const found = { files: new Map<string, QuotaFile>(), folders: new Set<string>() };
  const waiting: [string, QuotaFolder][] = [['', root]];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [prefix, folder] = next;
    for (const [name, entry] of folder.contents) {
      const path = `${prefix}${name}`;
      if (entry instanceof QuotaFolder) {
        found.folders.add(path);
        waiting.push([`${path}/`, entry]);
      } else if (entry instanceof QuotaFile) found.files.set(path, entry);
    }
  }
  const before = { files: new Set(planted.files.map(({ path }) => path)), folders: new Set<string>() };
  for (const path of [...planted.folders, ...parentsOf(planted.files)]) before.folders.add(path);
  return {
    written: [...found.files]
      .filter(([path, file]) => file.changed || !before.files.has(path))
      .map(([path, file]) => ({ path, content: file.read(0, file.length) })),
    foldersMade: [...found.folders].filter((path) => !before.folders.has(path)).toSorted(),
    filesGone: [...before.files].filter((path) => !found.files.has(path)),
    foldersGone: [...before.folders].filter((path) => !found.folders.has(path)),
  };
}

function parentsOf(files: readonly { readonly path: string }[]): string[] {
  return files.flatMap(({ path }) => {
    const parts = path.split('/').slice(0, -1);
    return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
  });
}
