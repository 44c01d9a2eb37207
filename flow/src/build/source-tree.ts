import { readdirSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { FlowFault, throwAll } from '../core/fault.ts';
import { hasGitAbove } from '../core/git-folder.ts';
import {
  buildInfoName,
  checksumsName,
  minisignSignatureName,
  provenanceName,
  releaseManifestName,
  sbomName,
  sshSignatureName,
} from '../core/layout.ts';
import { runProgram } from '../deploy/program.ts';
import {
  caseCollisionFault,
  fileNameFault,
  reservedNameFault,
  specialFileFault,
  symbolicLinkFault,
} from './faults.ts';

/** A source file: `path` as it lies on disk (where a link leads), `output` its own name in NFC; relative, with `/`. */
export interface SourceFile {
  readonly path: string;
  readonly output: string;
}

export interface SourceTreeRequest {
  readonly rootDir: string;
  readonly sourceDir: string;
  /** Globs relative to the source folder. */
  readonly ignore: readonly string[];
  /** Absolute folders that are never entered: output, work folder. */
  readonly without: readonly string[];
  /** Whether what git ignores stays out; false where git must not run in this folder. */
  readonly useGit: boolean;
  /** The folder is the output of another build: names with `_` belong to it, and no file is a source. */
  readonly isOutput?: boolean;
}

/** Never part of a site, wherever they lie. */
const NEVER_ENTERED = new Set(['node_modules', '__pycache__', 'bower_components']);
/** Files that describe the project, when the source folder is the project's own folder. */
const PROJECT_FILES =
  /^(?:flow\.config\.[cm]?[jt]s|flow\.mk|Makefile|package(?:-lock)?\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|bun\.lockb?|tsconfig.*\.json|Dockerfile|docker-compose\.ya?ml|LICENSE|biome\.jsonc?|AGENTS\.md|CLAUDE\.md|CONTRIBUTING\.md|.+\.config\.[cm]?[jt]s)$/;
/** Read by hosts under exactly these names, although they begin with an underscore. */
const HOST_FILES = new Set(['_headers', '_redirects', '_routes.json', '_worker.js']);
const DOT_NAMES = new Set(['.well-known', '.nojekyll']);
const RESERVED = new Set<string>([
  releaseManifestName,
  buildInfoName,
  sbomName,
  provenanceName,
  checksumsName,
  sshSignatureName,
  minisignSignatureName,
]);
/** A tree deeper or larger than this is a mistake or an attack, not a site. */
const MOST_FILES = 500_000;
const MOST_DEPTH = 64;

/**
 * Lists the files of a site in code-unit order. Left out: names that begin with `.` or `_` (layouts, includes, drafts;
 * `_headers` and the like excepted), `node_modules`, project files in the project's folder, what git ignores, the globs of
 * `build.ignore`. A symbolic link counts as the file it leads to when that lies in the same folder.
 * @throws build.symlink_outside, build.special_file, build.file_name, build.case_collision, build.reserved_name,
 * build.too_many_files — all that were found at once
 */
export async function listSources(request: SourceTreeRequest): Promise<SourceFile[]> {
  const ignored = request.useGit ? await gitIgnored(request.sourceDir) : new Set<string>();
  const faults: FlowFault[] = [];
  const walk: Walk = {
    ...request,
    realSource: realpathSync(request.sourceDir),
    isProjectRoot: path.resolve(request.sourceDir) === path.resolve(request.rootDir),
    ignored,
    files: [],
    faults,
  };
  walkFolder(walk, '', 0);
  const files = walk.files.sort((a, b) => (a.output < b.output ? -1 : a.output > b.output ? 1 : 0));
  faults.push(...caseCollisions(files));
  throwAll(faults);
  return files;
}

interface Walk extends SourceTreeRequest {
  readonly realSource: string;
  readonly isProjectRoot: boolean;
  readonly ignored: ReadonlySet<string>;
  readonly files: SourceFile[];
  readonly faults: FlowFault[];
}

function walkFolder(walk: Walk, folder: string, depth: number): void {
  if (depth > MOST_DEPTH || walk.files.length > MOST_FILES) throw tooManyFilesFault(folder);
  const entries = readdirSync(path.join(walk.sourceDir, folder), { withFileTypes: true });
  // An earlier release that lies in the site's folder (`--out release-one`) is no source.
  const names = new Set(entries.map((entry) => entry.name));
  if (folder !== '' && names.has(releaseManifestName) && names.has(checksumsName)) return;
  for (const entry of entries) {
    const file = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (isLeftOut(walk, file, entry.name)) continue;
    if (entry.isDirectory()) walkFolder(walk, file, depth + 1);
    else addFile(walk, file, entry.isFile() ? 'file' : entry.isSymbolicLink() ? 'link' : 'special');
  }
}

function isLeftOut(walk: Walk, file: string, name: string): boolean {
  const atTop = name === file;
  if (NEVER_ENTERED.has(name)) return true;
  if (name.startsWith('.') && !DOT_NAMES.has(name)) return true;
  if (name.startsWith('_') && !walk.isOutput && !(atTop && HOST_FILES.has(name))) return true;
  if (atTop && walk.isProjectRoot && PROJECT_FILES.test(name)) return true;
  if (walk.ignored.has(file)) return true;
  if (walk.without.length > 0 && walk.without.includes(path.join(walk.sourceDir, file))) return true;
  return walk.ignore.some((glob) => path.posix.matchesGlob(file, glob));
}

function addFile(walk: Walk, file: string, kind: 'file' | 'link' | 'special'): void {
  if (kind === 'special') walk.faults.push(specialFileFault(file));
  else if (hasBadName(file)) walk.faults.push(fileNameFault(file));
  else if (RESERVED.has(file)) walk.faults.push(reservedNameFault(file));
  else {
    const found = kind === 'link' ? followLink(walk, file) : file;
    if (found === null) walk.faults.push(symbolicLinkFault(file));
    else walk.files.push({ path: found, output: file.normalize('NFC') });
  }
}

/** U+FFFD stands where the name on disk was not UTF-8. */
function hasBadName(file: string): boolean {
  for (let index = 0; index < file.length; index += 1) {
    const code = file.charCodeAt(index);
    if (code < 32 || code === 0x5c || code === 0x7f || code === 0xfffd) return true;
  }
  return !file.isWellFormed();
}

/** The file a link leads to, when it lies in the same source folder. */
function followLink(walk: Walk, file: string): string | null {
  try {
    const target = realpathSync(path.join(walk.sourceDir, file));
    const inside = target.startsWith(walk.realSource + path.sep) && statSync(target).isFile();
    return inside ? path.relative(walk.realSource, target).replaceAll(path.sep, '/') : null;
  } catch {
    // A link into the void.
    return null;
  }
}

function caseCollisions(files: readonly SourceFile[]): FlowFault[] {
  const seen = new Map<string, string>();
  return files.flatMap((file) => {
    const folded = file.output.toLowerCase();
    const other = seen.get(folded);
    if (other === undefined) seen.set(folded, file.path);
    return other === undefined ? [] : [caseCollisionFault(file.path, other)];
  });
}

/**
 * What git ignores below the folder, whole folders as one entry; empty outside a work tree, without git, or when the
 * folder itself is ignored. Nothing that the repository's own settings could start is let run.
 */
async function gitIgnored(sourceDir: string): Promise<Set<string>> {
  if (!hasGitAbove(sourceDir)) return new Set();
  const { code, stdout } = await runProgram({
    command: 'git',
    args: [
      '-c',
      'core.fsmonitor=false',
      '-c',
      'core.hooksPath=/dev/null',
      'ls-files',
      '-z',
      '--others',
      '--ignored',
      '--exclude-standard',
      '--directory',
    ],
    cwd: sourceDir,
    timeoutMs: 60_000,
  });
  if (code !== 0) return new Set();
  const names = stdout.toString('utf8').split('\0').filter(Boolean);
  return names.includes('./') ? new Set() : new Set(names.map((name) => name.replace(/\/$/, '')));
}

function tooManyFilesFault(folder: string): FlowFault {
  return new FlowFault('build.too_many_files', {
    file: folder,
    text: {
      en: `The sources hold more than ${MOST_FILES} files or are more than ${MOST_DEPTH} folders deep.`,
      de: `Die Quellen enthalten mehr als ${MOST_FILES} Dateien oder sind tiefer als ${MOST_DEPTH} Ordner.`,
    },
    fix: {
      en: 'Name the folder of the site (build.source) or what does not belong to it (build.ignore).',
      de: 'Den Ordner der Site nennen (build.source) oder was nicht dazugehört (build.ignore).',
    },
  });
}
