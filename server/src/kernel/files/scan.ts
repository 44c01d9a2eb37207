import { lstatSync, type Stats } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Descriptor, errnoOf, openFolder } from './descriptor.ts';
import { namesIn } from './folder-names.ts';

/** Others get their turn after so many entries (about 2 ms). */
const entriesPerTurn = 500;

export interface ScanEntry {
  /** Relative to the folder the scan began in, with forward slashes. */
  readonly path: string;
  readonly name: string;
  readonly stats: Stats;
  /** The open folder that holds the entry; closed when the scan has left it. */
  readonly folder: Descriptor;
}

export interface ScanOptions {
  /** Only entries after this path, in the scan's order: names by code unit, a folder before what it holds. */
  readonly after?: string;
  /** Whether to go into a folder; deeper than `maxDepth` it never goes. */
  readonly enters?: (entry: ScanEntry) => boolean;
  readonly maxDepth: number;
  readonly signal?: AbortSignal;
}

/**
 * Every entry below an open folder, without following any link. What vanishes while it is scanned is left out.
 * It holds one open folder for each level, and gives way to other work regularly.
 */
export async function* scan(
  root: Descriptor,
  options: ScanOptions,
): AsyncGenerator<ScanEntry, void, undefined> {
  const turn = { entries: 0 };
  const after = options.after?.split('/') ?? [];
  yield* scanFolder({ folder: root, prefix: '', depth: 1, after }, options, turn);
}

interface Level {
  readonly folder: Descriptor;
  readonly prefix: string;
  readonly depth: number;
  /** What is left of the cursor at this level; empty: everything counts. */
  readonly after: readonly string[];
}

async function* scanFolder(
  level: Level,
  options: ScanOptions,
  turn: { entries: number },
): AsyncGenerator<ScanEntry, void, undefined> {
  const { folder, prefix, depth, after } = level;
  const first = after[0];
  for (const name of await namesOrNone(folder)) {
    if (first !== undefined && name < first) continue;
    turn.entries += 1;
    if (turn.entries % entriesPerTurn === 0) await nextTurn();
    options.signal?.throwIfAborted();
    const stats = lstatSync(folder.at(name), { throwIfNoEntry: false });
    if (stats === undefined) continue;
    const entry: ScanEntry = { path: prefix + name, name, stats, folder };
    // The cursor itself, and the folders on the way to it, were told on the page before.
    const told = name === first;
    if (!told) yield entry;
    if (!stats.isDirectory() || depth >= options.maxDepth || options.enters?.(entry) === false) continue;
    using child = openOrNone(folder, name);
    if (child === undefined) continue;
    const childAfter = told ? after.slice(1) : [];
    yield* scanFolder(
      { folder: child, prefix: `${prefix}${name}/`, depth: depth + 1, after: childAfter },
      options,
      turn,
    );
  }
}

async function namesOrNone(folder: Descriptor): Promise<string[]> {
  try {
    return await namesIn(folder);
  } catch (error) {
    if (unreadable.has(errnoOf(error) ?? '')) return [];
    throw error;
  }
}

function openOrNone(folder: Descriptor, name: string): Descriptor | undefined {
  try {
    return openFolder(folder.at(name));
  } catch (error) {
    if (unreadable.has(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
}

/** Gone meanwhile, swapped for something else, or closed to us: no part of what can be told. */
const unreadable = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES', 'ESTALE']);
