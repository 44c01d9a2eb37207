import { Fd, wasi } from '@bjorn3/browser_wasi_shim';
import type { Fuel } from './fuel.ts';

function terminalStatus(): { ret: number; fdstat: wasi.Fdstat } {
  const status = new wasi.Fdstat(wasi.FILETYPE_CHARACTER_DEVICE, 0);
  // Without the right to seek a C library takes it for a terminal, and gives each line away at once.
  status.fs_rights_base = BigInt(wasi.RIGHTS_FD_READ | wasi.RIGHTS_FD_WRITE);
  return { ret: wasi.ERRNO_SUCCESS, fdstat: status };
}

function terminalStat() {
  return { ret: wasi.ERRNO_SUCCESS, filestat: new wasi.Filestat(0n, wasi.FILETYPE_CHARACTER_DEVICE, 0n) };
}

/** Standard input: what was given, then its end. */
export class InputStream extends Fd {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    super();
    this.#bytes = bytes;
  }

  override fd_fdstat_get = terminalStatus;
  override fd_filestat_get = terminalStat;

  override fd_read(count: number) {
    const data = this.#bytes.subarray(this.#at, this.#at + count);
    this.#at += data.length;
    return { ret: wasi.ERRNO_SUCCESS, data };
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

  override fd_fdstat_get = terminalStatus;
  override fd_filestat_get = terminalStat;

  override fd_write(data: Uint8Array) {
    const room = this.#budget.take(data.length);
    if (room > 0) this.#write(data.subarray(0, room));
    this.#budget.assertWithin();
    return { ret: wasi.ERRNO_SUCCESS, nwritten: data.length };
  }
}
