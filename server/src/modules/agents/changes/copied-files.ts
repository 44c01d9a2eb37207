import { lstatSync, type Stats } from 'node:fs';
import { open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { errnoOf } from '#kernel/files/descriptor.ts';
import type { Packed } from './base-pack.ts';

/** What tells a file's present state without reading it: every write, however made, changes it. */
export interface Mark {
  readonly inode: number;
  /** `ctime`, which no program can set. */
  readonly changedMs: number;
  readonly size: number;
}

/** What stands at a path of the copy, and what it came from. */
export type Copied =
  | { readonly kind: 'folder' }
  | { readonly kind: 'link'; readonly target: string }
  | {
      readonly kind: 'file';
      readonly executable: boolean;
      readonly source: Mark;
      readonly copy: Mark;
      /** Where its content is kept; null for a file whose changes are not proposed. */
      readonly kept: Packed | null;
    };

export type CopiedFiles = Map<string, Copied>;

export function markOf({ ino, ctimeMs, size }: Stats): Mark {
  return { inode: ino, changedMs: ctimeMs, size };
}

export function isSame(mark: Mark, { ino, ctimeMs, size }: Stats): boolean {
  return mark.inode === ino && mark.changedMs === ctimeMs && mark.size === size;
}

/** The first line of the file; what follows was written by the same version, so nothing of it is looked at twice. */
const Header = z.object({ version: z.literal(1), keptBytes: z.number() });
const headerCharacters = 200;

type MarkRow = readonly [inode: number, changedMs: number, size: number];
type Row =
  | readonly [path: string]
  | readonly [path: string, target: string]
  | readonly [path: string, source: MarkRow, copy: MarkRow, executable: boolean, offset: number | null];

const markRow = ({ inode, changedMs, size }: Mark): MarkRow => [inode, changedMs, size];
const markIn = ([inode, changedMs, size]: MarkRow): Mark => ({ inode, changedMs, size });

function rowOf([name, entry]: [string, Copied]): Row {
  if (entry.kind === 'folder') return [name];
  if (entry.kind === 'link') return [name, entry.target];
  return [name, markRow(entry.source), markRow(entry.copy), entry.executable, entry.kept?.offset ?? null];
}

function entryIn(row: Row): [string, Copied] {
  if (row.length === 1) return [row[0], { kind: 'folder' }];
  if (row.length === 2) return [row[0], { kind: 'link', target: row[1] }];
  const [name, source, copyRow, executable, offset] = row;
  const copy = markIn(copyRow);
  const kept = offset === null ? null : { offset, size: copy.size };
  return [name, { kind: 'file', executable, source: markIn(source), copy, kept }];
}

/** Whole or not at all. */
export async function saveCopiedFiles(file: string, files: CopiedFiles): Promise<void> {
  let keptBytes = 0;
  for (const entry of files.values()) if (entry.kind === 'file') keptBytes += entry.kept?.size ?? 0;
  const header: z.infer<typeof Header> = { version: 1, keptBytes };
  const temporary = `${file}.new`;
  const text = `${JSON.stringify(header)}\n${JSON.stringify(Array.from(files, rowOf))}`;
  await writeFile(temporary, text, { mode: 0o600 });
  await rename(temporary, file);
}

/** How many bytes of a copy's pack its files need; null when there is no copy, or one of an earlier version. */
export async function keptBytesOf(file: string): Promise<number | null> {
  try {
    await using handle = await open(file, 'r');
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(headerCharacters), 0, headerCharacters, 0);
    return headerIn(buffer.toString('utf8', 0, bytesRead))?.keptBytes ?? null;
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    return null;
  }
}

/** Null when there are none, or when an earlier version has written them. */
export async function loadCopiedFiles(file: string): Promise<CopiedFiles | null> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if (errnoOf(error) !== 'ENOENT') throw error;
    return '';
  });
  if (headerIn(text.slice(0, headerCharacters)) === null) return null;
  const rows = JSON.parse(text.slice(text.indexOf('\n'))) as readonly Row[];
  return new Map(rows.map(entryIn));
}

function headerIn(text: string): z.infer<typeof Header> | null {
  const end = text.indexOf('\n');
  if (end < 0) return null;
  return Header.safeParse(JSON.parse(text.slice(0, end))).data ?? null;
}

/**
 * Resolves when the clock that stamps files has gone on: whatever is written from now on has another time than what was
 * written before, even if that was in the same tick of the kernel (up to 10 ms).
 */
export async function nextFileTime(folder: string): Promise<void> {
  const file = path.join(folder, `clock-${crypto.randomUUID()}`);
  const stamp = async () => {
    await writeFile(file, 'now', { mode: 0o600 });
    return lstatSync(file).ctimeMs;
  };
  try {
    const first = await stamp();
    while ((await stamp()) === first) await sleep(1);
  } finally {
    await rm(file, { force: true });
  }
}
