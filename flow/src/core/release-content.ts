import { hash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { type FileSum, hashFile } from './hash-file.ts';
import { listReleaseFiles } from './release-files.ts';
import type { FlowContext } from './step.ts';

/** The source of a page. */
export interface PageOrigin {
  /** Relative to the site's folder. */
  readonly file: string;
  text(): string;
  /** How the source writes an address of the page. */
  writtenAs(address: string): string;
}

/**
 * The release while the steps 2 to 5 make it: files that they write are held in memory up to a limit and go to the disk
 * once, in their final form; each content is hashed once. Large files lie on disk from the beginning.
 */
export interface ReleaseContent {
  /** Of pages that the build made of something else: what messages about them must name. */
  readonly origins: Map<string, PageOrigin>;
  /** Every file, in code-unit order. @throws flow.symbolic_link, flow.file_name */
  list(): string[];
  read(file: string): Buffer;
  sizeOf(file: string): number;
  sumOf(file: string): Promise<FileSum>;
  /** Takes the bytes over: who calls must not change them any more. A file that lies there is replaced. */
  put(file: string, bytes: Buffer): void;
  /** Copies a source without reading it into memory. */
  copyIn(file: string, source: string): void;
  rename(from: string, to: string): void;
  copy(from: string, to: string): void;
  /** Writes what is held; with `seconds`, every file gets that time and the mode of a release. */
  settle(seconds?: (file: string) => number | null): void;
}

const FILE_MODE = 0o644;
const FOLDER_MODE = 0o755;
/** More than the pages of an ordinary site; what comes beyond it is written at once. */
const MOST_HELD_BYTES = 96 * 1024 * 1024;

/** The content of a step that runs alone (in tests, or as the only one) is on disk after each call. */
export function contentOf(context: Pick<FlowContext, 'content' | 'releaseDir'>): ReleaseContent {
  return context.content ?? createReleaseContent(context.releaseDir, { mostHeldBytes: 0 });
}

/** `dir` need not exist yet. */
export function createReleaseContent(
  dir: string,
  options: { readonly mostHeldBytes: number } = { mostHeldBytes: MOST_HELD_BYTES },
): ReleaseContent {
  const held = new Map<string, Buffer>();
  const sums = new Map<string, FileSum>();
  /** Of a folder that began empty, what lies on disk; nothing has to be asked for the rest. */
  const onDisk = new Set<string>();
  const folders = new Set<string>();
  let heldBytes = 0;
  const full = (file: string) => path.join(dir, file);
  const place = (file: string): string => {
    makeFolder(dir, path.posix.dirname(file), folders);
    return full(file);
  };
  const forget = (file: string) => {
    heldBytes -= held.get(file)?.length ?? 0;
    held.delete(file);
    sums.delete(file);
  };
  const sumIn = (file: string): FileSum | undefined => {
    const known = sums.get(file);
    const bytes = held.get(file);
    if (known !== undefined || bytes === undefined) return known;
    const sum = { sha256: hash('sha256', bytes), sizeBytes: bytes.length };
    sums.set(file, sum);
    return sum;
  };
  const content: ReleaseContent = {
    origins: new Map(),
    list: () => listReleaseFiles(dir, held.keys()),
    read: (file) => held.get(file) ?? readFileSync(full(file)),
    sizeOf: (file) => held.get(file)?.length ?? statSync(full(file)).size,
    sumOf: async (file) => {
      const known = sumIn(file);
      if (known !== undefined) return known;
      const sum = await hashFile(full(file));
      sums.set(file, sum);
      return sum;
    },
    put: (file, bytes) => {
      forget(file);
      if (heldBytes + bytes.length <= options.mostHeldBytes) {
        if (onDisk.delete(file)) rmSync(full(file), { force: true });
        held.set(file, bytes);
        heldBytes += bytes.length;
      } else {
        onDisk.add(file);
        writeWhole(place(file), bytes, null);
      }
    },
    copyIn: (file, source) => {
      const target = place(file);
      copyFileSync(source, target, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
      chmodSync(target, FILE_MODE);
      onDisk.add(file);
    },
    rename: (from, to) => {
      const bytes = held.get(from);
      const sum = sums.get(from);
      forget(from);
      if (bytes !== undefined) content.put(to, bytes);
      else {
        renameSync(full(from), place(to));
        if (onDisk.delete(from)) onDisk.add(to);
      }
      if (sum !== undefined) sums.set(to, sum);
    },
    copy: (from, to) => {
      const bytes = held.get(from);
      if (bytes !== undefined) content.put(to, bytes);
      else {
        copyFileSync(full(from), place(to), constants.COPYFILE_FICLONE);
        onDisk.add(to);
      }
      const sum = sums.get(from);
      if (sum !== undefined) sums.set(to, sum);
    },
    settle: (seconds) => {
      if (seconds !== undefined) {
        for (const file of listReleaseFiles(dir)) {
          const time = seconds(file);
          if (time === null || held.has(file)) continue;
          chmodSync(full(file), FILE_MODE);
          utimesSync(full(file), time, time);
        }
      }
      for (const [file, bytes] of held) {
        writeWhole(place(file), bytes, seconds?.(file) ?? null);
        onDisk.add(file);
      }
      held.clear();
      heldBytes = 0;
    },
  };
  return content;
}

/** `wx`: nothing that lies there, such as a link, is ever written through. */
function writeWhole(target: string, bytes: Buffer, seconds: number | null): void {
  rmSync(target, { force: true });
  const descriptor = openSync(target, 'wx', FILE_MODE);
  try {
    for (let at = 0; at < bytes.length; at += writeSync(descriptor, bytes, at));
  } finally {
    closeSync(descriptor);
  }
  // The machine's umask must not decide whether a web server may read the release. By path: Node allows no other way to a
  // process without all rights, such as the one that builds for the studio.
  chmodSync(target, FILE_MODE);
  if (seconds !== null) utimesSync(target, seconds, seconds);
}

function makeFolder(dir: string, folder: string, known: Set<string>): void {
  if (folder === '.' || known.has(folder)) return;
  makeFolder(dir, path.posix.dirname(folder), known);
  const full = path.join(dir, folder);
  mkdirSync(full, { recursive: true, mode: FOLDER_MODE });
  chmodSync(full, FOLDER_MODE);
  known.add(folder);
}
