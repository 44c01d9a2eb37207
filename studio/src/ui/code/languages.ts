/** The languages that code in answers and diffs is coloured in, by what people call them and by how files end. */
const names: Readonly<Record<string, readonly string[]>> = {
  bash: ['sh', 'shell', 'zsh', 'console', 'shellsession'],
  c: ['h'],
  cpp: ['cc', 'cxx', 'hpp', 'c++'],
  csharp: ['cs', 'c#'],
  css: [],
  diff: ['patch'],
  dockerfile: ['docker'],
  go: ['golang'],
  ini: ['toml', 'conf'],
  java: [],
  javascript: ['js', 'jsx', 'mjs', 'cjs'],
  json: ['jsonc', 'webmanifest'],
  kotlin: ['kt', 'kts'],
  markdown: ['md'],
  php: [],
  python: ['py'],
  ruby: ['rb'],
  rust: ['rs'],
  scss: [],
  sql: [],
  swift: [],
  typescript: ['ts', 'tsx', 'mts', 'cts'],
  xml: ['html', 'htm', 'svg', 'vue', 'svelte'],
  yaml: ['yml'],
};

const byName = new Map(
  Object.entries(names).flatMap(([language, others]) =>
    [language, ...others].map((name) => [name, language]),
  ),
);

/** The language by a name as it stands behind a fence, `ts` or `TypeScript`; null for one that is not coloured. */
export function languageNamed(name: string): string | null {
  return byName.get(name.trim().toLowerCase()) ?? null;
}

/** The language of a file by its name. */
export function languageOfPath(path: string): string | null {
  const name = path.slice(path.lastIndexOf('/') + 1).toLowerCase();
  if (name.startsWith('dockerfile')) return 'dockerfile';
  const dot = name.lastIndexOf('.');
  return dot < 0 ? null : languageNamed(name.slice(dot + 1));
}
