// Checks the floors of ARCHITECTURE.md: who may import whom. `node scripts/boundaries.ts [folder]`
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSync } from 'oxc-parser';
import { findCircles, type ImportGraph } from './import-circles.ts';

export interface ImportEdge {
  readonly from: string;
  readonly specifier: string;
  readonly line: number;
  readonly typeOnly: boolean;
}

export interface Violation extends ImportEdge {
  readonly reason: string;
}

/** Modules from the lowest up; those on one line do not know each other. `npm run new` adds to the file. */
const ranks: readonly (readonly string[])[] = JSON.parse(
  readFileSync(new URL('./ranks.json', import.meta.url), 'utf8'),
);

function rankOf(module: string): number {
  return ranks.findIndex((row) => row.includes(module));
}

interface Place {
  readonly floor:
    | 'base'
    | 'kernel'
    | 'contract'
    | 'module'
    | 'process'
    | 'studio'
    | 'cli'
    | 'flow'
    | 'tool'
    | 'npm'
    | 'node';
  readonly module?: string;
  readonly path: string;
}

const isTest = (file: string) =>
  /\.test\.tsx?$/.test(file) || /(^|\/)(testing|fixtures)(\/|\.ts$)/.test(file);

/** Which floor a file of the repository, by its path from the root, stands on. */
export function placeOf(file: string): Place {
  const module = /^server\/src\/modules\/([^/]+)\//.exec(file)?.[1];
  if (module !== undefined) {
    const contract = /(^|\/)(contract|contract-[a-z-]+)\.ts$/.test(file);
    return { floor: contract ? 'contract' : 'module', module, path: file };
  }
  if (file.startsWith('server/src/base/')) return { floor: 'base', path: file };
  if (file.startsWith('server/src/kernel/')) return { floor: 'kernel', path: file };
  if (file.startsWith('server/src/processes/')) return { floor: 'process', path: file };
  if (file.startsWith('studio/')) return { floor: 'studio', path: file };
  if (file.startsWith('cli/')) return { floor: 'cli', path: file };
  if (file.startsWith('flow/')) return { floor: 'flow', path: file };
  return { floor: 'tool', path: file };
}

