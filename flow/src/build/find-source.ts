import { existsSync, lstatSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import path from 'node:path';
import type { FlowConfig } from '../core/config.ts';
import { releaseManifestName } from '../core/layout.ts';
import { nothingToBuildFault, sourceFolderFault } from './faults.ts';

/** How a project becomes a site: by the flow itself, or by the project's own command. */
export type SourceChoice =
  | { readonly kind: 'sources'; readonly sourceDir: string }
  /** A build that is there already, taken as it is. */
  | { readonly kind: 'output'; readonly outputDir: string }
  | { readonly kind: 'command'; readonly command: string; readonly output: string; readonly tool: string };

const CANDIDATES = ['site', 'src', 'content', 'public', 'docs', 'www'];
/** Where builds put what they made; names with `_` belong to it. */
const OUTPUTS = ['dist', 'build', '_site', 'out'];
const INDEX_FILES = ['index.html', 'index.md', 'index.markdown'];

interface Tool {
  readonly tool: string;
  /** Files of its settings. */
  readonly files: readonly string[];
  /** How the `build` script calls it; many projects have no settings for it. */
  readonly call?: RegExp;
  readonly command: string;
  readonly output: string;
}

/** Tools that are known by a file of theirs or by the build script, with the command and the folder that it fills. */
const TOOLS: readonly Tool[] = [
  {
    tool: 'Astro',
    files: configNames('astro.config'),
    call: /\bastro\s+build\b/,
    command: 'npm run build',
    output: 'dist',
  },
  {
    tool: 'Eleventy',
    files: [...configNames('eleventy.config'), '.eleventy.js'],
    call: /\beleventy\b/,
    command: 'npm run build',
    output: '_site',
  },
  {
    tool: 'Docusaurus',
    files: configNames('docusaurus.config'),
    call: /\bdocusaurus\s+build\b/,
    command: 'npm run build',
    output: 'build',
  },
  {
    tool: 'Vite',
    files: configNames('vite.config'),
    call: /\bvite\s+build\b/,
    command: 'npm run build',
    output: 'dist',
  },
  { tool: 'Hugo', files: ['hugo.toml', 'hugo.yaml', 'hugo.json'], command: 'hugo', output: 'public' },
];

function configNames(stem: string): string[] {
  return ['js', 'mjs', 'cjs', 'ts', 'mts', 'cts'].map((extension) => `${stem}.${extension}`);
}

/**
 * Chooses what to build: what the settings say; else the tool whose configuration lies there (with a `build` script where
 * it needs one) or that this script calls; else the project's folder when it has an index page; else the first usual
 * folder that has one; else a finished build (`dist`, `build`, `_site`, `out`); else the folder with any page.
 * `build.output` alone names such a build.
 * @throws build.source_invalid, build.nothing_to_build
 */
export function findSource(rootDir: string, config: FlowConfig['build']): SourceChoice {
  if (config.command !== undefined) {
    const known = TOOLS.find((one) => isToolOf(one, rootDir));
    const output = config.output ?? known?.output ?? 'dist';
    return { kind: 'command', command: config.command, output, tool: known?.tool ?? config.command };
  }
  if (config.source !== undefined)
    return { kind: 'sources', sourceDir: requireFolder(rootDir, config.source) };
  if (config.output !== undefined)
    return { kind: 'output', outputDir: requireFolder(rootDir, config.output) };
  const tool = TOOLS.find((one) => isToolOf(one, rootDir));
  if (tool && (tool.tool === 'Hugo' || buildScript(rootDir) !== null))
    return { kind: 'command', command: tool.command, output: config.output ?? tool.output, tool: tool.tool };
  const found = ['.', ...CANDIDATES].find((folder) => hasIndex(path.join(rootDir, folder)));
  if (found !== undefined) return { kind: 'sources', sourceDir: path.join(rootDir, found) };
  const built = OUTPUTS.find((folder) => isFinishedBuild(path.join(rootDir, folder)));
  if (built !== undefined) return { kind: 'output', outputDir: path.join(rootDir, built) };
  const withPages = [...CANDIDATES, '.'].find((folder) => hasPage(path.join(rootDir, folder)));
  if (withPages === undefined) throw nothingToBuildFault(rootDir, undefined);
  return { kind: 'sources', sourceDir: path.join(rootDir, withPages) };
}

function isToolOf(tool: Tool, rootDir: string): boolean {
  const has = (name: string) => existsSync(path.join(rootDir, name));
  if (tool.files.some(has) || tool.call?.test(buildScript(rootDir) ?? '')) return true;
  // Hugo before 0.110 called its configuration by a name that many programs use.
  const isOldHugo = ['config.toml', 'config.yaml', 'config.json'].some(has) && has('content');
  return tool.tool === 'Hugo' && isOldHugo && ['archetypes', 'layouts', 'themes'].some(has);
}

/** The folder of a setting, inside the project, links resolved. @throws build.source_invalid */
function requireFolder(rootDir: string, source: string): string {
  try {
    const real = realpathSync(path.resolve(rootDir, source));
    const root = realpathSync(rootDir);
    if ((real === root || real.startsWith(root + path.sep)) && lstatSync(real).isDirectory())
      return path.join(rootDir, path.relative(root, real));
  } catch (cause) {
    throw sourceFolderFault(source, cause);
  }
  throw sourceFolderFault(source);
}

function hasIndex(dir: string): boolean {
  return isFolder(dir) && INDEX_FILES.some((file) => existsSync(path.join(dir, file)));
}

/** With a page to begin with, and not a release of the flow itself. */
function isFinishedBuild(dir: string): boolean {
  const has = (name: string) => existsSync(path.join(dir, name));
  return isFolder(dir) && has('index.html') && !has(releaseManifestName);
}

function hasPage(dir: string): boolean {
  return isFolder(dir) && readdirSync(dir).some((name) => /\.(?:html?|md|markdown)$/i.test(name));
}

function isFolder(dir: string): boolean {
  return lstatSync(dir, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** `scripts.build` of package.json. */
function buildScript(rootDir: string): string | null {
  try {
    const description: unknown = JSON.parse(readFileSync(path.join(rootDir, 'package.json'), 'utf8'));
    if (typeof description !== 'object' || description === null || !('scripts' in description)) return null;
    const { scripts } = description;
    if (typeof scripts !== 'object' || scripts === null || !('build' in scripts)) return null;
    return typeof scripts.build === 'string' ? scripts.build : null;
  } catch {
    // No package.json, or a broken one: the project's own tool will say so.
    return null;
  }
}
