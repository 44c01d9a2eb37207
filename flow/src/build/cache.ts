import { createHash, hash } from 'node:crypto';
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';

/**
 * A cache in one file: a line with the SHA-256 of the rest, a line of JSON that says where each value lies, the values.
 * A file that was cut or changed is taken for an empty cache. Values are looked up without parsing the others.
 */
export interface PackCache {
  get(key: string): Buffer | undefined;
  /** Bytes, not strings: thousands of pages as strings keep the garbage collector busier than the rendering does. */
  set(key: string, value: Buffer): void;
  /** Marks a value as still needed: what neither `get`, `set` nor `keep` touched is dropped by `save`. */
  keep(key: string): boolean;
  /** Writes the file when anything changed, by rename. */
  save(): void;
}

const PARTS_AT_ONCE = 256;

type Span = readonly [offset: number, length: number];

/** Opens a cache file; `version` names everything but the key that a value depends on. */
export function openPackCache(file: string, version: string): PackCache {
  const pack = readPack(file, version);
  const used = new Map<string, Buffer>();
  let changed = false;
  const stored = (key: string): Buffer | undefined => {
    const known = used.get(key);
    if (known) return known;
    const span = pack.index.get(key);
    if (span === undefined) return undefined;
    const value = pack.values.subarray(span[0], span[0] + span[1]);
    used.set(key, value);
    return value;
  };
  return {
    get: stored,
    set: (key, value) => {
      used.set(key, value);
      changed = true;
    },
    keep: (key) => stored(key) !== undefined,
    save: () => {
      if (!changed && used.size === pack.index.size) return;
      const parts: Buffer[] = [];
      const index: Record<string, Span> = {};
      let offset = 0;
      for (const [key, value] of used) {
        index[key] = [offset, value.length];
        offset += value.length;
        parts.push(value);
      }
      writePack(file, [Buffer.from(`${JSON.stringify({ version, index })}\n`), ...parts]);
    },
  };
}

function writePack(file: string, parts: readonly Buffer[]): void {
  const sum = createHash('sha256');
  for (const part of parts) sum.update(part);
  mkdirSync(path.dirname(file), { recursive: true });
  removeDeadDrafts(file);
  const draft = `${file}.${process.pid}.draft`;
  const descriptor = openSync(draft, 'w');
  try {
    writeSync(descriptor, `${sum.digest('hex')}\n`);
    // One call per value would be thousands; one buffer for all would double the memory.
    for (let start = 0; start < parts.length; start += PARTS_AT_ONCE)
      writeFileSync(descriptor, Buffer.concat(parts.slice(start, start + PARTS_AT_ONCE)));
  } finally {
    closeSync(descriptor);
  }
  renameSync(draft, file);
}

/** What a build left that was killed while it wrote. A live one of another process is its own. */
function removeDeadDrafts(file: string): void {
  const start = `${path.basename(file)}.`;
  for (const name of readdirSync(path.dirname(file))) {
    if (!name.startsWith(start) || !name.endsWith('.draft')) continue;
    const owner = Number(name.slice(start.length, -'.draft'.length));
    if (!isRunning(owner)) rmSync(path.join(path.dirname(file), name), { force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    return Number.isSafeInteger(pid) && pid > 0 && process.kill(pid, 0);
  } catch (error) {
    // Somebody else's process: it runs.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function readPack(file: string, version: string): { index: Map<string, Span>; values: Buffer } {
  const empty = { index: new Map<string, Span>(), values: Buffer.alloc(0) };
  try {
    const bytes = readFileSync(file);
    const rest = bytes.subarray(65);
    if (bytes.toString('latin1', 0, 64) !== hash('sha256', rest, 'hex')) return empty;
    const lineEnd = rest.indexOf(10);
    const head: { version: string; index: Record<string, Span> } = JSON.parse(
      rest.toString('utf8', 0, lineEnd),
    );
    if (head.version !== version) return empty;
    return { index: new Map(Object.entries(head.index)), values: rest.subarray(lineEnd + 1) };
  } catch {
    // No cache yet, or none that can be read: everything is made anew.
    return empty;
  }
}