/** Every import of a file: value, type-only, re-export and dynamic, with its line. */
export function importsOf(file: string, source: string): ImportEdge[] {
  const { module, errors } = parseSync(file, source);
  const failure = errors[0];
  if (failure !== undefined) throw new Error(`${file} does not parse: ${failure.message}`);
  const lineAt = (offset: number) => source.slice(0, offset).split('\n').length;
  const edges: ImportEdge[] = [];
  for (const entry of module.staticImports) {
    const text = source.slice(entry.start, entry.end);
    const typeOnly =
      /^import\s+type\b/.test(text) ||
      (entry.entries.length > 0 && entry.entries.every((name) => name.isType));
    edges.push({ from: file, specifier: entry.moduleRequest.value, line: lineAt(entry.start), typeOnly });
  }
  for (const entry of module.staticExports) {
    for (const name of entry.entries) {
      if (name.moduleRequest === null) continue;
      edges.push({
        from: file,
        specifier: name.moduleRequest.value,
        line: lineAt(entry.start),
        typeOnly: name.isType,
      });
    }
  }
  for (const entry of module.dynamicImports) {
    const text = source.slice(entry.moduleRequest.start, entry.moduleRequest.end);
    const specifier = /^['"`]([^'"`$]+)['"`]$/.exec(text)?.[1];
    if (specifier !== undefined)
      edges.push({ from: file, specifier, line: lineAt(entry.start), typeOnly: false });
  }
  return edges;
}

/** Where a specifier leads, from the file that holds it. */
export function resolveSpecifier(from: string, specifier: string): Place {
  if (specifier.startsWith('node:')) return { floor: 'node', path: specifier };
  if (specifier.startsWith('.')) return placeOf(path.posix.join(path.posix.dirname(from), specifier));
  if (specifier.startsWith('#')) return placeOf(`server/src/${specifier.slice(1)}`);
  const workspace = /^@cyberdevstudio\/([^/]+)\/(.+)$/.exec(specifier);
  if (workspace !== null) return placeOf(`${workspace[1]}/src/${workspace[2]}`);
  return { floor: 'npm', path: specifier };
}

const outside = new Set(['npm', 'node']);

/** Why an import is not allowed; undefined when it is. */
export function judge(edge: ImportEdge): string | undefined {
  const from = placeOf(edge.from);
  const to = resolveSpecifier(edge.from, edge.specifier);
  const test = isTest(edge.from);
  switch (from.floor) {
    case 'base':
      return to.floor === 'base' || to.path === 'zod' || (test && outside.has(to.floor))
        ? undefined
        : 'base imports only zod and base';
    case 'kernel':
      return to.floor === 'kernel' || to.floor === 'base' || outside.has(to.floor)
        ? undefined
        : 'the kernel knows no module, process or client';
    case 'contract':
      return judgeContract(from, to);
    case 'module':
      return judgeModule(from, to, test);
    case 'process':
      return to.floor === 'process' ||
        to.floor === 'kernel' ||
        to.floor === 'base' ||
        outside.has(to.floor) ||
        isDoor(to, 'module.ts') ||
        isDoor(to, 'doctor.ts')
        ? undefined
        : 'a process imports the kernel and modules/*/{module,doctor}.ts';
    case 'studio':
      if (to.floor === 'studio' || outside.has(to.floor)) return undefined;
      return (to.floor === 'contract' || to.floor === 'base') && edge.typeOnly
        ? undefined
        : 'the studio imports types of contracts only';
    case 'cli':
      if (isDoor(to, 'offline.ts') || (test && to.module !== undefined)) return undefined;
      return ['cli', 'contract', 'base', 'process', 'flow', 'kernel'].includes(to.floor) ||
        outside.has(to.floor)
        ? undefined
        : 'the command line imports contracts, processes, the kernel and flow';
    case 'flow':
      return to.floor === 'flow' || outside.has(to.floor) ? undefined : 'flow works without the server';
    default:
      return undefined;
  }
}

function isDoor(place: Place, name: string): boolean {
  return place.module !== undefined && place.path === `server/src/modules/${place.module}/${name}`;
}

function judgeContract(from: Place, to: Place): string | undefined {
  if (to.floor === 'base' || to.path === 'zod') return undefined;
  if (to.floor !== 'contract') return 'a contract imports base, zod and lower contracts';
  return to.module === from.module || isLower(to, from)
    ? undefined
    : `${to.module} does not stand below ${from.module}`;
}

function judgeModule(from: Place, to: Place, test: boolean): string | undefined {
  if (to.floor === 'base' || outside.has(to.floor) || to.module === from.module) return undefined;
  if (to.floor === 'kernel') {
    return !test && to.path === 'server/src/kernel/compose.ts'
      ? 'modules are composed, they do not compose'
      : undefined;
  }
  if (test && to.module !== undefined && (isDoor(to, 'module.ts') || to.floor === 'contract'))
    return undefined;
  if (to.floor !== 'contract' || !isDoor(to, 'contract.ts'))
    return 'of another module only its contract.ts may be imported';
  return isLower(to, from) ? undefined : `${to.module} does not stand below ${from.module}`;
}

function isLower(to: Place, from: Place): boolean {
  const lower = rankOf(to.module ?? '');
  return lower >= 0 && lower < rankOf(from.module ?? '');
}

function sourceFiles(root: string, folder: string): string[] {
  const full = path.join(root, folder);
  if (!existsSync(full)) return [];
  return readdirSync(full, { withFileTypes: true }).flatMap((entry) => {
    if (['node_modules', 'dist', 'fixtures', 'templates'].includes(entry.name)) return [];
    const inner = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return sourceFiles(root, inner);
    return /\.(ts|tsx)$/.test(entry.name) ? [inner] : [];
  });
}

/** Checks the whole repository below `root`. @throws when there is nothing to check, which is itself a fault */
export function checkBoundaries(root: string): {
  fileCount: number;
  edgeCount: number;
  violations: Violation[];
} {
  const files = ['server/src', 'studio/src', 'cli/src', 'flow/src'].flatMap((folder) =>
    sourceFiles(root, folder),
  );
  if (files.length === 0) throw new Error(`no source files below ${root}`);
  const unranked = new Set(
    files.map((file) => placeOf(file).module).filter((module) => module !== undefined && rankOf(module) < 0),
  );
  if (unranked.size > 0)
    throw new Error(`modules without a rank in scripts/boundaries.ts: ${[...unranked].join(', ')}`);
  const edges = files.flatMap((file) => importsOf(file, readFileSync(path.join(root, file), 'utf8')));
  const violations = edges.flatMap((edge) => {
    const reason = judge(edge);
    return reason === undefined ? [] : [{ ...edge, reason }];
  });
  for (const circle of findCircles(graphOf(files, edges))) {
    for (const edge of circle)
      violations.push({ ...edge, reason: 'these files import each other in a circle' });
  }
  return { fileCount: files.length, edgeCount: edges.length, violations };
}

/** What loads what: types are gone by then. */
function graphOf(files: readonly string[], edges: readonly ImportEdge[]): ImportGraph {
  const graph = new Map(files.map((file) => [file, new Map<string, ImportEdge>()]));
  for (const edge of edges) {
    const target = resolveSpecifier(edge.from, edge.specifier).path;
    if (!edge.typeOnly && graph.has(target)) graph.get(edge.from)?.set(target, edge);
  }
  return graph;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = path.resolve(process.argv[2] ?? path.join(path.dirname(fileURLToPath(import.meta.url)), '..'));
  const { fileCount, edgeCount, violations } = checkBoundaries(root);
  for (const { from, line, specifier, reason } of violations)
    console.error(`${from}:${line}: ${specifier}: ${reason}`);
  console.log(`boundaries: ${fileCount} files, ${edgeCount} imports, ${violations.length} violations`);
  process.exit(violations.length === 0 ? 0 : 1);
}
