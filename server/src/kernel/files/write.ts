import { fchmodSync, renameSync, type Stats } from 'node:fs';
import { fault } from '#base/fault.ts';
import { errnoOf, openForReading } from './descriptor.ts';
import { syncFolder, writeDurably } from './durable.ts';
import { reporting } from './errors.ts';
import { etagOf } from './etag.ts';
import { assertLinksInside } from './hard-links.ts';
import { withLock } from './locks.ts';
import { assertRegular, readExactly } from './read.ts';
import { stageFile } from './staging.ts';
import { openAt, type Place, statAt, walk } from './walk.ts';
import type { Workspace } from './workspace.ts';
import { parseWorkspacePath, shown, type WorkspacePath } from './workspace-path.ts';

export interface WriteOptions {
  /** The etag that is to be replaced; null: the file must not exist; undefined: whatever is there. */
  readonly ifMatch?: string | null | undefined;
  /** Makes missing folders on the way. */
  readonly parents?: boolean;
  /** Sets or clears the executable bits; undefined keeps them. */
  readonly executable?: boolean | undefined;
  /** Told what is about to be replaced, before it is; a failure leaves the file as it was. */
  readonly beforeReplacing?: (present: PresentFile | null, etag: string) => Promise<void>;
}

/** What a file holds at the moment; both null when it is larger than any file may be written. */
export type PresentFile =
  | { readonly content: Buffer; readonly etag: string }
  | { readonly content: null; readonly etag: null };

export interface WrittenFile {
  readonly path: string;
  readonly size: number;
  readonly etag: string;
  readonly created: boolean;
}

/**
 * Writes a file so that at every moment, also of a crash, it holds either the old or the new content, and so that
 * the new one is durable when this resolves: staged file, fdatasync, rename, fsync of the folder. A hard link is
 * broken by that, a link inside the workspace is followed. Writers of one file wait for one another.
 * @throws files.conflict with `currentEtag` (null when there is no file), files.protected, files.too_large,
 *   files.quota_bytes, files.quota_files, and what reading throws
 */
export function writeWorkspaceFile(
  workspace: Workspace,
  pathText: string,
  input: { readonly content: Uint8Array } & WriteOptions,
): Promise<WrittenFile> {
  return reporting(pathText, async () => {
    const path = parseWorkspacePath(pathText, workspace.limits);
    const { fileBytes } = workspace.limits;
    if (input.content.length > fileBytes)
      throw fault('files.too_large', { path: shown(pathText), limitBytes: fileBytes });
    const etag = await etagOf(input.content);
    return withLock(`${workspace.workspacePath}\0${pathText}`, () =>
      new FileWrite(workspace, path, { ...input, etag }).run(),
    );
  });
}

type WriteInput = { readonly content: Uint8Array; readonly etag: string } & WriteOptions;

class FileWrite {
  readonly #workspace: Workspace;
  readonly #path: WorkspacePath;
  readonly #input: WriteInput;

  constructor(workspace: Workspace, path: WorkspacePath, input: WriteInput) {
    this.#workspace = workspace;
    this.#path = path;
    this.#input = input;
  }

  async run(): Promise<WrittenFile> {
    using place = this.#findPlace();
    const before = this.#presentAt(place);
    const present = await this.#check(place, before);
    const { content, etag } = this.#input;
    const growth = { bytes: content.length - (before?.size ?? 0), files: before === undefined ? 1 : 0 };
    this.#workspace.room.take(growth);
    try {
      await this.#input.beforeReplacing?.(present, etag);
      await this.#replace(place, before);
    } catch (error) {
      this.#workspace.room.give({ bytes: growth.bytes, files: growth.files });
      throw error;
    }
    return { path: this.#path.text, size: content.length, etag, created: before === undefined };
  }

  #findPlace(): Place {
    const { room, workspacePath } = this.#workspace;
    const onMissingFolder = () => room.take({ bytes: 0, files: 1 });
    return walk(workspacePath, this.#path, {
      followLast: true,
      refuseGit: true,
      ...(this.#input.parents === false ? {} : { onMissingFolder }),
    });
  }

  #presentAt(place: Place): Stats | undefined {
    const stats = statAt(place);
    if (stats !== undefined) assertRegular(stats, this.#path.text);
    return stats;
  }

  /** Compares with what the caller has read; tells what is there where anybody wants to know. */
  async #check(place: Place, before: Stats | undefined): Promise<PresentFile | null> {
    const { ifMatch, beforeReplacing } = this.#input;
    if (before === undefined || (ifMatch === undefined && beforeReplacing === undefined)) {
      if (typeof ifMatch === 'string') throw this.#conflictWith(null);
      return null;
    }
    const present = await this.#present(place);
    const currentEtag = present?.etag ?? null;
    if (ifMatch === null || (ifMatch !== undefined && ifMatch !== currentEtag))
      throw this.#conflictWith(currentEtag);
    return present;
  }

  async #conflict(place: Place): Promise<Error> {
    const present = await this.#present(place);
    return this.#conflictWith(present?.etag ?? null);
  }

  async #present(place: Place): Promise<PresentFile | null> {
    using anchor = openOrUndefined(place);
    if (anchor === undefined) return null;
    const stats = anchor.stat();
    assertRegular(stats, this.#path.text);
    if (stats.nlink > 1) await assertLinksInside(this.#workspace, { stats, path: this.#path.text });
    if (stats.size > this.#workspace.limits.fileBytes) return { content: null, etag: null };
    using file = openForReading(anchor);
    const content = await readExactly(file, { offset: 0, length: stats.size });
    return { content, etag: await etagOf(content) };
  }

  #conflictWith(currentEtag: string | null): Error {
    return fault('files.conflict', { path: shown(this.#path.text), currentEtag });
  }

  async #replace(place: Place, before: Stats | undefined): Promise<void> {
    const { name } = place;
    if (name === null) throw fault('files.not_a_file', { path: shown(this.#path.text) });
    const { content, executable } = this.#input;
    using staged = stageFile(this.#workspace, 0o644);
    fchmodSync(staged.file.fd, modeFor(before, executable));
    await writeDurably(staged.file, content);
    if (this.#input.ifMatch !== undefined) await this.#checkUnchanged(place, before);
    try {
      renameSync(staged.path, place.folder.at(name));
    } catch (error) {
      // A folder took the name while we wrote.
      if (errnoOf(error) === 'EISDIR') throw fault('files.not_a_file', { path: shown(this.#path.text) });
      throw error;
    }
    staged.placed();
    await syncFolder(place.folder);
  }

  /** A program in the sandbox may have written while our content went to disk. */
  async #checkUnchanged(place: Place, before: Stats | undefined): Promise<void> {
    const now = this.#presentAt(place);
    const same = now?.ino === before?.ino && now?.size === before?.size && now?.ctimeMs === before?.ctimeMs;
    if (!same) throw await this.#conflict(place);
  }
}

function openOrUndefined(place: Place): ReturnType<typeof openAt> | undefined {
  try {
    return openAt(place);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function modeFor(before: Stats | undefined, executable: boolean | undefined): number {
  const mode = before === undefined ? 0o644 : before.mode & 0o777;
  if (executable === undefined) return mode;
  return executable ? mode | 0o111 : mode & ~0o111;
}
