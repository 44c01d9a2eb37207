import { constants, openSync, readSync } from 'node:fs';
import { Descriptor, errnoOf, openFolder } from '#kernel/files/descriptor.ts';
import { type ScanEntry, scan } from '#kernel/files/scan.ts';
import { type IgnoreRules, parseIgnore } from './ignore.ts';

/** A regular file of a project, while the scan is at it. */
export interface ProjectFile {
  readonly path: string;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  /** Its bytes; null when it is gone, a link by now, or larger than asked. Valid until the next call. */
  read(limitBytes: number): Buffer | null;
}

const alwaysSkipped = new Set(['.git', 'node_modules', '.venv', '__pycache__', '.hg', '.svn']);
const ignoreBytes = 256 * 1024;

/**
 * Every regular file that a search is about: what .gitignore names is left out, links are not followed. Files are opened
 * by name in the scan's open folder, so that nothing outside of the workspace can be meant.
 */
export async function* projectFiles(
  workspacePath: string,
  options: { readonly maxDepth: number },
): AsyncGenerator<ProjectFile, void, undefined> {
  using root = openFolder(workspacePath);
  const buffer = new ReadBuffer();
  /** By folder with its slash, the empty text for the root. */
  const rules = new Map<string, IgnoreRules>();
  addRules('', root);

  function addRules(prefix: string, folder: Descriptor): void {
    const content = readAt(folder, '.gitignore', { limitBytes: ignoreBytes, buffer });
    if (content !== null) rules.set(prefix, parseIgnore(content.toString('utf8')));
  }

  /** The rules of the nearest folder that says anything decide. */
  function ignored(path: string, isFolder: boolean): boolean {
    if (rules.size === 0) return false;
    for (let end = path.lastIndexOf('/'); ; end = path.lastIndexOf('/', end - 1)) {
      const prefix = path.slice(0, end + 1);
      const decided = rules.get(prefix)?.decide(path.slice(prefix.length), isFolder);
      if (decided !== undefined) return decided;
      if (end < 0) return false;
    }
  }

  const enters = ({ path, name, folder }: ScanEntry) => {
    if (alwaysSkipped.has(name) || ignored(path, true)) return false;
    try {
      using child = openFolder(folder.at(name));
      addRules(`${path}/`, child);
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
    }
    return true;
  };
  for await (const { path, name, stats, folder } of scan(root, { maxDepth: options.maxDepth, enters })) {
    if (!stats.isFile() || ignored(path, false)) continue;
    yield {
      path,
      sizeBytes: stats.size,
      modifiedMs: stats.mtimeMs,
      read: (limitBytes) => readAt(folder, name, { limitBytes, buffer }),
    };
  }
}

/** One buffer for all files: most are small, and a new one each costs more than the read. */
class ReadBuffer {
  #bytes = Buffer.allocUnsafeSlow(256 * 1024);

  ofSize(size: number): Buffer {
    if (this.#bytes.length < size) this.#bytes = Buffer.allocUnsafeSlow(size);
    return this.#bytes;
  }
}

function readAt(
  folder: Descriptor,
  name: string,
  { limitBytes, buffer }: { readonly limitBytes: number; readonly buffer: ReadBuffer },
): Buffer | null {
  try {
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;
    using file = new Descriptor(openSync(folder.at(name), flags));
    const stats = file.stat();
    // A file with a second name may have it outside of the workspace.
    if (!stats.isFile() || stats.nlink > 1 || stats.size > limitBytes) return null;
    const bytes = buffer.ofSize(stats.size);
    let filled = 0;
    while (filled < stats.size) {
      const count = readSync(file.fd, bytes, filled, stats.size - filled, filled);
      if (count === 0) break;
      filled += count;
    }
    return bytes.subarray(0, filled);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return null;
  }
}

/** Bytes with a NUL among the first are no text, as git and grep judge it. */
export function isBinary(bytes: Buffer): boolean {
  return bytes.subarray(0, 8000).includes(0);
}
