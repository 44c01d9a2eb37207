import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { isAlive, startMark } from '#kernel/supervise/process-state.ts';

const prefix = 'cds-llama-';
const recordName = 'owner.json';

const Process = z.object({ pid: z.int().min(2), startMark: z.string() });
const Record = z.object({ parent: Process, child: Process });

/** A folder for one server: its socket, and the note by which its remains are known. */
export function makeServerFolder(parentFolder: string): string {
  return mkdtempSync(path.join(parentFolder, prefix));
}

/** Notes whose server it is, for the case that we are killed and it is not. */
export function noteServer(folder: string, childPid: number | undefined): void {
  const [parent, child] = [process.pid, childPid ?? 0].map((pid) => ({ pid, startMark: startMark(pid) }));
  // Without /proc a pid that was given anew can't be told from the one that was meant.
  if (parent?.startMark === undefined || child?.startMark === undefined) return;
  writeFileSync(path.join(folder, recordName), JSON.stringify({ parent, child }), { mode: 0o600 });
}

/**
 * Ends llama-servers whose platform was killed before the kernel was told to end them with it, or where it can't be
 * told; removes what they left. Only folders of this user count: a note of anybody else must not name what we end.
 */
export function endLostServers(parentFolder: string): number[] {
  const ended: number[] = [];
  for (const name of readdirSync(parentFolder).filter((entry) => entry.startsWith(prefix))) {
    const folder = path.join(parentFolder, name);
    const record = readRecord(folder);
    if (record === undefined || isSame(record.parent)) continue;
    if (isSame(record.child)) {
      process.kill(record.child.pid, 'SIGKILL');
      ended.push(record.child.pid);
    }
    rmSync(folder, { recursive: true, force: true });
  }
  return ended;
}

function readRecord(folder: string): z.output<typeof Record> | undefined {
  try {
    const stat = lstatSync(folder);
    if (!stat.isDirectory() || stat.uid !== process.getuid?.()) return undefined;
    return Record.safeParse(JSON.parse(readFileSync(path.join(folder, recordName), 'utf8'))).data;
  } catch {
    return undefined;
  }
}

function isSame({ pid, startMark: mark }: z.output<typeof Process>): boolean {
  return isAlive(pid) && startMark(pid) === mark;
}
