import { lstatSync, type Stats } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Descriptor, type EntryName, errnoOf, openFolder, unlockFolder } from './descriptor.ts';
import { namesIn } from './folder-names.ts';
import { nameText } from './name-text.ts';

/** Others get their turn after so many entries (about 2 ms). */
const entriesPerTurn = 500;

export interface ScanEntry {
  /** Relative to the folder the scan began in, with forward slashes. */
  readonly path: string;
  readonly name: string;
  readonly stats: Stats;
  /** The open folder that holds the entry; closed when the scan goes on. */
  readonly folder: Descriptor;
}

export interface ScanOptions {
  /** Only entries after this path, in the scan's order: names by code unit, a folder before what it holds. */
  readonly after?: string;
  /** Whether to go into a folder; deeper than `maxDepth` it never goes. */
  readonly enters?: (entry: ScanEntry) => boolean;
  readonly maxDepth: number;
  readonly signal?: AbortSignal;
  /** Opens folders that a program closed to everybody (chmod 000): they count, too. */
  readonly unlocks?: boolean;
  /** Tells also what has a name that is not UTF-8, spelt as `nameText` does it: such files take room, too. */
  readonly undecodable?: boolean;
}

/** Where the scan is in one folder. */
interface Level {
  /** Its name in the folder above. */
  readonly name: EntryName;
  /** With a slash at its end, or empty. */
  readonly prefix: string;
  readonly device: number;
  readonly inode: number;
  readonly names: readonly EntryName[];
  next: number;
  /** What is left of the cursor at this level; empty: everything counts. */
  readonly after: readonly string[];
}

/**
 * Every entry below an open folder, without following any link. What vanishes while it is scanned is left out.
 * However deep a program has nested its folders, one is open at a time: the way back up is `..`, believed only when
 * it leads to the folder that the scan came from (as fts(3) does it), else the way down is gone again from the root.
 */
export function scan(root: Descriptor, options: ScanOptions): AsyncGenerator<ScanEntry, void, undefined> {
  return new Scan(root, options).run();
}

class Scan {
  readonly #root: Descriptor;
  readonly #options: ScanOptions;
  readonly #levels: Level[] = [];
  #current: Descriptor;
  #entries = 0;

  constructor(root: Descriptor, options: ScanOptions) {
    this.#root = root;
    this.#options = options;
    this.#current = root;
  }

  async *run(): AsyncGenerator<ScanEntry, void, undefined> {
    try {
      await this.#enter(this.#root, { name: '', prefix: '', after: this.#options.after?.split('/') ?? [] });
      for (let level = this.#levels.at(-1); level !== undefined; level = this.#levels.at(-1)) {
        const name = level.names[level.next];
        if (name === undefined) {
          this.#leave();
          continue;
        }
        level.next += 1;
        yield* this.#visit(level, name);
      }
    } finally {
      this.#moveTo(this.#root);
    }
  }

  async *#visit(level: Level, found: EntryName): AsyncGenerator<ScanEntry, void, undefined> {
    if (typeof found !== 'string' && this.#options.undecodable !== true) return;
    const name = nameText(found);
    const first = level.after[0];
    if (first !== undefined && name < first) return;
    this.#entries += 1;
    if (this.#entries % entriesPerTurn === 0) await nextTurn();
    this.#options.signal?.throwIfAborted();
    const stats = lstatSync(this.#current.at(found), { throwIfNoEntry: false });
    if (stats === undefined) return;
    const entry: ScanEntry = { path: level.prefix + name, name, stats, folder: this.#current };
    // The cursor itself, and the folders on the way to it, were told on the page before.
    const told = name === first;
    if (!told) yield entry;
    if (!stats.isDirectory() || this.#levels.length >= this.#options.maxDepth) return;
    if (this.#options.enters?.(entry) === false) return;
    const child = this.#open(this.#current, found);
    if (child === undefined) return;
    const after = told ? level.after.slice(1) : [];
    await this.#enter(child, { name: found, prefix: `${level.prefix}${name}/`, after });
  }

  async #enter(folder: Descriptor, place: Pick<Level, 'name' | 'prefix' | 'after'>): Promise<void> {
    this.#moveTo(folder);
    const { dev: device, ino: inode } = folder.stat();
    this.#levels.push({ ...place, device, inode, names: await namesOrNone(folder), next: 0 });
  }

  #moveTo(folder: Descriptor): void {
    if (this.#current !== this.#root && this.#current !== folder) this.#current.close();
    this.#current = folder;
  }

  /** Back to the folder above. */
  #leave(): void {
    this.#levels.pop();
    const level = this.#levels.at(-1);
    if (level === undefined || this.#levels.length === 1) {
      this.#moveTo(this.#root);
      return;
    }
    const parent = this.#open(this.#current, '..');
    if (parent !== undefined) {
      const { dev, ino } = parent.stat();
      if (dev === level.device && ino === level.inode) {
        this.#moveTo(parent);
        return;
      }
      parent.close();
    }
    this.#walkAgain();
  }

  /** The folder was moved away under us. What can't be found again any more is left out. */
  #walkAgain(): void {
    this.#moveTo(this.#root);
    for (const [index, { name, device, inode }] of this.#levels.entries()) {
      if (index === 0) continue;
      const child = this.#open(this.#current, name);
      const stats = child?.stat();
      if (child === undefined || stats?.dev !== device || stats.ino !== inode) {
        child?.close();
        this.#levels.length = index;
        return;
      }
      this.#moveTo(child);
    }
  }

  #open(folder: Descriptor, name: EntryName): Descriptor | undefined {
    try {
      const opened = openFolder(folder.at(name));
      if (this.#options.unlocks === true && name !== '..') unlockFolder(opened);
      return opened;
    } catch (error) {
      if (!unreadable.has(errnoOf(error) ?? '')) throw error;
      return undefined;
    }
  }
}

async function namesOrNone(folder: Descriptor): Promise<EntryName[]> {
  try {
    return await namesIn(folder);
  } catch (error) {
    if (unreadable.has(errnoOf(error) ?? '')) return [];
    throw error;
  }
}

/** Gone meanwhile, swapped for something else, or closed to us: no part of what can be told. */
const unreadable = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES', 'ESTALE']);
