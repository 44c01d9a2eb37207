import {
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { fault } from '#base/fault.ts';
import { isAlive, startMark } from './process-state.ts';

interface Holder {
  readonly pid: number;
  readonly startMark: string | undefined;
}

function readHolder(file: string): Holder | undefined {
  try {
    const { pid, startMark: mark } = JSON.parse(readFileSync(file, 'utf8')) as Holder;
    return Number.isInteger(pid) ? { pid, startMark: mark } : undefined;
  } catch {
    return undefined;
  }
}

function isHeld(holder: Holder | undefined): holder is Holder {
  if (holder === undefined || holder.pid === process.pid || !isAlive(holder.pid)) return false;
  return holder.startMark === undefined || startMark(holder.pid) === holder.startMark;
}

/**
 * Moves a dead holder's lock away. Should another process have taken the folder between the look and the move,
 * its lock is put back.
 * @throws database.folder_in_use
 */
function removeStale(file: string): void {
  const before = readHolder(file);
  if (isHeld(before)) throw fault('database.folder_in_use', { pid: before.pid });
  const aside = `${file}.stale.${process.pid}`;
  try {
    renameSync(file, aside);
    const moved = readHolder(aside);
    if (isHeld(moved)) {
      linkSync(aside, file);
      throw fault('database.folder_in_use', { pid: moved.pid });
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

/**
 * Takes the data folder for this process. What a killed process left is taken over; of two that start at once,
 * the link decides.
 * @throws database.folder_in_use with the pid of the process that has it
 */
export function lockDataFolder(dataDir: string): Disposable {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const file = path.join(dataDir, 'server.lock');
  const draft = path.join(dataDir, `.server.lock.${process.pid}`);
  const descriptor = openSync(draft, 'w', 0o600);
  writeSync(
    descriptor,
    JSON.stringify({ pid: process.pid, startMark: startMark(process.pid) } satisfies Holder),
  );
  closeSync(descriptor);
  try {
    for (let tries = 0; ; tries += 1) {
      try {
        linkSync(draft, file);
        break;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || tries === 3) throw error;
      }
      removeStale(file);
    }
  } finally {
    rmSync(draft, { force: true });
  }
  return {
    [Symbol.dispose]() {
      if (readHolder(file)?.pid === process.pid) rmSync(file, { force: true });
    },
  };
}
