import { execFile } from 'node:child_process';
import { lstat, readdir, realpath } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { compareText, type Finding } from './finding.ts';

const run = promisify(execFile);

/** Folders that hold nothing a person of this project wrote. */
const NEVER_ENTERED = new Set([
  '.git',
  'node_modules',
  '.flow',
  '.cds',
  '.hg',
  '.svn',
  '.venv',
  '__pycache__',
]);

const MOST_LISTING_BYTES = 256 * 1024 * 1024;

/** The files of a folder, relative with `/`, in code-unit order, and what is wrong with the tree itself. */
export type SourceTree = Readonly<{ files: readonly string[]; findings: readonly Finding[] }>;

/**
 * Lists the files to check: in a git work tree those that git tracks or would track (`.gitignore` holds), elsewhere
 * every file. Symbolic links that leave the folder are never followed; each is a finding.
 */
export async function listSourceFiles(
  rootDir: string,
  options: { useGit?: boolean } = {},
): Promise<SourceTree> {
  const listed = (options.useGit ?? true) ? await listByGit(rootDir) : null;
  const names = listed ?? (await walk(rootDir, ''));
  const files: string[] = [];
  const findings: Finding[] = [];
  const realRoot = await realpath(rootDir);
  for (const name of [...names].sort(compareText)) {
    const kind = await kindOf(realRoot, name);
    if (kind === 'file') files.push(name);
    if (kind === 'outside') findings.push(symbolicLinkOutside(name));
  }
  return { files, findings: [...findings, ...findCaseCollisions(files)] };
}

async function listByGit(rootDir: string): Promise<string[] | null> {
  try {
    const { stdout } = await run('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
      cwd: rootDir,
      maxBuffer: MOST_LISTING_BYTES,
    });
    return [...new Set(stdout.split('\0').filter(Boolean))].filter(
      (name) => !name.split('/').some((part) => NEVER_ENTERED.has(part)),
    );
  } catch {
    // Not a work tree, or no git on this machine: the plain walk answers as well.
    return null;
  }
}

async function walk(rootDir: string, folder: string): Promise<string[]> {
  const names: string[] = [];
  for (const entry of await readdir(path.join(rootDir, folder), { withFileTypes: true })) {
    const name = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (!entry.isDirectory()) names.push(name);
    else if (!NEVER_ENTERED.has(entry.name)) names.push(...(await walk(rootDir, name)));
  }
  return names;
}

async function kindOf(realRoot: string, name: string): Promise<'file' | 'outside' | 'other'> {
  const full = path.join(realRoot, name);
  const status = await lstat(full).catch(() => null);
  if (!status) return 'other';
  if (status.isFile()) return 'file';
  if (!status.isSymbolicLink()) return 'other';
  const target = await realpath(full).catch(() => null);
  if (target === null) return 'outside';
  const inside = target === realRoot || target.startsWith(realRoot + path.sep);
  // A link inside the tree leads to a file that is checked under its own name.
  return inside ? 'other' : 'outside';
}

function symbolicLinkOutside(file: string): Finding {
  return {
    rule: 'files.symbolic_link_outside',
    level: 'error',
    file,
    line: 1,
    column: 1,
    message: {
      en: 'A symbolic link that leads out of the folder, or nowhere; it is not followed.',
      de: 'Ein symbolischer Verweis, der aus dem Ordner hinaus oder ins Leere führt; ihm wird nicht gefolgt.',
    },
    fix: { en: 'Replace it by the file itself.', de: 'Durch die Datei selbst ersetzen.' },
  };
}

/** Names that differ only in case are one file on macOS and Windows. */
function findCaseCollisions(files: readonly string[]): Finding[] {
  const seen = new Map<string, string>();
  return files.flatMap((file): Finding[] => {
    const folded = file.normalize('NFC').toLowerCase();
    const other = seen.get(folded);
    if (other === undefined) {
      seen.set(folded, file);
      return [];
    }
    return [
      {
        rule: 'files.case_collision',
        level: 'error',
        file,
        line: 1,
        column: 1,
        message: {
          en: `Has the same name as ${other} on systems that ignore case or normalise Unicode.`,
          de: `Heißt auf Systemen, die Groß- und Kleinschreibung oder Unicode-Formen gleichsetzen, wie ${other}.`,
        },
        fix: { en: 'Rename one of them.', de: 'Eine von beiden umbenennen.' },
      },
    ];
  });
}
