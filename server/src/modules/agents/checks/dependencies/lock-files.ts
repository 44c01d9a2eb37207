export type Ecosystem = 'npm' | 'PyPI';

/** A package with its exact version, as a lock file has it. */
export interface Dependency {
  readonly ecosystem: Ecosystem;
  readonly name: string;
  readonly version: string;
  /** Where it stands, from one. */
  readonly line: number;
}

const mostDependencies = 20_000;

const readers: readonly { readonly file: RegExp; readonly read: (text: string) => Dependency[] }[] = [
  { file: /(^|\/)(package-lock|npm-shrinkwrap)\.json$/, read: readPackageLock },
  { file: /(^|\/)pnpm-lock\.yaml$/, read: readPnpmLock },
  { file: /(^|\/)yarn\.lock$/, read: readYarnLock },
  { file: /(^|\/)requirements[\w.-]*\.txt$/, read: readRequirements },
  { file: /(^|\/)(poetry|uv|pdm)\.lock$/, read: readTomlLock },
  { file: /(^|\/)Pipfile\.lock$/, read: readPipfileLock },
];

export const isLockFile = (path: string): boolean => readers.some(({ file }) => file.test(path));

/** The packages of a lock file; of one that cannot be read as far as it can be. */
export function readLockFile(path: string, text: string): Dependency[] {
  const reader = readers.find(({ file }) => file.test(path));
  const seen = new Set<string>();
  return (reader?.read(text) ?? [])
    .filter(({ name, version }) => {
      const key = `${name}@${version}`;
      if (seen.has(key) || !/^\d/.test(version)) return false;
      seen.add(key);
      return true;
    })
    .slice(0, mostDependencies);
}

function parsed(text: string): Record<string, unknown> {
  try {
    return (JSON.parse(text) ?? {}) as Record<string, unknown>;
  } catch {
    return {};
  }
}

const entriesOf = (value: unknown): [string, Record<string, unknown>][] =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).filter(
        (entry): entry is [string, Record<string, unknown>] =>
          typeof entry[1] === 'object' && entry[1] !== null,
      )
    : [];

/** Lines by the text that they begin with, to tell where a key of a JSON file stands. */
function lineFinder(text: string): (key: string) => number {
  const lines = new Map<string, number>();
  for (const [index, line] of text.split('\n').entries()) {
    const key = /^\s*("(?:[^"\\]|\\.)*"):/.exec(line)?.[1];
    if (key !== undefined && !lines.has(key)) lines.set(key, index + 1);
  }
  return (key) => lines.get(JSON.stringify(key)) ?? 1;
}

/** Versions 1 (nested `dependencies`) to 3 (`packages` by path) of npm's lock file. */
function readPackageLock(text: string): Dependency[] {
  const lock = parsed(text);
  const lineOf = lineFinder(text);
  const found: Dependency[] = [];
  for (const [place, entry] of entriesOf(lock.packages)) {
    const at = place.lastIndexOf('node_modules/');
    if (at < 0 || entry.link === true || typeof entry.version !== 'string') continue;
    // An alias is installed under another name.
    const name = typeof entry.name === 'string' ? entry.name : place.slice(at + 'node_modules/'.length);
    found.push({ ecosystem: 'npm', name, version: entry.version, line: lineOf(place) });
  }
  if (found.length > 0) return found;
  const waiting = entriesOf(lock.dependencies);
  for (
    let next = waiting.pop();
    next !== undefined && found.length < mostDependencies;
    next = waiting.pop()
  ) {
    const [name, entry] = next;
    if (typeof entry.version === 'string')
      found.push({ ecosystem: 'npm', name, version: entry.version, line: lineOf(name) });
    waiting.push(...entriesOf(entry.dependencies));
  }
  return found;
}

/** Keys such as `/name@1.0.0(peer@2.0.0):`, `name@1.0.0:` or, in old ones, `/name/1.0.0:`. */
function readPnpmLock(text: string): Dependency[] {
  return fromLines(text, (line) => {
    const match = /^ {2}['"]?\/?((?:@[\w.-]+\/)?[\w.-]+)[@/](\d[\w.+-]*)(?:\([^:]*|_[^:]*)?['"]?:\s*$/.exec(
      line,
    );
    return match === null ? null : { ecosystem: 'npm', name: match[1] ?? '', version: match[2] ?? '' };
  });
}

/** Both kinds: `name@^1.0.0:` with `version "1.0.3"`, and Berry's `"name@npm:^1.0.0":` with `version: 1.0.3`. */
function readYarnLock(text: string): Dependency[] {
  let name = '';
  return fromLines(text, (line) => {
    const head = /^"?((?:@[\w.-]+\/)?[\w.-]+)@[^\n]*:\s*$/.exec(line)?.[1];
    if (head !== undefined) name = head;
    const version = /^ {2}version:? "?(\d[^"\s]*)"?\s*$/.exec(line)?.[1];
    return version === undefined || name === '' ? null : { ecosystem: 'npm', name, version };
  });
}

/** Pinned lines only: what `pip` would choose for the others is not known. */
function readRequirements(text: string): Dependency[] {
  return fromLines(text, (line) => {
    const match = /^\s*([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?\s*={2,3}\s*([\w.!+-]+)/.exec(line);
    return match === null
      ? null
      : { ecosystem: 'PyPI', name: pythonName(match[1] ?? ''), version: match[2] ?? '' };
  });
}

function readTomlLock(text: string): Dependency[] {
  let name: string | null = null;
  return fromLines(text, (line) => {
    if (line.startsWith('[')) name = line.startsWith('[[package]]') ? '' : null;
    const named = /^name = "([^"]+)"/.exec(line)?.[1];
    if (name === '' && named !== undefined) name = named;
    const version = /^version = "([^"]+)"/.exec(line)?.[1];
    return version === undefined || name === null || name === ''
      ? null
      : { ecosystem: 'PyPI', name: pythonName(name), version };
  });
}

function readPipfileLock(text: string): Dependency[] {
  const lock = parsed(text);
  const lineOf = lineFinder(text);
  return [...entriesOf(lock.default), ...entriesOf(lock.develop)].flatMap(([name, entry]) =>
    typeof entry.version === 'string'
      ? [
          {
            ecosystem: 'PyPI' as const,
            name: pythonName(name),
            version: entry.version.replace(/^=+/, ''),
            line: lineOf(name),
          },
        ]
      : [],
  );
}

function fromLines(text: string, read: (line: string) => Omit<Dependency, 'line'> | null): Dependency[] {
  return text.split(/\r?\n/).flatMap((line, index) => {
    const found = line.length > 2000 ? null : read(line);
    return found === null ? [] : [{ ...found, line: index + 1 }];
  });
}

/** PEP 503: names are equal whatever their dashes, dots and letters. */
export function pythonName(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, '-');
}
