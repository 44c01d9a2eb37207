import { chmodSync, closeSync, constants, fstatSync, openSync, type Stats } from 'node:fs';

/** From Linux's fcntl.h; Node does not name it. Opening with it touches nothing: no device, no pipe, no data. */
const pathOnly = 0o10000000;

/** A name in a folder: a text, or its bytes where they are not UTF-8 and no text spells them. */
export type EntryName = string | Buffer;

/** An open file descriptor that closes with its scope. */
export class Descriptor implements Disposable {
  readonly fd: number;
  #open = true;

  constructor(fd: number) {
    this.fd = fd;
  }

  /** A path that names this very file or folder, whatever its name in the tree is by now. */
  get path(): string {
    return `/proc/self/fd/${this.fd}`;
  }

  /** The entry of that name in this folder. The kernel looks the name up in the open folder itself. */
  at(name: string): string;
  at(name: EntryName): EntryName;
  at(name: EntryName): EntryName {
    const folder = `/proc/self/fd/${this.fd}/`;
    return typeof name === 'string' ? folder + name : Buffer.concat([Buffer.from(folder), name]);
  }

  stat(): Stats {
    return fstatSync(this.fd);
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    closeSync(this.fd);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** Opens a folder as an anchor; fails with ENOTDIR or ELOOP when the last part is a link or no folder. */
export function openFolder(path: EntryName): Descriptor {
  return new Descriptor(openSync(path, pathOnly | constants.O_DIRECTORY | constants.O_NOFOLLOW));
}

/**
 * Gives the owner of a folder, which the server is, the rights to read, change and move it, whatever a program took
 * away (chmod 000). By the open folder, not by its name: a link in its place is not followed.
 */
export function unlockFolder(folder: Descriptor): void {
  // The superuser needs no rights.
  if (process.getuid?.() === 0) return;
  const { mode } = folder.stat();
  if ((mode & 0o700) !== 0o700) chmodSync(folder.path, (mode & 0o777) | 0o700);
}

/** Opens whatever it is, a link itself included, without touching it: `stat` then tells what it is. */
export function openAnything(path: EntryName): Descriptor {
  return new Descriptor(openSync(path, pathOnly | constants.O_NOFOLLOW));
}

/** Opens the regular file behind an anchor for reading. */
export function openForReading(anchor: Descriptor): Descriptor {
  return new Descriptor(
    openSync(anchor.path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY),
  );
}

/** The system's name of an error (`ENOENT`), or undefined. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
