import path from 'node:path';

/**
 * Every word of a text that ends like a file of the site, with the offset of the dot before its extension: what a rewritten
 * reference to that name has its hash in front of. Names by one extension out of `extensions`, such as `css` or `js`.
 */
export function findMentions(text: string, extensions: readonly string[]): (string | number)[] {
  const found: (string | number)[] = [];
  const ends = endsOf(extensions);
  if (ends === null) return found;
  for (const match of text.matchAll(ends)) {
    const end = match.index + match[0].length;
    found.push(text.slice(nameStart(text, match.index), end), match.index);
  }
  return found;
}

function endsOf(extensions: readonly string[]): RegExp | null {
  if (extensions.length === 0) return null;
  const names = extensions.map((one) => one.replaceAll(/[^\w]/g, '\\$&')).join('|');
  return new RegExp(`\\.(?:${names})(?![\\w-])`, 'g');
}

/** The extensions of all files of a site that a text can mention, in code-unit order. */
export function mentionableExtensions(files: readonly string[]): string[] {
  const found = new Set<string>();
  for (const file of files) {
    const name = path.posix.basename(file);
    if (plainName.test(name)) found.add(path.posix.extname(name).slice(1));
  }
  found.delete('');
  return [...found].sort();
}

/**
 * Original names that a text of the release still mentions: something puts them together or looks them up at run time, so
 * such a file also stays reachable under its old name. Prose that merely mentions a name costs a copy and does no harm.
 */
export interface MentionFinder {
  /** What a scan found, but for the places where a reference was rewritten; `text` is asked for only when names need it. */
  read(mentions: readonly (string | number)[], rewritten: ReadonlySet<number>, text: () => string): void;
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
  return {
    read(mentions, rewritten, text) {
      for (let at = 0; at < mentions.length; at += 2) {
        const files = plain.get(String(mentions[at]));
        if (files !== undefined && !rewritten.has(Number(mentions[at + 1])))
          for (const file of files) found.add(file);
      }
      if (odd.length === 0) return;
      const whole = text();
      for (const one of odd) {
        if (!found.has(one.file) && one.texts.some((name) => whole.includes(name))) found.add(one.file);
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
