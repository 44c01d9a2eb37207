/** One place that a diff changes: what was there, and what comes instead. */
export interface DiffHunk {
  /** From its head, from one; null without a number. Models count badly: only a hint. */
  readonly line: number | null;
  readonly before: readonly string[];
  readonly after: readonly string[];
}

/** Whether a text is a unified diff rather than a file: by its first line that says anything. */
export function looksLikeDiff(text: string): boolean {
  const first = text.split('\n').find((line) => line.trim() !== '') ?? '';
  return /^(diff --git |Index: |--- \S|@@[ @])/.test(first);
}

/**
 * Reads the hunks of a unified diff that are for one file; with heads for one file only, whatever its name. Lines
 * without a mark count as context, since models lose the space before it.
 */
export function readHunks(text: string, path: string): DiffHunk[] {
  const files: { readonly name: string | null; readonly hunks: DiffHunk[] }[] = [];
  let hunk: { line: number | null; before: string[]; after: string[] } | null = null;
  const lines = text.split('\n');
  const begin = (line: number | null) => {
    hunk = { line, before: [], after: [] };
    if (files.length === 0) files.push({ name: null, hunks: [] });
    files.at(-1)?.hunks.push(hunk);
  };
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index] ?? '';
    const next = lines[index + 1] ?? '';
    if (
      /^(diff --git|index [0-9a-f]+\.\.|Index:|new file mode|deleted file mode|similarity |\\ No newline)/.test(
        line,
      )
    )
      continue;
    if (/^--- \S/.test(line) && /^\+\+\+ \S/.test(next)) {
      files.push({ name: next.slice(4).split('\t')[0]?.trim() ?? '', hunks: [] });
      hunk = null;
      index += 1;
    } else if (line.startsWith('@@')) {
      begin(Number(/^@@ -(\d+)/.exec(line)?.[1] ?? 0) || null);
    } else if (hunk !== null || /^[-+ ]/.test(line)) {
      if (hunk === null) begin(null);
      add(hunk as unknown as { before: string[]; after: string[] }, line);
    }
  }
  const named = files.filter(({ name }) => name !== null && isSameFile(name, path));
  const chosen = named.length > 0 ? named : files.length === 1 ? files : [];
  return chosen
    .flatMap(({ hunks }) => hunks.map(trimmed))
    .filter(({ before, after }) => before.length + after.length > 0);
}

function add(hunk: { before: string[]; after: string[] }, line: string): void {
  if (line.startsWith('+')) hunk.after.push(line.slice(1));
  else if (line.startsWith('-')) hunk.before.push(line.slice(1));
  else {
    const text = line.startsWith(' ') ? line.slice(1) : line;
    hunk.before.push(text);
    hunk.after.push(text);
  }
}

/** Empty context at the ends comes from the answer's layout, not from the file. */
function trimmed({ line, before, after }: DiffHunk): DiffHunk {
  const [first, second] = [[...before], [...after]];
  while (first.length > 0 && first.at(-1) === '' && second.at(-1) === '') {
    first.pop();
    second.pop();
  }
  while (first.length > 0 && first[0] === '' && second[0] === '') {
    first.shift();
    second.shift();
  }
  return { line, before: first, after: second };
}

/** Whether a name that a model wrote means a file: the path, its end, or the path under some folder. */
export function isSameFile(name: string, path: string): boolean {
  const plain = name
    .replace(/^["']|["']$/g, '')
    .replace(/^[ab]\//, '')
    .replace(/^(\.?\/)+/, '');
  return plain === path || path.endsWith(`/${plain}`) || plain.endsWith(`/${path}`);
}
