import { readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { isAlive, startTimeOf } from './process-table.ts';

/** Content of a control file, null when it is not there. These files live in kernel memory: reading takes microseconds. */
export function readControl(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

/** The whole number in a control file; `max` and a missing file are null. */
export function readNumber(file: string): number | null {
  const text = readControl(file)?.trim();
  return text === undefined || text === 'max' || text === '' ? null : Number(text);
}

/** The number behind a key in a control file of `key value` lines; 0 when it is not there. */
export function readKey(file: string, key: string): number {
  const text = readControl(file);
  if (text === null) return 0;
  for (const line of text.split('\n')) {
    if (line.startsWith(`${key} `)) return Number(line.slice(key.length + 1));
  }
  return 0;
}

export function writeControl(file: string, value: string | number): void {
  writeFileSync(file, String(value));
}

/** As `writeControl`, for what not every kernel has. */
export function tryWriteControl(file: string, value: string | number): void {
  try {
    writeFileSync(file, String(value));
  } catch {
    // the kernel lacks this control; the others hold
  }
}

/** The kernel writes 0 for a process that has no id here (one that is ending, or of another pid namespace): left out. */
export function processIdsOf(group: string): number[] {
  const text = readControl(`${group}/cgroup.procs`) ?? '';
  return text.split('\n').map(Number).filter(isForeign);
}

/** To a signal 0 and less mean whole groups, the server's own among them, and 1 is the first process of the machine. */
function isForeign(processId: number): boolean {
  return Number.isInteger(processId) && processId > 1 && processId !== process.pid;
}

/**
 * Kills whatever is left in the group and removes it. A killed process leaves its group only when the kernel has cleaned
 * up after it, which takes a moment.
 */
export async function emptyAndRemove(group: string): Promise<boolean> {
  for (let attempt = 0; attempt < 60; attempt += 1) {
    for (const processId of processIdsOf(group)) killQuietly(processId);
    try {
      rmdirSync(group);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return true;
    }
    await delay(Math.min(5 * (attempt + 1), 100));
  }
  return false;
}

/** As `emptyAndRemove`, the groups inside first. */
export async function removeWithChildren(group: string): Promise<void> {
  let names: string[];
  try {
    names = readdirSync(group, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch {
    return;
  }
  await Promise.all(names.map((name) => removeWithChildren(`${group}/${name}`)));
  await emptyAndRemove(group);
}

/** Removes a group in which nothing is left; another process of the installation may still use it. */
export function removeIfIdle(group: string): void {
  try {
    rmdirSync(group);
  } catch {
    // still in use
  }
}

export function killQuietly(processId: number, signal: NodeJS.Signals = 'SIGKILL'): void {
  if (!isForeign(processId)) return;
  try {
    process.kill(processId, signal);
  } catch {
    // it has ended by itself
  }
}

/** Names this process so that a later one with the same id is not mistaken for it. */
export function ownName(): string {
  return `p${process.pid}-${startTimeOf(process.pid) ?? 0}`;
}

/** Those of the names, made by `ownName`, whose process no longer lives. Other texts are not among them. */
export function deadAmong(names: readonly string[]): string[] {
  return names.filter((name) => {
    const match = /^p(\d+)-(\d+)$/.exec(name);
    return match !== null && !isAlive(Number(match[1]), Number(match[2]));
  });
}

/** Names of sub-folders made by processes of this platform that no longer live. */
export function namesOfTheDead(folder: string): string[] {
  try {
    return deadAmong(readdirSync(folder));
  } catch {
    return [];
  }
}
