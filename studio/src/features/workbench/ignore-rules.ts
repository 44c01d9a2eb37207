/** A line of a .gitignore, ready to be asked. */
interface Rule {
  readonly pattern: RegExp;
  readonly negated: boolean;
  readonly foldersOnly: boolean;
}

/** Characters of a glob as a regular expression; `**` stands for any number of folders (gitignore(5)). */
function patternOf(glob: string): string {
  let pattern = '';
  for (let index = 0; index < glob.length; index += 1) {
    const rest = glob.slice(index);
    if (rest.startsWith('**/')) {
      pattern += '(?:[^/]+/)*';
      index += 2;
    } else if (rest === '**' || rest === '/**') {
      pattern += rest === '**' ? '.*' : '/.*';
      index += rest.length - 1;
    } else if (rest.startsWith('*')) pattern += '[^/]*';
    else if (rest.startsWith('?')) pattern += '[^/]';
    else if (/^\[[^\]/]+\]/.test(rest)) {
      const group = /^\[[^\]/]+\]/.exec(rest)?.[0] ?? '';
      pattern += group.replace(/^\[!/, '[^').replaceAll('\\', '\\\\');
      index += group.length - 1;
    } else if (rest.startsWith('\\') && rest.length > 1) {
      pattern += escapeCharacter(rest[1] ?? '');
      index += 1;
    } else pattern += escapeCharacter(rest[0] ?? '');
  }
  return pattern;
}

function escapeCharacter(character: string): string {
  return character.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}

function ruleOf(line: string): Rule | undefined {
  let glob = line.replace(/(?<!\\)\s+$/, '');
  if (glob === '' || glob.startsWith('#')) return undefined;
  const negated = glob.startsWith('!');
  if (negated) glob = glob.slice(1);
  const foldersOnly = glob.endsWith('/');
  if (foldersOnly) glob = glob.slice(0, -1);
  const anchored = glob.includes('/');
  if (glob.startsWith('/')) glob = glob.slice(1);
  const pattern = new RegExp(`^${anchored ? '' : '(?:.*/)?'}${patternOf(glob)}$`);
  return { pattern, negated, foldersOnly };
}

/**
 * Tells which paths the rules of a .gitignore leave out. The last rule that fits decides; what lies in a folder
 * that is left out is left out too.
 */
export function ignoreRules(text: string): (path: string, kind: 'file' | 'folder') => boolean {
  const rules = text.split(/\r?\n/).flatMap((line) => ruleOf(line) ?? []);
  const decide = (path: string, folder: boolean) => {
    let ignored = false;
    for (const rule of rules) {
      if (rule.foldersOnly && !folder) continue;
      if (rule.pattern.test(path)) ignored = !rule.negated;
    }
    return ignored;
  };
  return (path, kind) => {
    const parts = path.split('/');
    for (let depth = 1; depth < parts.length; depth += 1) {
      if (decide(parts.slice(0, depth).join('/'), true)) return true;
    }
    return decide(path, kind === 'folder');
  };
}
