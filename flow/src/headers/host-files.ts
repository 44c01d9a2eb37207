import path from 'node:path';
import type { ReleaseFile } from '../core/layout.ts';
import { commonHeaders, FRESH, type HeaderInput, IMMUTABLE, NEVER_STORED } from './policy.ts';

/** Cloudflare reads at most so many rules of a `_headers` file; Netlify has no such limit. */
export const CLOUDFLARE_MOST_RULES = 100;

/** The text of `_headers`, and the hashed files that no rule could be spent on: they are revalidated, not wrong. */
export type HeaderFile = Readonly<{ text: string; uncovered: readonly string[] }>;

/**
 * `_headers` for Cloudflare Pages and Workers. Values of all rules that match are joined there, so each specific rule
 * first detaches (`! Cache-Control`) what the general one set.
 */
export function renderCloudflareHeaders(input: HeaderInput): HeaderFile {
  const rules = [
    rule('/*', [...commonHeaders(input.config), ['Cache-Control', FRESH]]),
    ...input.apiPaths.map((prefix) =>
      rule(`${prefix}*`, [
        ['!', 'Cache-Control'],
        ['Cache-Control', NEVER_STORED],
      ]),
    ),
  ];
  const { patterns, uncovered } = hashedPatterns(input.files, CLOUDFLARE_MOST_RULES - rules.length);
  for (const pattern of patterns) {
    rules.push(
      rule(pattern, [
        ['!', 'Cache-Control'],
        ['Cache-Control', IMMUTABLE],
      ]),
    );
  }
  return { text: rules.join('\n'), uncovered };
}

/**
 * `_headers` for Netlify. It joins the values of all matching rules and can't detach, but its own default for everything
 * is to revalidate; so only what differs is named, and no two cache rules overlap.
 */
export function renderNetlifyHeaders(input: HeaderInput): HeaderFile {
  return renderWithoutOverlap(input, Number.POSITIVE_INFINITY);
}

/**
 * One `_headers` for both hosts, which read the same file: no line that only Cloudflare knows, no more rules than it
 * takes. Both revalidate by themselves what no rule names.
 */
export function renderSharedHeaders(input: HeaderInput): HeaderFile {
  return renderWithoutOverlap(input, CLOUDFLARE_MOST_RULES);
}

function renderWithoutOverlap(input: HeaderInput, mostRules: number): HeaderFile {
  const common = commonHeaders(input.config);
  const rules = [
    ...(common.length > 0 ? [rule('/*', common)] : []),
    ...input.apiPaths.map((prefix) => rule(`${prefix}*`, [['Cache-Control', NEVER_STORED]])),
  ];
  const { patterns, uncovered } = hashedPatterns(input.files, mostRules - rules.length);
  for (const pattern of patterns) rules.push(rule(pattern, [['Cache-Control', IMMUTABLE]]));
  return { text: rules.join('\n'), uncovered };
}

function rule(pattern: string, headers: ReadonlyArray<readonly [string, string]>): string {
  const lines = headers.map(([name, value]) => (name === '!' ? `  ! ${value}` : `  ${name}: ${value}`));
  return `${pattern}\n${lines.join('\n')}\n`;
}

/**
 * As few patterns as possible that match every hashed file and nothing else: a folder in which everything is hashed
 * becomes `/folder/*`, the rest stand one by one. Larger folders come first when the number is limited.
 */
function hashedPatterns(
  files: readonly ReleaseFile[],
  most: number,
): { patterns: string[]; uncovered: string[] } {
  const folders = pureFolders(files);
  const groups = new Map<string, string[]>();
  for (const file of files) {
    if (file.role !== 'hashed') continue;
    const folder = folders.find((one) => file.path.startsWith(one));
    const pattern = folder === undefined ? `/${encodePath(file.path)}` : `/${encodePath(folder)}*`;
    groups.set(pattern, [...(groups.get(pattern) ?? []), file.path]);
  }
  const sorted = [...groups].sort(([a, left], [b, right]) => right.length - left.length || (a < b ? -1 : 1));
  return {
    patterns: sorted.slice(0, most).map(([pattern]) => pattern),
    uncovered: sorted.slice(most).flatMap(([, members]) => members),
  };
}

/** Folders, outermost first, that hold hashed files only. */
function pureFolders(files: readonly ReleaseFile[]): string[] {
  const pure = new Map<string, boolean>();
  for (const file of files) {
    for (let folder = path.posix.dirname(file.path); folder !== '.'; folder = path.posix.dirname(folder)) {
      pure.set(`${folder}/`, (pure.get(`${folder}/`) ?? true) && file.role === 'hashed');
    }
  }
  return [...pure.entries()]
    .flatMap(([folder, isPure]) => (isPure ? [folder] : []))
    .sort((a, b) => a.length - b.length);
}

/** Percent-encodes what the format would read as a pattern or cut at (`*`, `:` at a segment's start, spaces, non-ASCII). */
export function encodePath(name: string): string {
  return name
    .split('/')
    .map((part) => encodeURIComponent(part).replaceAll('*', '%2A'))
    .join('/');
}
