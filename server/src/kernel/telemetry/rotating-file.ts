import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import type { DestinationStream } from 'pino';

export interface RotatingFileOptions {
  readonly file: string;
  readonly maxBytes: number;
  readonly maxFiles: number;
}

/**
 * A log destination that renames `x.log` to `x.log.1` … at `maxBytes` and keeps `maxFiles` of them.
 * Lines are gathered for 100 ms or 64 KiB and then written synchronously, so that none is lost at exit and none
 * is torn. A full disk drops lines, never the process: logging must not be what stops a server.
 */
export function createRotatingFile(options: RotatingFileOptions): DestinationStream & Disposable {
  mkdirSync(path.dirname(options.file), { recursive: true, mode: 0o700 });
  let descriptor = openSync(options.file, 'a', 0o600);
  let sizeBytes = fstatSync(descriptor).size;
  let pending: string[] = [];
  let pendingLength = 0;
  let timer: NodeJS.Timeout | undefined;

  function rotate(): void {
    closeSync(descriptor);
    for (let index = options.maxFiles - 1; index >= 1; index -= 1) {
      const from = index === 1 ? options.file : `${options.file}.${index - 1}`;
      if (existsSync(from)) renameSync(from, `${options.file}.${index}`);
    }
    if (options.maxFiles === 1) rmSync(options.file, { force: true });
    descriptor = openSync(options.file, 'a', 0o600);
    sizeBytes = 0;
  }

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    if (pending.length === 0) return;
    const chunk = Buffer.from(pending.join(''), 'utf8');
    pending = [];
    pendingLength = 0;
    try {
      if (sizeBytes > 0 && sizeBytes + chunk.length > options.maxBytes) rotate();
      sizeBytes += writeSync(descriptor, chunk);
    } catch {
      // ENOSPC and the like: there is nowhere left to report to.
    }
  }

  return {
    write(line: string) {
      pending.push(line);
      pendingLength += line.length;
      if (pendingLength >= 65_536) flush();
      else timer ??= setTimeout(flush, 100).unref();
    },
    [Symbol.dispose]() {
      flush();
      closeSync(descriptor);
    },
  };
}
