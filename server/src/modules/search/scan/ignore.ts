/** One line of a .gitignore, or a glob of the caller's. */
interface Rule {
  readonly pattern: RegExp;
  readonly negated: boolean;
  readonly folderOnly: boolean;
}

/** The rules of one .gitignore; paths are relative to its folder. */
export interface IgnoreRules {
  /** True or false when a rule speaks, the last one that does; undefined when none does. */
  decide(path: string, isFolder: boolean): boolean | undefined;
}

/** Reads a .gitignore as gitignore(5) says, without `.git/info/exclude` and the user's own file. */
export function parseIgnore(text: string): IgnoreRules {
  const rules = text
    .split(/\r?\n/)
    .slice(0, 2000)
    .map(ruleOf)
    .filter((rule) => rule !== null);
  return {
    decide(path, isFolder) {
      const rule = rules.findLast(
        ({ pattern, folderOnly }) => (isFolder || !folderOnly) && pattern.test(path),
      );
      return rule === undefined ? undefined : !rule.negated;
    },
  };
}

function ruleOf(line: string): Rule | null {
  let text = line.replace(/(?<!\\)\s+$/, '');
  if (text === '' || text.startsWith('#')) return null;
  const negated = text.startsWith('!');
  if (negated) text = text.slice(1);
  const folderOnly = text.endsWith('/');
  if (folderOnly) text = text.slice(0, -1);
  const anchored = text.includes('/');
  const source = globSource(text.replace(/^\//, ''));
  if (source === null) return null;
  return { pattern: new RegExp(anchored ? `^${source}$` : `(?:^|/)${source}$`, 'su'), negated, folderOnly };
}

/** Whether a path matches one of the globs: without a slash a glob means the name, in any folder. */
export function matcherOf(globs: readonly string[]): (path: string) => boolean {
  const patterns = globs.flatMap((glob) => {
    const source = globSource(glob.replace(/^\.?\//, '').replace(/\/$/, '/**'));
    if (source === null) return [];
    return [new RegExp(glob.includes('/') ? `^${source}(?:/.*)?$` : `(?:^|/)${source}(?:/.*)?$`, 'su')];
  });
  return (path) => patterns.some((pattern) => pattern.test(path));
}

/** A regular expression without backtracking over more than one star; null for a glob with too many of them. */
function globSource(glob: string): string | null {
  // Each star multiplies what a match can cost; no honest pattern has that many.
  if (glob.length > 500 || (glob.match(/\*+/g) ?? []).length > 8) return null;
  return glob.replace(/\\[\s\S]|\*\*\/|\/\*\*$|\*\*|\*|\?|\[[^\]/]+\]|\{[^{}/]*\}|[\s\S]/gu, (part) => {
    if (part.length > 1 && part.startsWith('\\')) return escapeRegex(part.slice(1));
    if (part === '**/') return '(?:[^/]+/)*';
    if (part === '/**') return '/.*';
    if (part === '**') return '.*';
    if (part === '*') return '[^/]*';
    if (part === '?') return '[^/]';
    if (part.startsWith('{')) return `(?:${part.slice(1, -1).split(',').map(escapeRegex).join('|')})`;
    if (part.length > 1 && part.startsWith('[')) {
      const inner = part
        .slice(1, -1)
        .replace(/^!/, '^')
        .replace(/[\\\]&~|]/g, '\\$&');
      return `[${inner.replace(/(?<!^)\^|(?<=^\^)\^/g, '\\^')}]`;
    }
    return escapeRegex(part);
  });
}

/** A text that a regular expression (flag u) takes literally. */
export function escapeRegex(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
