import { isUtf8 } from 'node:buffer';
import { isFault } from '#base/fault.ts';
import type { Database, Transaction } from '#kernel/database/database.ts';
import { deleteWorkspacePath } from '#kernel/files/change.ts';
import { etagOf } from '#kernel/files/etag.ts';
import { readWorkspaceFile } from '#kernel/files/read.ts';
import type { Workspace } from '#kernel/files/workspace.ts';
import { writeWorkspaceFile } from '#kernel/files/write.ts';
import type { Syntax } from '#kernel/syntax/syntax.ts';
import type { Conflict, Written } from '../contract-shapes.ts';
import { type Blobs, hashOf } from './blobs.ts';
import {
  beginOperation,
  finishOperation,
  lockProject,
  type Operation,
  type OperationFile,
} from './change-store.ts';
import { mergeTexts } from './merge.ts';

/** What is to become of one file: from what both sides began with to what is proposed. */
export interface Proposal {
  readonly path: string;
  readonly baseHash: string | null;
  readonly afterHash: string | null;
  readonly executable: boolean;
  /** Decided by the user for a file in conflict; null deletes it. */
  readonly resolution?: string | null;
}

export interface Target {
  readonly workspace: Workspace;
  readonly blobs: Blobs;
  /** Keeps what is about to be replaced in the file history. */
  readonly preserve: (paths: readonly string[]) => Promise<void>;
}

export interface Integration {
  /**
   * Merges proposals into the files as they are now. All or nothing: with a conflict nothing is written. What is written
   * is put down first, and each file is replaced only if it still holds what was merged, so that neither a crash nor a
   * save in the same moment loses anything.
   */
  integrate(
    operation: Operation & { readonly at: Date },
    proposals: readonly Proposal[],
    run: {
      readonly target: Target;
      readonly preview?: boolean;
      readonly onDone?: (transaction: Transaction, written: readonly string[]) => Promise<void>;
    },
  ): Promise<Written>;
  /** Finishes an operation that a crash interrupted: files that still hold what was there before are written. */
  finish(operation: Operation, files: readonly OperationFile[], target: Target): Promise<void>;
}

const fileBytes = 64 * 1024 ** 2;

export function createIntegration({
  database,
  syntax,
}: {
  readonly database: Database;
  readonly syntax: Syntax;
}): Integration {
  async function plan(
    proposals: readonly Proposal[],
    target: Target,
  ): Promise<{ files: OperationFile[]; conflicts: Conflict[] }> {
    const files: OperationFile[] = [];
    const conflicts: Conflict[] = [];
    for (const proposal of proposals) {
      const planned = await planFile(proposal, target, syntax);
      if (planned === null) continue;
      if ('reason' in planned) conflicts.push(planned);
      else files.push(planned);
    }
    return { files, conflicts };
  }

  async function writeAll(files: readonly OperationFile[], target: Target): Promise<string[]> {
    const replaced = files.filter(({ beforeHash }) => beforeHash !== null).map(({ path }) => path);
    if (replaced.length > 0) await target.preserve(replaced);
    const written: string[] = [];
    for (const file of files) if (await writeFile(file, target)) written.push(file.path);
    return written;
  }

  return {
    integrate: (operation, proposals, { target, preview = false, onDone }) =>
      database.transaction(async (transaction) => {
        await lockProject(transaction, operation.projectId);
        const { files, conflicts } = await plan(proposals, target);
        if (conflicts.length > 0) return { written: [], conflicts };
        if (preview) return { written: files.map(({ path }) => path), conflicts };
        // In a transaction of its own: it must be there even when this process ends in the middle of the files.
        await database.transaction((own) => beginOperation(own, operation, files));
        const written = await writeAll(files, target);
        const left = files.filter(({ path }) => !written.includes(path)).map(({ path }) => path);
        const done = proposals.map(({ path }) => path).filter((path) => !left.includes(path));
        await finishOperation(transaction, operation, done);
        await onDone?.(transaction, written);
        return { written, conflicts: left.map((path) => ({ path, reason: 'content' as const, hunks: [] })) };
      }),
    async finish(operation, files, target) {
      await writeAll(files, target);
      await database.transaction((transaction) =>
        finishOperation(
          transaction,
          operation,
          files.map(({ path }) => path),
        ),
      );
    },
  };
}

/** The present bytes; null for no file, undefined for what cannot be read as one. */
async function presentOf(workspace: Workspace, path: string): Promise<Buffer | null | undefined> {
  try {
    return (await readWorkspaceFile(workspace, path, { limitBytes: fileBytes })).content;
  } catch (error) {
    if (isFault(error, 'files.not_found')) return null;
    if (isFault(error)) return undefined;
    throw error;
  }
}

async function planFile(
  proposal: Proposal,
  { workspace, blobs }: Target,
  syntax: Syntax,
): Promise<OperationFile | Conflict | null> {
  const { path, baseHash, afterHash, executable } = proposal;
  const present = await presentOf(workspace, path);
  if (present === undefined) return { path, reason: 'unreadable', hunks: [] };
  const beforeHash = present === null ? null : await blobs.put(present);
  const to = (hash: string | null): OperationFile => ({ path, beforeHash, afterHash: hash, executable });
  if (proposal.resolution !== undefined) {
    return to(proposal.resolution === null ? null : await blobs.put(Buffer.from(proposal.resolution)));
  }
  if (beforeHash === afterHash) return null;
  if (beforeHash === baseHash) return to(afterHash);
  if (present === null || afterHash === null || baseHash === null)
    return { path, reason: 'deleted', hunks: [] };
  const [base, after] = [await blobs.get(baseHash), await blobs.get(afterHash)];
  if (![base, after, present].every((bytes) => isUtf8(bytes) && !bytes.includes(0)))
    return { path, reason: 'binary', hunks: [] };
  const merged = mergeTexts(base.toString(), present.toString(), after.toString());
  if (merged.kind === 'conflict') return { path, reason: 'content', hunks: merged.hunks };
  // Two changes that fit line by line can still break the file together.
  if (await breaks(syntax, path, [present.toString(), after.toString()], merged.text))
    return { path, reason: 'syntax', hunks: [] };
  return to(await blobs.put(Buffer.from(merged.text)));
}

async function breaks(
  syntax: Syntax,
  path: string,
  sides: readonly string[],
  merged: string,
): Promise<boolean> {
  const broken = (text: string) => syntax.withTree(path, text, (root) => root.hasError);
  if ((await broken(merged)) !== true) return false;
  for (const side of sides) if ((await broken(side)) === true) return false;
  return true;
}

/** False when the file holds something else by now: then somebody has just changed it, and it is left alone. */
async function writeFile(
  { path, beforeHash, afterHash, executable }: OperationFile,
  { workspace, blobs }: Target,
): Promise<boolean> {
  const present = await presentOf(workspace, path);
  const hash = present === null || present === undefined ? null : hashOf(present);
  if (hash === afterHash && present !== undefined) return true;
  if (hash !== beforeHash || present === undefined) return false;
  try {
    if (afterHash === null) {
      await deleteWorkspacePath(workspace, path, { recursive: false });
      return true;
    }
    const ifMatch = present === null ? null : await etagOf(present);
    const content = await blobs.get(afterHash);
    await writeWorkspaceFile(workspace, path, {
      content,
      ifMatch,
      parents: true,
      ...(present === null ? { executable } : {}),
    });
    return true;
  } catch (error) {
    if (isFault(error, 'files.conflict') || isFault(error, 'files.not_found')) return false;
    throw error;
  }
}
