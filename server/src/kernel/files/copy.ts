import { constants, fchmodSync, lstatSync, mkdirSync, openSync, renameSync, type Stats } from 'node:fs';
import path from 'node:path';
import { fault } from '#base/fault.ts';
import { assertNotInside, lockKey, nameAt, walkMaking } from './change.ts';
import { Descriptor, openAnything, openFolder, openForReading } from './descriptor.ts';
import { syncContent, syncFolder, writeAll } from './durable.ts';
import { reporting } from './errors.ts';
import { assertLinksInside } from './hard-links.ts';
import { withLocks } from './locks.ts';
import { assertRegular, readExactly } from './read.ts';
import { removeTree } from './remove-tree.ts';
import { scan } from './scan.ts';
import { stageFolder } from './staging.ts';
import { openAt, type Place, statAt, walk } from './walk.ts';
import type { Workspace } from './workspace.ts';
import { isGitName, parseWorkspacePath, shown } from './workspace-path.ts';

const pieceBytes = 1 << 20;

export interface CopyResult {
  readonly copiedFiles: number;
  readonly copiedBytes: number;
  /** Links, special files and `.git`, which are not copied. */
  readonly skipped: number;
}

/**
 * Copies a file, or a folder with all it holds. The copy is built in the staging folder and then takes its place
 * at once: nobody sees half of it, and a crash leaves none.
 * @throws files.exists, files.not_empty (a folder never takes another's place), files.special_file,
 *   files.quota_bytes, files.quota_files, files.too_large, files.protected
 */
export function copyWorkspacePath(
  workspace: Workspace,
  paths: { readonly src: string; readonly dest: string },
  options: { readonly overwrite: boolean; readonly signal?: AbortSignal },
): Promise<CopyResult> {
  const { src, dest } = paths;
  const keys = [lockKey(workspace, src), lockKey(workspace, dest)] as const;
  return reporting(src, () =>
    withLocks(keys, async () => {
      const from = parseWorkspacePath(src, workspace.limits);
      const to = parseWorkspacePath(dest, workspace.limits);
      assertNotInside(src, dest);
      using source = walk(workspace.workspacePath, from, { followLast: true, refuseGit: true });
      using anchor = openAt(source);
      using target = walkMaking(workspace, to);
      const present = statAt(target);
      if (present !== undefined && !options.overwrite) throw fault('files.exists', { path: shown(dest) });
      const copy = new TreeCopy(workspace, src, options.signal);
      return await copy.into(target, { anchor, dest, present });
    }),
  );
}

interface CopyTarget {
  readonly anchor: Descriptor;
  readonly dest: string;
  readonly present: Stats | undefined;
}

class TreeCopy {
  readonly #workspace: Workspace;
  readonly #src: string;
  readonly #signal: AbortSignal | undefined;
  #copiedFiles = 0;
  #copiedBytes = 0;
  #taken = { bytes: 0, files: 0 };
  #skipped = 0;

  constructor(workspace: Workspace, src: string, signal: AbortSignal | undefined) {
    this.#workspace = workspace;
    this.#src = src;
    this.#signal = signal;
  }

  async into(target: Place, { anchor, dest, present }: CopyTarget): Promise<CopyResult> {
    const name = nameAt(target, dest);
    const parking = stageFolder(this.#workspace);
    const copy = path.join(parking, 'copy');
    try {
      await this.#build(anchor, copy);
      await reporting(dest, async () => renameSync(copy, target.folder.at(name)));
      if (present !== undefined)
        this.#workspace.room.give({ bytes: present.isFile() ? present.size : 0, files: 1 });
      await syncFolder(target.folder);
    } catch (error) {
      this.#workspace.room.give(this.#taken);
      throw error;
    } finally {
      await removeTree(parking, this.#workspace.stagingPath);
    }
    return { copiedFiles: this.#copiedFiles, copiedBytes: this.#copiedBytes, skipped: this.#skipped };
  }

  async #build(anchor: Descriptor, copy: string): Promise<void> {
    const stats = anchor.stat();
    if (!stats.isDirectory()) {
      assertRegular(stats, this.#src);
      return this.#copyFile(anchor, { to: copy, path: this.#src });
    }
    this.#take({ bytes: 0, files: 1 });
    mkdirSync(copy, 0o755);
    using root = openFolder(`${anchor.path}/.`);
    const { depth } = this.#workspace.limits;
    const enters = ({ name }: { name: string }) => !isGitName(name);
    const signal = this.#signal === undefined ? {} : { signal: this.#signal };
    for await (const entry of scan(root, { maxDepth: depth, enters, ...signal })) {
      const to = path.join(copy, entry.path);
      if (isGitName(entry.name)) this.#skipped += 1;
      else if (entry.stats.isDirectory()) {
        this.#take({ bytes: 0, files: 1 });
        mkdirSync(to, 0o755);
      } else if (entry.stats.isFile()) {
        using file = openAnything(entry.folder.at(entry.name));
        if (file.stat().isFile()) await this.#copyFile(file, { to, path: `${this.#src}/${entry.path}` });
        else this.#skipped += 1;
      } else this.#skipped += 1;
    }
    await this.#syncFolders(copy);
  }

  async #copyFile(anchor: Descriptor, { to, path: shownPath }: { to: string; path: string }): Promise<void> {
    const stats = anchor.stat();
    const { fileBytes } = this.#workspace.limits;
    if (stats.size > fileBytes)
      throw fault('files.too_large', { path: shown(shownPath), limitBytes: fileBytes });
    if (stats.nlink > 1) await assertLinksInside(this.#workspace, { stats, path: shownPath });
    this.#take({ bytes: stats.size, files: 1 });
    using source = openForReading(anchor);
    using target = new Descriptor(
      openSync(to, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, 0o644),
    );
    fchmodSync(target.fd, stats.mode & 0o777);
    for (let offset = 0; offset < stats.size; offset += pieceBytes) {
      this.#signal?.throwIfAborted();
      const length = Math.min(pieceBytes, stats.size - offset);
      await writeAll(target, await readExactly(source, { offset, length }));
    }
    await syncContent(target);
    this.#copiedFiles += 1;
    this.#copiedBytes += stats.size;
  }

  #take(growth: { bytes: number; files: number }): void {
    this.#workspace.room.take(growth);
    this.#taken.bytes += growth.bytes;
    this.#taken.files += growth.files;
  }

  /** The copy's own folders, so that its names are durable before it is seen. */
  async #syncFolders(copy: string): Promise<void> {
    using root = openFolder(copy);
    for await (const { stats, folder, name } of scan(root, { maxDepth: this.#workspace.limits.depth })) {
      if (!stats.isDirectory() || !lstatSync(folder.at(name)).isDirectory()) continue;
      using child = openFolder(folder.at(name));
      await syncFolder(child);
    }
    await syncFolder(root);
  }
}
