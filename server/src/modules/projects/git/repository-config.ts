/** Settings of a repository that only describe it. Everything else could run a program or read another file. */
const harmless = [
  /^core\.(repositoryformatversion|filemode|bare|logallrefupdates|ignorecase|precomposeunicode|symlinks|autocrlf|eol|safecrlf)$/,
  /^user\.(name|email)$/,
  /^extensions\.objectformat$/,
  /^remote\.[^\n\0]+\.(url|fetch|tagopt|prune)$/,
  /^branch\.[^\n\0]+\.(remote|merge|rebase)$/,
  /^(pull\.(rebase|ff)|init\.defaultbranch|color\.[a-z]+|merge\.conflictstyle)$/,
];

export interface Setting {
  readonly name: string;
  readonly value: string | null;
}

/** Reads the output of `git config --null --list`: a name, a newline, a value, a NUL. */
export function parseSettings(output: string): Setting[] {
  return output
    .split('\0')
    .filter((entry) => entry !== '')
    .map((entry) => {
      const end = entry.indexOf('\n');
      return end < 0
        ? { name: entry, value: null }
        : { name: entry.slice(0, end), value: entry.slice(end + 1) };
    });
}

/** Parts the settings that may stand from those that may not. */
export function sortSettings(settings: readonly Setting[]): { kept: Setting[]; refused: Setting[] } {
  const kept: Setting[] = [];
  const refused: Setting[] = [];
  for (const setting of settings) {
    const safe = harmless.some((pattern) => pattern.test(setting.name)) && setting.value !== null;
    // `core.bare=true` or another worktree would only break our own commands.
    (safe && !(setting.name === 'core.bare' && setting.value !== 'false') ? kept : refused).push(setting);
  }
  return { kept, refused };
}

/** Writes settings as a git config file. */
export function formatSettings(settings: readonly Setting[]): string {
  return settings
    .map(({ name, value }) => {
      const first = name.indexOf('.');
      const last = name.lastIndexOf('.');
      const section = name.slice(0, first);
      const subsection = first === last ? '' : ` "${quoted(name.slice(first + 1, last))}"`;
      return `[${section}${subsection}]\n\t${name.slice(last + 1)} = "${quoted(value ?? '')}"\n`;
    })
    .join('');
}

function quoted(text: string): string {
  return text.replace(/[\\"]/g, '\\$&').replace(/\n/g, '\\n').replace(/\t/g, '\\t');
}
