import { fault } from '#base/fault.ts';
import { deleteWorkspacePath, makeWorkspaceFolder } from '#kernel/files/change.ts';
import { listWorkspaceFolder } from '#kernel/files/entry.ts';
import { readWorkspaceFile } from '#kernel/files/read.ts';
import type { Workspace } from '#kernel/files/workspace.ts';
import { writeWorkspaceFile } from '#kernel/files/write.ts';
import type { CallReport } from './host-messages.ts';

export interface FilesSnapshot {
  readonly files: readonly { readonly path: string; readonly content: Buffer }[];
  readonly folders: readonly string[];
  readonly bytes: number;
}

const pageLength = 500;
/** Made again by package managers and by git, and too much to be copied for each call. */
const skippedFolders = ['.git', 'node_modules'];

/**
 * Reads a folder of the project as it is now, through the path jail: links are not followed, pipes and devices are left
 * out. Paths are relative to the folder.
 * @throws sandbox.files_too_many and what reading throws
 */
export async function readProjectFiles(
  workspace: Workspace,
  folder: string,
  limits: { readonly bytes: number; readonly entries: number; readonly signal: AbortSignal },
): Promise<FilesSnapshot> {
  const files: { path: string; content: Buffer }[] = [];
  const folders: string[] = [];
  const prefix = folder === '' ? '' : `${folder}/`;
  let bytes = 0;
  let cursor: string | undefined;
  do {
    const page = await listWorkspaceFolder(workspace, folder, {
      recursive: true,
      cursor,
      limit: pageLength,
      skip: skippedFolders,
      signal: limits.signal,
    });
    for (const { path, kind, size } of page.entries) {
      const inside = path.slice(prefix.length);
      if (kind === 'folder' && !skippedFolders.includes(path.slice(path.lastIndexOf('/') + 1)))
        folders.push(inside);
      if (kind !== 'file') continue;
      bytes += size;
      assertFits({ bytes, entries: files.length + folders.length }, limits);
      const { content } = await readWorkspaceFile(workspace, path, { limitBytes: limits.bytes });
      bytes += content.length - size;
      files.push({ path: inside, content });
    }
    assertFits({ bytes, entries: files.length + folders.length }, limits);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return { files, folders, bytes };
}

function assertFits(
  had: { readonly bytes: number; readonly entries: number },
  limits: { readonly bytes: number; readonly entries: number },
): void {
  if (had.bytes <= limits.bytes && had.entries <= limits.entries) return;
  throw fault('sandbox.files_too_many', { limitBytes: limits.bytes, limitFiles: limits.entries });
}

/** What a change of the project's files must do first, so that nothing is lost. */
export interface ChangeGuard {
  readonly beforeWrite: (path: string) => Promise<void>;
  readonly beforeLosing: (path: string) => Promise<void>;
}

/**
 * Copies back what a program changed, each path through the jail and against the quota, as if the user had done it. Each
 * file is whole or untouched; when one is refused, those before it stay.
 * @returns paths that were changed, relative to the project
 */
export async function applyChanges(
  workspace: Workspace,
  request: {
    readonly folder: string;
    readonly changes: CallReport['changes'];
    readonly contents: Buffer;
  },
  guard: ChangeGuard,
): Promise<string[]> {
  const { folder, changes, contents } = request;
  const place = (path: string) => (folder === '' ? path : `${folder}/${path}`);
  const changed: string[] = [];
  for (const path of changes.filesGone) {
    await guard.beforeLosing(place(path));
    await deleteWorkspacePath(workspace, place(path), { recursive: false });
    changed.push(place(path));
  }
  // The deepest first: a folder goes when it is empty.
  for (const path of changes.foldersGone.toSorted().reverse()) {
    await deleteWorkspacePath(workspace, place(path), { recursive: false });
    changed.push(place(path));
  }
  for (const path of changes.foldersMade) {
    await makeWorkspaceFolder(workspace, place(path), { parents: true });
    changed.push(place(path));
  }
  let from = 0;
  for (const { path, bytes } of changes.written) {
    const content = contents.subarray(from, from + bytes);
    from += bytes;
    await guard.beforeWrite(place(path));
    await writeWorkspaceFile(workspace, place(path), { content, parents: true });
    changed.push(place(path));
  }
  return changed;
}
