import { isUtf8 } from 'node:buffer';
import { isFault } from '#base/fault.ts';
import type { Database, Transaction } from '#kernel/database/database.ts';
import { deleteWorkspacePath } from '#kernel/files/change.ts';
import { etagOf } from '#kernel/files/etag.ts';
import { readWorkspaceFile } from '#kernel/files/read.ts';
import type { Workspace } from '#kernel/files/workspace.ts';
import { writeWorkspaceFile } from '#kernel/files/write.ts';
import type { Syntax } from '#kernel/syntax/syntax.ts';
import type { ChangedFile, Conflict, Decision, Written } from '../contract-changes.ts';
import { type Blobs, hashOf } from './blobs.ts';
import {
  beginOperation,
  discardOperation,
  finishOperation,
  isUnfinished,
  lockProject,
  type Operation,
  type OperationFile,
  tryLockProject,
} from './change-store.ts';
import { describeChange } from './describe.ts';
import { mergeTexts } from './merge.ts';

interface ContentChange {
  /** Null is no file. */
  readonly baseHash: string | null;
  readonly afterHash: string | null;
}

/** What is to become of one file: from what both sides began with to what is proposed. */
export interface Proposal extends ContentChange {
  readonly path: string;
  readonly executable: boolean;
  /** Changes that come after the first, each merged into what the one before gave. */
  readonly further?: readonly ContentChange[];
  /** How the user settles a conflict that they have seen. */
  readonly decision?: Decision;
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
      /** Looks at what is about to be written, before anything is; what it throws ends the operation. */
      readonly approve?: (files: readonly OperationFile[]) => Promise<void>;
      readonly onDone?: (transaction: Transaction, written: readonly string[]) => Promise<void>;
    },
  ): Promise<Written>;
  /**
   * Finishes an operation that a crash interrupted: files that still hold what was there before are written. Does nothing
   * while another process is at work in the project.
   */
  finish(
    operation: Operation,
    files: readonly OperationFile[],
    run: {
      readonly target: Target;
      readonly onDone: (transaction: Transaction, written: readonly string[]) => Promise<void>;
    },
  ): Promise<void>;
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

  /** What fails in the middle, as on a full disk, is taken back: the files are as before, or the next start goes on. */
  async function writeOrUndo(
    operation: Operation,
    files: readonly OperationFile[],
    target: Target,
  ): Promise<string[]> {
    try {
      return await writeAll(files, target);
    } catch (error) {
      const backwards = files.map(({ beforeHash, afterHash, ...file }) => ({
        ...file,
        beforeHash: afterHash,
        afterHash: beforeHash,
      }));
      try {
        // The last first: what was written last has not been written when there was no room for it.
        for (const file of backwards.toReversed()) await writeFile(file, target);
        await discardOperation(database, operation.operationId);
      } catch {
        // Nothing is lost: the operation is still on record.
      }
      throw error;
    }
  }

  return {
    integrate: (operation, proposals, { target, preview = false, approve, onDone }) =>
      database.transaction(async (transaction) => {
        await lockProject(transaction, operation.projectId);
        const { files, conflicts } = await plan(proposals, target);
        if (conflicts.length > 0) return { written: [], conflicts };
        if (preview) {
          const changes = await Promise.all(files.map((file) => describePlanned(file, target.blobs)));
          return { written: files.map(({ path }) => path), conflicts, changes };
        }
        await approve?.(files);
        // In a transaction of its own: it must be there even when this process ends in the middle of the files.
        await database.transaction((own) => beginOperation(own, operation, files));
        const written = await writeOrUndo(operation, files, target);
        const left = files.filter(({ path }) => !written.includes(path)).map(({ path }) => path);
        const done = proposals.map(({ path }) => path).filter((path) => !left.includes(path));
        await finishOperation(transaction, operation, done);
        await onDone?.(transaction, written);
        return { written, conflicts: left.map((path) => conflictOf(path, 'changed', null)) };
      }),
    finish: (operation, files, { target, onDone }) =>
      database.transaction(async (transaction) => {
        if (!(await tryLockProject(transaction, operation.projectId))) return;
        // Whoever was at work may have just ended it.
        if (!(await isUnfinished(transaction, operation.operationId))) return;
        const written = await writeAll(files, target);
        await finishOperation(transaction, operation, written);
        await onDone(transaction, written);
      }),
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

function describePlanned({ path, beforeHash, afterHash }: OperationFile, blobs: Blobs): Promise<ChangedFile> {
  return describeChange({ path, baseHash: beforeHash, afterHash }, blobs);
}

function conflictOf(path: string, reason: Conflict['reason'], presentHash: string | null): Conflict {
  return { path, reason, presentHash, hunks: [], merged: null };
}

async function planFile(
  proposal: Proposal,
  { workspace, blobs }: Target,
  syntax: Syntax,
): Promise<OperationFile | Conflict | null> {
  const { path, baseHash, afterHash, executable, further = [], decision } = proposal;
  const present = await presentOf(workspace, path);
  if (present === undefined) return conflictOf(path, 'unreadable', null);
  const beforeHash = present === null ? null : await blobs.put(present);
  const to = (hash: string | null): OperationFile | null =>
    hash === beforeHash ? null : { path, beforeHash, afterHash: hash, executable };
  if (decision !== undefined && decision.presentHash !== beforeHash)
    return conflictOf(path, 'changed', beforeHash);
  if (decision !== undefined && 'text' in decision)
    return to(decision.text === null ? null : await blobs.put(Buffer.from(decision.text)));
  const steps = [{ baseHash, afterHash }, ...further];
  if (decision !== undefined && 'take' in decision) return to(steps.at(-1)?.afterHash ?? null);
  let hash = beforeHash;
  for (const step of steps) {
    const merged = await mergeStep(hash, step, {
      path,
      blobs,
      syntax,
      ...(decision === undefined || steps.length > 1 ? {} : { decided: decision.hunks }),
    });
    if (merged.kind === 'clean') hash = merged.hash;
    else {
      // The places of a later step are not those of the present file: such a file is decided as a whole.
      const hunks = steps.length > 1 ? [] : merged.conflict.hunks;
      return { ...merged.conflict, hunks, presentHash: beforeHash };
    }
  }
  return to(hash);
}

/** One change merged into a content. */
async function mergeStep(
  presentHash: string | null,
  { baseHash, afterHash }: ContentChange,
  place: {
    readonly path: string;
    readonly blobs: Blobs;
    readonly syntax: Syntax;
    readonly decided?: readonly string[];
  },
): Promise<{ kind: 'clean'; hash: string | null } | { kind: 'conflict'; conflict: Conflict }> {
  const { path, blobs, syntax, decided = [] } = place;
  const clean = (hash: string | null) => ({ kind: 'clean' as const, hash });
  const clash = (reason: Conflict['reason'], more: Partial<Conflict> = {}) => ({
    kind: 'conflict' as const,
    conflict: { ...conflictOf(path, reason, presentHash), ...more },
  });
  if (presentHash === afterHash || baseHash === afterHash) return clean(presentHash);
  if (presentHash === baseHash) return clean(afterHash);
  if (presentHash === null || afterHash === null || baseHash === null) return clash('deleted');
  const [base, present, after] = [
    await blobs.get(baseHash),
    await blobs.get(presentHash),
    await blobs.get(afterHash),
  ];
  if (![base, after, present].every((bytes) => isUtf8(bytes) && !bytes.includes(0))) return clash('binary');
  const proposed = after.toString();
  const merged = mergeTexts(base.toString(), present.toString(), { proposed, decided });
  if (merged.kind === 'conflict') return clash('content', { hunks: merged.hunks });
  // Two changes that fit line by line can still break the file together; what the user wrote is theirs to judge.
  if (decided.length === 0 && (await breaks(syntax, path, [[present.toString(), proposed], merged.text])))
    return clash('syntax', { merged: merged.text });
  return clean(await blobs.put(Buffer.from(merged.text)));
}

async function breaks(
  syntax: Syntax,
  path: string,
  [sides, merged]: readonly [sides: readonly string[], merged: string],
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
