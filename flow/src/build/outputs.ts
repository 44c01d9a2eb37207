import { hash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  type Stats,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import type { ReleaseContent } from '../core/release-content.ts';
import { duplicateOutputFault, unreadableFault } from './faults.ts';

/** What an earlier build of the same folder wrote: output → what it was made of. Kept by a watching build. */
export type WrittenOutputs = Map<string, string>;

/** Writes the files of a build. Modes are set by hand, so that the machine's umask decides nothing. */
export interface Outputs {
  /** Takes a path for a source. @throws build.duplicate_output */
  claim(output: string, source: string): void;
  has(output: string): boolean;
  write(output: string, content: string | Buffer): void;
  /** Copies without reading into memory; a large video costs no more than a small one. */
  copy(output: string, from: { file: string; path: string }): void;
  /** Removes what an earlier build wrote and this one did not. Returns how many files were written or removed. */
  finish(): { writtenFiles: number; totalFiles: number };
}

const FILE_MODE = 0o644;
const FOLDER_MODE = 0o755;

export interface OutputsTarget {
  readonly outDir: string;
  /** Of a watching build; changed in place: afterwards it holds what is there now. */
  readonly memory?: WrittenOutputs | undefined;
  /** Of a build for a release, which begins empty. */
  readonly content?: ReleaseContent | undefined;
}

export function createOutputs({ outDir, memory, content: release }: OutputsTarget): Outputs {
  const earlier: WrittenOutputs = memory ?? new Map();
  const claimed = new Map<string, string>();
  const folders = new Set<string>();
  const current = new Set<string>();
  let writtenFiles = 0;
  const prepare = (output: string): string => {
    makeFolder(outDir, path.posix.dirname(output), folders);
    return path.join(outDir, output);
  };
  /** True when the same content lies there already. */
  const isDone = (output: string, mark: string): boolean => {
    current.add(output);
    const known = earlier.get(output);
    if (known === mark) return true;
    if (known !== undefined) rmSync(path.join(outDir, output), { force: true });
    earlier.set(output, mark);
    writtenFiles += 1;
    return false;
  };
  return {
    claim: (output, source) => {
      const key = output.toLowerCase();
      const other = claimed.get(key);
      if (other !== undefined) throw duplicateOutputFault(source, other, output);
      claimed.set(key, source);
    },
    has: (output) => claimed.has(output.toLowerCase()),
    write: (output, content) => {
      // A one-off build writes each file once: no need to know it again.
      if (isDone(output, memory ? hash('sha256', content, 'base64url') : '')) return;
      if (release !== undefined) {
        release.put(output, typeof content === 'string' ? Buffer.from(content) : content);
        return;
      }
      // `wx`: nothing that lies there, such as a link, is ever written through.
      const target = prepare(output);
      writeFileSync(target, content, { flag: 'wx', mode: FILE_MODE });
      chmodSync(target, FILE_MODE);
    },
    copy: (output, { file, path: source }) => {
      const status = statSource(file, source);
      if (isDone(output, `${status.size}:${status.mtimeMs}:${status.ino}`)) return;
      if (release !== undefined) {
        release.copyIn(output, source);
        return;
      }
      const target = prepare(output);
      copyFileSync(source, target, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
      chmodSync(target, FILE_MODE);
    },
    finish: () => {
      for (const output of earlier.keys()) {
        if (current.has(output)) continue;
        rmSync(path.join(outDir, output), { force: true });
        earlier.delete(output);
        writtenFiles += 1;
      }
      return { writtenFiles, totalFiles: current.size };
    },
  };
}

function makeFolder(outDir: string, folder: string, known: Set<string>): void {
  if (folder === '.' || known.has(folder)) return;
  makeFolder(outDir, path.posix.dirname(folder), known);
  const full = path.join(outDir, folder);
  mkdirSync(full, { recursive: true, mode: FOLDER_MODE });
  chmodSync(full, FOLDER_MODE);
  known.add(folder);
}

/** Reads a source file as it was listed: a link or pipe that took its place since then is refused. */
export function readSource(file: string, full: string): Buffer {
  return withSource(file, full, (descriptor) => readFileSync(descriptor));
}

/** The status of a source file, by the same rule. */
export function statSource(file: string, full: string): Stats {
  return withSource(file, full, (descriptor) => fstatSync(descriptor));
}

function withSource<T>(file: string, full: string, use: (descriptor: number) => T): T {
  let descriptor: number;
  try {
    descriptor = openSync(full, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    throw unreadableFault(file, cause);
  }
  try {
    if (!fstatSync(descriptor).isFile()) throw unreadableFault(file, new Error('not a file'));
    return use(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
