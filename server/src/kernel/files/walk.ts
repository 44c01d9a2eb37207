import { lstatSync, mkdirSync, readlinkSync, type Stats } from 'node:fs';
import { fault } from '#base/fault.ts';
import { type Descriptor, errnoOf, openAnything, openFolder } from './descriptor.ts';
import { escapes, isGitName, shown, type WorkspacePath } from './workspace-path.ts';

/** As many as Linux follows itself. */
const maxLinks = 40;
const maxSteps = 4096;

/**
 * Where a path ends: an open folder and a name in it. Between finding and using it, nobody can make it mean
 * something else: names are looked up in the open folder, not along the path again.
 */
export interface Place extends Disposable {
  readonly folder: Descriptor;
  /** Null when the path is the workspace itself, or a link to a folder above it in the tree. */
  readonly name: string | null;
  /** Folders that were made on the way. */
  readonly madeFolders: number;
}

export interface WalkOptions {
  /** Follows a link in the last part, too, as long as it stays inside. */
  readonly followLast?: boolean;
  /** Refuses to pass through, or end in, a `.git`; links resolved. */
  readonly refuseGit?: boolean;
  /** Called before each missing folder is made; absent: missing folders are an error. */
  readonly onMissingFolder?: () => void;
}

/**
 * Walks from the workspace's root to a path, one open folder after the other (`O_PATH | O_DIRECTORY | O_NOFOLLOW`
 * below `/proc/self/fd/<folder>`). Node has no openat2(RESOLVE_BENEATH); this does the same in user space.
 * Links are read and resolved here: relative ones inside the workspace are followed, `..` steps back along the
 * folders that were walked, and whatever is absolute or steps above the root is refused without being looked at.
 * @throws files.path_escapes, files.path_invalid, files.protected, and system errors (see asFileFault)
 */
export function walk(rootPath: string, path: WorkspacePath, options: WalkOptions = {}): Place {
  const folders: Descriptor[] = [openRoot(rootPath)];
  try {
    return new Walker(folders, path, options).run();
  } catch (error) {
    for (const folder of folders) folder.close();
    throw error;
  }
}

function openRoot(rootPath: string): Descriptor {
  try {
    return openFolder(rootPath);
  } catch (error) {
    if (process.platform !== 'linux') throw fault('files.unsupported_platform', {}, { cause: error });
    throw error;
  }
}

class Walker {
  readonly #folders: Descriptor[];
  readonly #path: WorkspacePath;
  readonly #options: WalkOptions;
  /** Parts still to go, the next one last. */
  readonly #rest: string[];
  #links = 0;
  #steps = 0;
  #madeFolders = 0;

  constructor(folders: Descriptor[], path: WorkspacePath, options: WalkOptions) {
    this.#folders = folders;
    this.#path = path;
    this.#options = options;
    this.#rest = path.segments.toReversed();
  }

  run(): Place {
    for (let part = this.#rest.pop(); part !== undefined; part = this.#rest.pop()) {
      this.#steps += 1;
      if (this.#steps > maxSteps) throw this.#tooManyLinks();
      if (part === '' || part === '.') continue;
      if (part === '..') {
        this.#stepBack();
        continue;
      }
      if (this.#options.refuseGit === true && isGitName(part)) {
        throw fault('files.protected', { path: shown(this.#path.text) });
      }
      if (this.#rest.length > 0) this.#enter(part);
      else if (!this.#options.followLast || !this.#followLink(part)) return this.#placeOf(part);
    }
    return this.#placeOf(null);
  }

  get #current(): Descriptor {
    const folder = this.#folders.at(-1);
    if (folder === undefined) throw escapes(this.#path.text);
    return folder;
  }

  #stepBack(): void {
    if (this.#folders.length === 1) throw escapes(this.#path.text);
    this.#folders.pop()?.close();
  }

  #enter(part: string): void {
    const { onMissingFolder } = this.#options;
    try {
      this.#folders.push(openFolder(this.#current.at(part)));
    } catch (error) {
      const errno = errnoOf(error);
      if ((errno === 'ENOTDIR' || errno === 'ELOOP') && this.#followLink(part)) return;
      if (errno !== 'ENOENT' || onMissingFolder === undefined) throw error;
      onMissingFolder();
      this.#make(part);
    }
  }

  #make(part: string): void {
    try {
      mkdirSync(this.#current.at(part), 0o755);
      this.#madeFolders += 1;
    } catch (error) {
      // Somebody else made it in the same moment: then it is there, which is what counts.
      if (errnoOf(error) !== 'EEXIST') throw error;
    }
    this.#folders.push(openFolder(this.#current.at(part)));
  }

  /** Replaces a link by the parts of its target. False when the part is no link, or is not there. */
  #followLink(part: string): boolean {
    const path = this.#current.at(part);
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats === undefined || !stats.isSymbolicLink()) return false;
    const target = readlinkSync(path);
    if (target.startsWith('/')) throw escapes(this.#path.text);
    this.#links += 1;
    if (this.#links > maxLinks) throw this.#tooManyLinks();
    this.#rest.push(...target.split('/').toReversed());
    return true;
  }

  #tooManyLinks(): Error {
    const reason = 'too many links have to be followed';
    return fault('files.path_invalid', { path: shown(this.#path.text), reason });
  }

  #placeOf(name: string | null): Place {
    const folders = this.#folders;
    return {
      folder: this.#current,
      name,
      madeFolders: this.#madeFolders,
      [Symbol.dispose]() {
        for (const folder of folders) folder.close();
      },
    };
  }
}

/** Opens what is at a place without touching it; its `stat` tells what it is. */
export function openAt(place: Place): Descriptor {
  return openAnything(place.name === null ? `${place.folder.path}/.` : place.folder.at(place.name));
}

/** What is at a place, a link itself included; undefined when nothing is. */
export function statAt(place: Place): Stats | undefined {
  if (place.name === null) return place.folder.stat();
  return lstatSync(place.folder.at(place.name), { throwIfNoEntry: false });
}
