import path from 'node:path';

/**
 * Original names that a text of the release still mentions: something puts them together or looks them up at run time, so
 * such a file also stays reachable under its old name. Prose that merely mentions a name costs a copy and does no harm.
 */
export interface MentionFinder {
  read(text: string): void;
  /** Beginnings of names that code completes: every file below or behind them counts as mentioned. */
  readPrefix(prefix: string): void;
  mentioned(): ReadonlySet<string>;
}

const plainName = /^[\w.@+~-]+$/;

export function createMentionFinder(originals: readonly string[]): MentionFinder {
  const plain = new Map<string, string[]>();
  const odd: { texts: string[]; file: string }[] = [];
  const found = new Set<string>();
  for (const file of originals) {
    const name = path.posix.basename(file);
    if (plainName.test(name)) plain.set(name, [...(plain.get(name) ?? []), file]);
    else
      odd.push({
        file,
        texts: [...new Set([name, encodeURI(name), encodeURIComponent(name), escapeHtml(name)])],
      });
  }
  const extensions = [...new Set([...plain.keys()].map((name) => path.posix.extname(name).slice(1)))].filter(
    Boolean,
  );
  const ends =
    extensions.length === 0
      ? null
      : new RegExp(`\\.(?:${extensions.map((one) => one.replaceAll('+', '\\+')).join('|')})(?![\\w-])`, 'g');

  return {
    read(text) {
      if (ends !== null) {
        for (const match of text.matchAll(ends)) {
          const end = match.index + match[0].length;
          for (const file of plain.get(text.slice(nameStart(text, match.index), end)) ?? []) found.add(file);
        }
      }
      for (const one of odd) {
        if (!found.has(one.file) && one.texts.some((name) => text.includes(name))) found.add(one.file);
      }
    },
    readPrefix(prefix) {
      for (const file of originals) {
        const at = `/${file}`.indexOf(`/${prefix}`);
        if (at !== -1) found.add(file);
      }
    },
    mentioned: () => found,
  };
}

/** Index where the name before a dot begins. */
function nameStart(text: string, dot: number): number {
  let at = dot;
  while (at > 0 && isNameCode(text.charCodeAt(at - 1))) at -= 1;
  return at;
}

function isNameCode(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) ||
    (code >= 0x40 && code <= 0x5a) ||
    (code >= 0x30 && code <= 0x39) ||
    code === 0x2e ||
    code === 0x2d ||
    code === 0x5f ||
    code === 0x2b ||
    code === 0x7e
  );
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;');
}
