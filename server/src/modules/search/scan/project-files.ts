import { constants, type Dirent, openSync, readdirSync, readSync, type Stats } from 'node:fs';
import { Descriptor, errnoOf, openFolder } from '#kernel/files/descriptor.ts';
import { type IgnoreRules, parseIgnore } from './ignore.ts';

/** A file of a project while the walk is at it; nothing of it has been looked at yet but its name and kind. */
export interface ProjectFile {
  readonly path: string;
  readonly name: string;
  /** Open until the walk leaves it. */
  readonly folder: Descriptor;
}

/** What a walk calls; `false` ends it. */
export type Visit = (file: ProjectFile) => boolean;

/** A part of a project: what lies below a folder, or some entries of it. */
export interface Part {
  /** Empty for the project itself. */
  readonly folder: string;
  /** Only these entries, sorted; null for all. */
  readonly names: readonly string[] | null;
}

const alwaysSkipped = new Set(['.git', 'node_modules', '.venv', '__pycache__', '.hg', '.svn']);
const ignoreBytes = 256 * 1024;

/** The rules that speak in a folder, its own first. */
interface Scope {
  readonly rules: IgnoreRules;
  /** The folder with its slash, empty for the root. */
  readonly prefix: string;
  readonly above: Scope | null;
}

/**
 * The files that a search is about: what .gitignore names is left out, links are not followed. Kinds come from the folder's
 * own list, so that no entry is looked at twice, and files are opened by name in the open folder, so that nothing outside
 * of the workspace can be meant. Blocks while it runs: for threads of their own only.
 */
export class ProjectWalk implements Disposable {
  readonly #root: Descriptor;
  readonly #maxDepth: number;
  readonly #buffer = new ReadBuffer();

  constructor(workspacePath: string, options: { readonly maxDepth: number }) {
    this.#root = openFolder(workspacePath);
    this.#maxDepth = options.maxDepth;
  }

  /** In the order of the names, a folder before what it holds. A part that is ignored, or is no folder, has no files. */
  visit(part: Part, visit: Visit): void {
    this.#reach(part.folder, (folder, above, depth) => {
      const prefix = part.folder === '' ? '' : `${part.folder}/`;
      this.#walk(folder, { prefix, depth, above, names: part.names }, visit);
    });
  }

  /** The project in parts that can be walked at the same time, in the order of their files. */
  parts(count: number): Part[] {
    let parts: Part[] = [{ folder: '', names: null }];
    for (let depth = 0; depth < this.#maxDepth && parts.length < count; depth += 1) {
      const opened = parts.flatMap((part) => this.#opened(part));
      if (opened.length === parts.length && opened.every(({ names }) => names !== null)) break;
      parts = opened;
    }
    return parts;
  }

  /** A whole folder as its folders and the files between them. */
  #opened(part: Part): Part[] {
    if (part.names !== null) return [part];
    const parts: Part[] = [];
    let files: string[] = [];
    const close = () => {
      if (files.length > 0) parts.push({ folder: part.folder, names: files });
      files = [];
    };
    this.#reach(part.folder, (folder, above, depth) => {
      const prefix = part.folder === '' ? '' : `${part.folder}/`;
      const scope = this.#scopeOf(folder, prefix, above);
      for (const entry of entriesOf(folder)) {
        if (entry.isFile()) files.push(entry.name);
        else if (entry.isDirectory() && depth < this.#maxDepth) {
          const path = prefix + entry.name;
          if (isSkipped(entry.name) || isIgnored(scope, path, true)) continue;
          close();
          parts.push({ folder: path, names: null });
        }
        if (files.length >= filesPerPart) close();
      }
    });
    close();
    return parts;
  }

  /** Opens a folder by way of those above it, none of them a link; does nothing when it is gone or left out. */
  #reach(path: string, use: (folder: Descriptor, above: Scope | null, depth: number) => void): void {
    const names = path === '' ? [] : path.split('/');
    const enter = (
      folder: Descriptor,
      place: { depth: number; prefix: string; above: Scope | null },
    ): void => {
      const name = names[place.depth];
      if (name === undefined) {
        use(folder, place.above, place.depth + 1);
        return;
      }
      const scope = this.#scopeOf(folder, place.prefix, place.above);
      if (isSkipped(name) || isIgnored(scope, place.prefix + name, true)) return;
      using child = openOrNull(folder, name);
      if (child !== null)
        enter(child, { depth: place.depth + 1, prefix: `${place.prefix}${name}/`, above: scope });
    };
    enter(this.#root, { depth: 0, prefix: '', above: null });
  }

  #walk(
    folder: Descriptor,
    place: {
      readonly prefix: string;
      readonly depth: number;
      readonly above: Scope | null;
      readonly names: readonly string[] | null;
    },
    visit: Visit,
  ): boolean {
    const { prefix, depth, above, names } = place;
    if (names !== null) {
      const scope = this.#scopeOf(folder, prefix, above);
      return names.every(
        (name) => isIgnored(scope, prefix + name, false) || visit({ path: prefix + name, name, folder }),
      );
    }
    const entries = entriesOf(folder);
    const scope = hasRules(entries) ? this.#scopeOf(folder, prefix, above) : above;
    for (const entry of entries) {
      const { name } = entry;
      const path = prefix + name;
      if (entry.isFile()) {
        if (!isIgnored(scope, path, false) && !visit({ path, name, folder })) return false;
      } else if (entry.isDirectory() && depth < this.#maxDepth) {
        if (isSkipped(name) || isIgnored(scope, path, true)) continue;
        using child = openOrNull(folder, name);
        if (child === null) continue;
        const inside = { prefix: `${path}/`, depth: depth + 1, above: scope, names: null };
        if (!this.#walk(child, inside, visit)) return false;
      }
    }
    return true;
  }

  /** The scope of a folder by its own .gitignore. */
  #scopeOf(folder: Descriptor, prefix: string, above: Scope | null): Scope | null {
    const rules = this.use({ folder, name: '.gitignore' }, ignoreBytes, (bytes, stats) =>
      stats().nlink > 1 ? null : parseIgnore(bytes.toString('utf8')),
    );
    return rules === null ? above : { rules, prefix, above };
  }

  /**
   * Gives the bytes of a file to `use`; null when it is gone, is something else by now, or is larger than asked. They are
   * valid until `use` returns. A file with a second name may have it outside of the workspace: look at `stats` before
   * anything of it is told.
   */
  use<Result>(
    { folder, name }: Pick<ProjectFile, 'folder' | 'name'>,
    limitBytes: number,
    use: (bytes: Buffer, stats: () => Stats) => Result,
  ): Result | null {
    using file = openFile(folder, name);
    const bytes = file === null ? null : this.#buffer.fill(file, limitBytes);
    return file === null || bytes === null ? null : use(bytes, () => file.stat());
  }

  [Symbol.dispose](): void {
    this.#root.close();
  }
}

