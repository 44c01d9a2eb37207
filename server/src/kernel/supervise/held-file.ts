import { closeSync, linkSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
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
 * Moves a dead holder's file away; the pid of a living one. Should another process have taken it between the look and
 * the move, its file is put back.
 */
function removeStale(file: string): number | undefined {
  const before = readHolder(file);
  if (isHeld(before)) return before.pid;
  const aside = `${file}.stale.${process.pid}`;
  try {
    renameSync(file, aside);
    const moved = readHolder(aside);
    if (!isHeld(moved)) return undefined;
    linkSync(aside, file);
    return moved.pid;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return undefined;
  } finally {
    rmSync(aside, { force: true });
  }
}

/**
 * Takes a file's name for this process until it is disposed, or tells which living process has it. What a killed
 * process left is taken over; of two that come at once, the link decides. The folder must exist. Within one process
 * the last one to ask has it: several takers there must agree by themselves.
 */
export function holdFile(file: string): Disposable | { readonly heldBy: number } {
  const draft = path.join(path.dirname(file), `.${path.basename(file)}.${process.pid}`);
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
      const heldBy = removeStale(file);
      if (heldBy !== undefined) return { heldBy };
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
