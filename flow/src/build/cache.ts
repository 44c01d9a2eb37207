import { hash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/**
 * A cache in one file: a line with the SHA-256 of the rest, a line of JSON that says where each value lies, the values.
 * A file that was cut or changed is taken for an empty cache. Values are looked up without parsing the others.
 */
export interface PackCache {
  get(key: string): string | undefined;
  set(key: string, value: string): void;
  /** Marks a value as still needed: what neither `get`, `set` nor `keep` touched is dropped by `save`. */
  keep(key: string): boolean;
  /** Writes the file when anything changed, by rename. */
  save(): void;
}

type Span = readonly [offset: number, length: number];
type Value = { readonly text: string } | { readonly span: Span };

/** Opens a cache file; `version` names everything but the key that a value depends on. */
export function openPackCache(file: string, version: string): PackCache {
  const pack = readPack(file, version);
  const used = new Map<string, Value>();
  let changed = false;
  const stored = (key: string): Value | undefined => {
    const known = used.get(key);
    if (known) return known;
    const span = pack.index.get(key);
    if (span === undefined) return undefined;
    const value = { span };
    used.set(key, value);
    return value;
  };
  const textOf = (value: Value): string =>
    'text' in value ? value.text : pack.values.toString('utf8', value.span[0], value.span[0] + value.span[1]);
  return {
    get: (key) => {
      const value = stored(key);
      return value === undefined ? undefined : textOf(value);
    },
    set: (key, text) => {
      used.set(key, { text });
      changed = true;
    },
    keep: (key) => stored(key) !== undefined,
    save: () => {
      if (!changed && used.size === pack.index.size) return;
      const parts: Buffer[] = [];
      const index: Record<string, Span> = {};
      let offset = 0;
      for (const [key, value] of used) {
        const bytes =
          'text' in value
            ? Buffer.from(value.text)
            : pack.values.subarray(value.span[0], value.span[0] + value.span[1]);
        index[key] = [offset, bytes.length];
        offset += bytes.length;
        parts.push(bytes);
      }
      writePack(file, [Buffer.from(`${JSON.stringify({ version, index })}\n`), ...parts]);
    },
  };
}

function writePack(file: string, parts: readonly Buffer[]): void {
  const rest = Buffer.concat(parts);
  mkdirSync(path.dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}.draft`;
  writeFileSync(draft, Buffer.concat([Buffer.from(`${hash('sha256', rest, 'hex')}\n`), rest]));
  renameSync(draft, file);
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
