import { Fd, Inode, wasi } from '@bjorn3/browser_wasi_shim';

const growAtLeastBytes = 4096;

/** Bytes and entries that a program's files may take in memory; one for each call. */
export class Quota {
  readonly bytesLimit: number;
  readonly entriesLimit: number;
  bytes = 0;
  peakBytes = 0;
  entries = 0;
  /** Whether something was ever refused. */
  refused = false;

  constructor(limits: { readonly bytes: number; readonly entries: number }) {
    this.bytesLimit = limits.bytes;
    this.entriesLimit = limits.entries;
  }

  takeBytes(count: number): boolean {
    if (this.bytes + count > this.bytesLimit) return this.#refuse();
    this.bytes += count;
    this.peakBytes = Math.max(this.peakBytes, this.bytes);
    return true;
  }

  takeEntry(): boolean {
    if (this.entries >= this.entriesLimit) return this.#refuse();
    this.entries += 1;
    return true;
  }

  #refuse(): false {
    this.refused = true;
    return false;
  }
}

/** A file in memory. What it holds counts until its last name is gone and its last descriptor is closed. */
export class QuotaFile extends Inode {
  readonly quota: Quota;
  readonly readOnly: boolean;
  buffer: Uint8Array;
  length: number;
  changed: boolean;
  names = 1;
  open = 0;

  constructor(quota: Quota, content: Uint8Array, options: { readOnly: boolean; changed: boolean }) {
    super();
    this.quota = quota;
    this.buffer = content;
    this.length = content.length;
    this.readOnly = options.readOnly;
    this.changed = options.changed;
  }

  override stat(): wasi.Filestat {
    return new wasi.Filestat(this.ino, wasi.FILETYPE_REGULAR_FILE, BigInt(this.length));
  }

  override path_open(oflags: number, rights: bigint, flags: number) {
    const writing = (rights & BigInt(wasi.RIGHTS_FD_WRITE)) !== 0n;
    const truncating = (oflags & wasi.OFLAGS_TRUNC) !== 0;
    if (this.readOnly && (writing || truncating)) return { ret: wasi.ERRNO_ROFS, fd_obj: null };
    if (truncating) this.resize(0);
    return { ret: wasi.ERRNO_SUCCESS, fd_obj: new OpenQuotaFile(this, flags) };
  }

  read(offset: number, count: number): Uint8Array {
    const from = Math.min(offset, this.length);
    return this.buffer.subarray(from, Math.min(this.length, from + count));
  }

  write(offset: number, data: Uint8Array): number {
    const end = offset + data.length;
    if (end > this.length) {
      const ret = this.resize(end);
      if (ret !== wasi.ERRNO_SUCCESS) return ret;
    }
    this.buffer.set(data, offset);
    this.changed = true;
    return wasi.ERRNO_SUCCESS;
  }

  /** Makes the file so long; the memory behind it doubles, so that many small writes cost no more than one large. */
  resize(length: number): number {
    if (this.readOnly) return wasi.ERRNO_ROFS;
    if (length > this.buffer.length) {
      const doubled = Math.max(length, this.buffer.length * 2, growAtLeastBytes);
      const capacity = [doubled, length].find((size) => this.quota.takeBytes(size - this.buffer.length));
      if (capacity === undefined) return wasi.ERRNO_NOSPC;
      const grown = new Uint8Array(capacity);
      grown.set(this.buffer.subarray(0, this.length));
      this.buffer = grown;
    } else if (length < this.length) this.buffer.fill(0, length, this.length);
    this.length = length;
    this.changed = true;
    return wasi.ERRNO_SUCCESS;
  }

  releaseIfGone(): void {
    if (this.names > 0 || this.open > 0) return;
    this.quota.bytes -= this.buffer.length;
    this.buffer = new Uint8Array();
    this.length = 0;
  }
}

/** Bytes that a descriptor stands at; positions beyond 2^53 do not exist here. */
function position(value: bigint): number | null {
  return value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER) ? null : Number(value);
}

/** What a descriptor says it may do; libraries ask before they try. */
export function statusOf(filetype: number, flags: number): wasi.Fdstat {
  const status = new wasi.Fdstat(filetype, flags);
  status.fs_rights_base = everyRight;
  status.fs_rights_inherited = everyRight;
  return status;
}
/** The 29 rights of WASI preview 1, without those of sockets. */
const everyRight = (1n << 28n) - 1n;

class OpenQuotaFile extends Fd {
  readonly file: QuotaFile;
  readonly appending: boolean;
  at = 0;

  constructor(file: QuotaFile, flags: number) {
    super();
    this.file = file;
    this.appending = (flags & wasi.FDFLAGS_APPEND) !== 0;
    file.open += 1;
  }

  override fd_close(): number {
    this.file.open -= 1;
    this.file.releaseIfGone();
    return wasi.ERRNO_SUCCESS;
  }

  override fd_allocate(offset: bigint, length: bigint): number {
    const end = position(offset + length);
    if (end === null) return wasi.ERRNO_INVAL;
    return end <= this.file.length ? wasi.ERRNO_SUCCESS : this.file.resize(end);
  }

  override fd_fdstat_get() {
    const flags = this.appending ? wasi.FDFLAGS_APPEND : 0;
    return { ret: wasi.ERRNO_SUCCESS, fdstat: statusOf(wasi.FILETYPE_REGULAR_FILE, flags) };
  }

  override fd_fdstat_set_flags(): number {
    return wasi.ERRNO_SUCCESS;
  }

  override fd_filestat_get() {
    return { ret: wasi.ERRNO_SUCCESS, filestat: this.file.stat() };
  }

  override fd_filestat_set_size(size: bigint): number {
    const length = position(size);
    return length === null ? wasi.ERRNO_INVAL : this.file.resize(length);
  }

  override fd_filestat_set_times(): number {
    return wasi.ERRNO_SUCCESS;
  }

  override fd_pread(count: number, offset: bigint) {
    const from = position(offset);
    if (from === null) return { ret: wasi.ERRNO_INVAL, data: new Uint8Array() };
    return { ret: wasi.ERRNO_SUCCESS, data: this.file.read(from, count) };
  }

  override fd_read(count: number) {
    const data = this.file.read(this.at, count);
    this.at += data.length;
    return { ret: wasi.ERRNO_SUCCESS, data };
  }

  override fd_pwrite(data: Uint8Array, offset: bigint) {
    const to = position(offset);
    if (to === null) return { ret: wasi.ERRNO_INVAL, nwritten: 0 };
    const ret = this.file.write(to, data);
    return { ret, nwritten: ret === wasi.ERRNO_SUCCESS ? data.length : 0 };
  }

  override fd_write(data: Uint8Array) {
    if (this.appending) this.at = this.file.length;
    const ret = this.file.write(this.at, data);
    if (ret !== wasi.ERRNO_SUCCESS) return { ret, nwritten: 0 };
    this.at += data.length;
    return { ret, nwritten: data.length };
  }

  override fd_seek(offset: bigint, whence: number) {
    const bases = new Map([
      [wasi.WHENCE_SET, 0],
      [wasi.WHENCE_CUR, this.at],
      [wasi.WHENCE_END, this.file.length],
    ]);
    const base = bases.get(whence);
    const to = base === undefined ? null : position(BigInt(base) + offset);
    if (to === null) return { ret: wasi.ERRNO_INVAL, offset: 0n };
    this.at = to;
    return { ret: wasi.ERRNO_SUCCESS, offset: BigInt(to) };
  }

  override fd_tell() {
    return { ret: wasi.ERRNO_SUCCESS, offset: BigInt(this.at) };
  }
}
