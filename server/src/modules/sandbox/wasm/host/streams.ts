import { Fd, wasi } from '@bjorn3/browser_wasi_shim';
import type { Fuel } from './fuel.ts';
import { type InputRing, inputRingBytes } from './input-ring.ts';

function terminalStatus(flags: number): { ret: number; fdstat: wasi.Fdstat } {
  const status = new wasi.Fdstat(wasi.FILETYPE_CHARACTER_DEVICE, flags);
  // Without the right to seek a C library takes it for a terminal, and gives each line away at once.
  status.fs_rights_base = BigInt(wasi.RIGHTS_FD_READ | wasi.RIGHTS_FD_WRITE);
  return { ret: wasi.ERRNO_SUCCESS, fdstat: status };
}

function terminalStat() {
  return { ret: wasi.ERRNO_SUCCESS, filestat: new wasi.Filestat(0n, wasi.FILETYPE_CHARACTER_DEVICE, 0n) };
}

/** Whether a read would give something at once: so many bytes, or the end. */
export interface Readiness {
  readonly bytes: number;
  readonly hangup: boolean;
}

interface LiveInput {
  readonly ring: InputRing | null;
  readonly onTaken: (bytes: number) => void;
}

/** Standard input: what was given, then what is written while the program runs, then its end. */
export class InputStream extends Fd {
  readonly #bytes: Uint8Array;
  readonly #ring: InputRing | null;
  readonly #onTaken: (bytes: number) => void;
  #at = 0;
  #untoldBytes = 0;
  #flags = 0;

  constructor(bytes: Uint8Array, live: LiveInput = { ring: null, onTaken: () => undefined }) {
    super();
    this.#bytes = bytes;
    this.#ring = live.ring;
    this.#onTaken = live.onTaken;
  }

  override fd_fdstat_get() {
    return terminalStatus(this.#flags);
  }

  override fd_filestat_get = terminalStat;

  override fd_fdstat_set_flags(flags: number): number {
    if ((flags & ~wasi.FDFLAGS_NONBLOCK) !== 0) return wasi.ERRNO_INVAL;
    this.#flags = flags;
    return wasi.ERRNO_SUCCESS;
  }

  override fd_read(count: number) {
    return this.read(count, true);
  }

  /** Gives what there is. When that is nothing it waits, if it may and the program has not forbidden it. */
  read(count: number, mayWait: boolean): { ret: number; data: Uint8Array } {
    const given = this.#bytes.subarray(this.#at, this.#at + count);
    this.#at += given.length;
    const ring = this.#ring;
    if (given.length > 0 || count === 0 || ring === null) return { ret: wasi.ERRNO_SUCCESS, data: given };
    while (ring.available() === 0 && !ring.ended()) {
      if (!mayWait || (this.#flags & wasi.FDFLAGS_NONBLOCK) !== 0)
        return { ret: wasi.ERRNO_AGAIN, data: given };
      this.wait(Number.POSITIVE_INFINITY);
    }
    const data = ring.take(count);
    this.#untoldBytes += data.length;
    if (this.#untoldBytes >= inputRingBytes / 2) this.#tell();
    return { ret: wasi.ERRNO_SUCCESS, data };
  }

  /** Null when a read would wait. */
  readiness(): Readiness | null {
    const ended = this.#ring === null || this.#ring.ended();
    const bytes = this.#bytes.length - this.#at + (this.#ring?.available() ?? 0);
    return bytes === 0 && !ended ? null : { bytes, hangup: ended };
  }

  /** Waits until a read would give something. False when so much time has passed before. */
  wait(milliseconds: number): boolean {
    if (this.readiness() !== null) return true;
    this.#tell();
    return this.#ring?.wait(milliseconds) ?? true;
  }

  /** Told late, so that a program that reads byte by byte does not tell of each; at the latest before it waits. */
  #tell(): void {
    if (this.#untoldBytes === 0) return;
    this.#onTaken(this.#untoldBytes);
    this.#untoldBytes = 0;
  }
}

/** Counts what both output streams carry together, and ends the program at the limit. */
export class OutputBudget {
  readonly #limitBytes: number;
  readonly #fuel: Fuel;
  bytes = 0;

  constructor(limitBytes: number, fuel: Fuel) {
    this.#limitBytes = limitBytes;
    this.#fuel = fuel;
  }

  /** How much of it may still be written. */
  take(count: number): number {
    const room = Math.max(0, this.#limitBytes - this.bytes);
    this.bytes += count;
    return Math.min(room, count);
  }

  assertWithin(): void {
    if (this.bytes > this.#limitBytes) throw this.#fuel.end('output');
  }
}

/** Standard output or standard error. */
export class OutputStream extends Fd {
  readonly #budget: OutputBudget;
  readonly #write: (data: Uint8Array) => void;

  constructor(budget: OutputBudget, write: (data: Uint8Array) => void) {
    super();
    this.#budget = budget;
    this.#write = write;
  }

  override fd_fdstat_get() {
    return terminalStatus(0);
  }

  override fd_filestat_get = terminalStat;

  override fd_write(data: Uint8Array) {
    const room = this.#budget.take(data.length);
    if (room > 0) this.#write(data.subarray(0, room));
    this.#budget.assertWithin();
    return { ret: wasi.ERRNO_SUCCESS, nwritten: data.length };
  }
}
