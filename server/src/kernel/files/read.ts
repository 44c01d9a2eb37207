import { read, readSync, type Stats } from 'node:fs';
import { promisify } from 'node:util';
import { fault } from '#base/fault.ts';
import { type Descriptor, openForReading } from './descriptor.ts';
import { reporting } from './errors.ts';
import { assertLinksInside } from './hard-links.ts';
import { openAt, walk } from './walk.ts';
import type { Workspace } from './workspace.ts';
import { parseWorkspacePath, shown } from './workspace-path.ts';

const readSome = promisify(read);
/** Below this, a read from the page cache is shorter than its way through the thread pool (10 against 80 µs). */
const directBytes = 64 * 1024;

export interface ReadRange {
  readonly offset: number;
  readonly length: number;
}

export interface FileContent {
  readonly content: Buffer;
  /** Size of the whole file when it was opened. */
  readonly size: number;
  readonly modifiedAtMs: number;
  readonly mode: number;
  /** True when `content` is the whole file. */
  readonly whole: boolean;
}

export interface ReadOptions {
  readonly range?: Partial<ReadRange>;
  /** The most bytes that are read at once. */
  readonly limitBytes: number;
}

/**
 * Reads a regular file of the workspace, or a range of it. Opening touches nothing else: pipes, sockets and
 * devices are recognised before they are opened.
 * @throws files.path_invalid, files.path_escapes, files.not_found, files.not_a_file, files.special_file,
 *   files.hard_link_escapes, files.too_large
 */
export function readWorkspaceFile(
  workspace: Workspace,
  pathText: string,
  options: ReadOptions,
): Promise<FileContent> {
  return reporting(pathText, async () => {
    const path = parseWorkspacePath(pathText, workspace.limits);
    using place = walk(workspace.workspacePath, path, { followLast: true });
    using anchor = openAt(place);
    const stats = anchor.stat();
    assertRegular(stats, pathText);
    if (stats.nlink > 1) await assertLinksInside(workspace, { stats, path: pathText });
    return await readAnchored(anchor, { stats, path: pathText, options });
  });
}

/** Refuses everything that is not a regular file. @throws files.not_a_file, files.special_file */
export function assertRegular(stats: Stats, path: string): void {
  if (stats.isFile()) return;
  const plain = stats.isDirectory() || stats.isSymbolicLink();
  throw fault(plain ? 'files.not_a_file' : 'files.special_file', { path: shown(path) });
}

interface AnchoredRead {
  readonly stats: Stats;
  readonly path: string;
  readonly options: ReadOptions;
}

async function readAnchored(
  anchor: Descriptor,
  { stats, path, options }: AnchoredRead,
): Promise<FileContent> {
  const { range, limitBytes } = options;
  const offset = Math.min(range?.offset ?? 0, stats.size);
  const wanted = Math.min(range?.length ?? stats.size - offset, stats.size - offset);
  if (wanted > limitBytes) throw fault('files.too_large', { path: shown(path), limitBytes });
  using file = openForReading(anchor);
  const content = await readExactly(file, { offset, length: wanted });
  return {
    content,
    size: stats.size,
    modifiedAtMs: stats.mtimeMs,
    mode: stats.mode,
    whole: offset === 0 && content.length >= stats.size,
  };
}

/** Reads the range, or less when the file ends before it (it may shrink while it is read). */
export async function readExactly(file: Descriptor, range: ReadRange): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(range.length);
  let filled = 0;
  while (filled < range.length) {
    const length = range.length - filled;
    const position = range.offset + filled;
    const count =
      range.length <= directBytes
        ? readSync(file.fd, buffer, filled, length, position)
        : (await readSome(file.fd, buffer, filled, length, position)).bytesRead;
    if (count === 0) break;
    filled += count;
  }
  return filled === range.length ? buffer : buffer.subarray(0, filled);
}
