import type { Stats } from 'node:fs';
import { fault } from '#base/fault.ts';
import { openFolder } from './descriptor.ts';
import { reporting } from './errors.ts';
import { scan } from './scan.ts';
import { statAt, walk } from './walk.ts';
import type { Workspace } from './workspace.ts';
import { parseWorkspacePath, shown } from './workspace-path.ts';

export type EntryKind = 'file' | 'folder' | 'link' | 'special';

export interface WorkspaceEntry {
  readonly path: string;
  readonly kind: EntryKind;
  /** Apparent size in bytes; 0 for what is no file. */
  readonly size: number;
  readonly modifiedAtMs: number;
}

export function kindOf(stats: Stats): EntryKind {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'folder';
  return stats.isSymbolicLink() ? 'link' : 'special';
}

export function entryOf(path: string, stats: Stats): WorkspaceEntry {
  return { path, kind: kindOf(stats), size: stats.isFile() ? stats.size : 0, modifiedAtMs: stats.mtimeMs };
}

/**
 * Tells what is at a path; of a link it tells the link itself.
 * @throws files.not_found, files.path_invalid, files.path_escapes
 */
export function statWorkspacePath(
  workspace: Workspace,
  pathText: string,
): Promise<WorkspaceEntry & { readonly executable: boolean }> {
  return reporting(pathText, async () => {
    using place = walk(workspace.workspacePath, parseWorkspacePath(pathText, workspace.limits));
    const stats = statAt(place);
    if (stats === undefined) throw fault('files.not_found', { path: shown(pathText) });
    return { ...entryOf(pathText, stats), executable: stats.isFile() && (stats.mode & 0o100) !== 0 };
  });
}

export interface ListOptions {
  readonly recursive: boolean;
  /** The last path of the page before, relative to the workspace. */
  readonly cursor?: string | undefined;
  readonly limit: number;
  /** Names of folders that are told but not entered. */
  readonly skip: readonly string[];
  readonly signal?: AbortSignal;
}

export interface ListPage {
  readonly entries: WorkspaceEntry[];
  readonly nextCursor: string | null;
}

/**
 * One page of a folder's entries, or of the whole tree below it: by name, a folder before what it holds. Links are
 * told and never entered.
 * @throws files.not_found, files.not_a_folder, files.path_invalid, files.path_escapes
 */
export function listWorkspaceFolder(
  workspace: Workspace,
  pathText: string,
  options: ListOptions,
): Promise<ListPage> {
  return reporting(pathText, async () => {
    const path = parseWorkspacePath(pathText, workspace.limits);
    const prefix = pathText === '' ? '' : `${pathText}/`;
    const { cursor, limit, recursive, skip, signal } = options;
    if (cursor !== undefined && !cursor.startsWith(prefix)) {
      throw fault('common.invalid_params', { field: 'cursor', reason: 'it belongs to another folder' });
    }
    using place = walk(workspace.workspacePath, path, { followLast: true });
    using folder = openFolder(place.name === null ? `${place.folder.path}/.` : place.folder.at(place.name));
    const entries: WorkspaceEntry[] = [];
    const found = scan(folder, {
      maxDepth: recursive ? workspace.limits.depth : 1,
      enters: ({ name }) => !skip.includes(name),
      ...(cursor === undefined ? {} : { after: cursor.slice(prefix.length) }),
      ...(signal === undefined ? {} : { signal }),
    });
    for await (const { path: below, stats } of found) {
      if (entries.length === limit) return { entries, nextCursor: entries.at(-1)?.path ?? null };
      entries.push(entryOf(prefix + below, stats));
    }
    return { entries, nextCursor: null };
  });
}