const filesPerPart = 400;

/** A regular file by its name in an open folder; null when it is gone or is something else by now. */
export function openFile(folder: Descriptor, name: string): Descriptor | null {
  try {
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;
    return new Descriptor(openSync(folder.at(name), flags));
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return null;
  }
}

function openOrNull(folder: Descriptor, name: string): Descriptor | null {
  try {
    return openFolder(folder.at(name));
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return null;
  }
}

function entriesOf(folder: Descriptor): Dirent[] {
  try {
    const entries = readdirSync(folder.path, { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return [];
  }
}

function hasRules(entries: readonly Dirent[]): boolean {
  return entries.some(({ name }) => name === '.gitignore');
}

function isSkipped(name: string): boolean {
  return alwaysSkipped.has(name);
}

/** The rules of the nearest folder that says anything decide. */
function isIgnored(scope: Scope | null, path: string, isFolder: boolean): boolean {
  for (let at = scope; at !== null; at = at.above) {
    const decided = at.rules.decide(path.slice(at.prefix.length), isFolder);
    if (decided !== undefined) return decided;
  }
  return false;
}

/** One buffer for all files: most are small, and a new one each costs more than the read. */
class ReadBuffer {
  #bytes = Buffer.allocUnsafeSlow(256 * 1024);

  /** A file that fits is read by one call and one that finds its end; only a larger one is asked for its size. */
  fill(file: Descriptor, limitBytes: number): Buffer | null {
    let filled = 0;
    for (;;) {
      const count = readSome(file, this.#bytes, filled);
      if (count === null) return null;
      filled += count;
      if (filled > limitBytes) return null;
      if (filled < this.#bytes.length) return this.#bytes.subarray(0, filled);
      const stats = file.stat();
      if (!stats.isFile() || stats.size > limitBytes) return null;
      const { size } = stats;
      const larger = Buffer.allocUnsafeSlow(Math.max(size + 1, this.#bytes.length * 2));
      this.#bytes.copy(larger, 0, 0, filled);
      this.#bytes = larger;
    }
  }
}

function readSome(file: Descriptor, bytes: Buffer, filled: number): number | null {
  try {
    return readSync(file.fd, bytes, filled, bytes.length - filled, filled);
  } catch (error) {
    // A folder, or a pipe that nobody writes to.
    if (errnoOf(error) === undefined) throw error;
    return null;
  }
}

/** Bytes with a NUL among the first are no text, as git and grep judge it. */
export function isBinary(bytes: Buffer): boolean {
  return bytes.subarray(0, 8000).includes(0);
}
