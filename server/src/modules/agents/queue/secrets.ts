import { isUtf8 } from 'node:buffer';
import { isFault } from '#base/fault.ts';
import { readWorkspaceFile } from '#kernel/files/read.ts';
import type { Workspace } from '#kernel/files/workspace.ts';

/** Secret files that the user lets a task read: the model gets them, the log does not. */
export interface Secrets {
  /** The text of a file of the project; null when it is not there or is no text. */
  read(path: string): Promise<string | null>;
  /** The same value without what was read. */
  masked<Value>(value: Value): Value;
  readonly paths: readonly string[];
}

const limitBytes = 256 * 1024;
/** Shorter ones stand in other words as well. */
const leastCharacters = 6;

/** @param known files that were read before a restart */
export async function openSecrets(workspace: Workspace, known: readonly string[]): Promise<Secrets> {
  const values = new Set<string>();
  const paths = new Set<string>();

  async function read(path: string): Promise<string | null> {
    try {
      const { content } = await readWorkspaceFile(workspace, path, { limitBytes });
      if (!isUtf8(content) || content.includes(0)) return null;
      const text = content.toString();
      paths.add(path);
      for (const line of text.split(/\r?\n/)) remember(line);
      return text;
    } catch (error) {
      if (isFault(error)) return null;
      throw error;
    }
  }

  function remember(line: string): void {
    const value = /^\s*(?:export\s+)?[\w.:/-]+\s*[:=]\s*(.+)$/.exec(line)?.[1] ?? line;
    const bare = value.trim().replace(/^(["'])(.*)\1[,;]?$/, '$2');
    if (bare.length >= leastCharacters) values.add(bare);
  }

  for (const path of known) await read(path);
  return {
    read,
    masked(value) {
      if (values.size === 0) return value;
      let text = JSON.stringify(value);
      for (const secret of [...values].toSorted((a, b) => b.length - a.length)) {
        text = text.replaceAll(JSON.stringify(secret).slice(1, -1), '[secret]');
        // Within a text that is JSON itself, as the arguments of a call are.
        text = text.replaceAll(JSON.stringify(JSON.stringify(secret).slice(1, -1)).slice(1, -1), '[secret]');
      }
      return JSON.parse(text) as typeof value;
    },
    get paths() {
      return [...paths];
    },
  };
}
