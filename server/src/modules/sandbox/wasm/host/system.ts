import { type Fd, OpenDirectory, WASI, wasi } from '@bjorn3/browser_wasi_shim';
import { type PolledFiles, poll, type World } from './clock.ts';
import type { Fuel } from './fuel.ts';
import { InputStream } from './streams.ts';

type Value = number | bigint;
type HostFunction = (...args: Value[]) => unknown;

const mostVectors = 1024;
const mostPathBytes = 4096;
const mostOpen = 1024;

/** Where the lengths of paths stand among a function's arguments. */
const pathLengths: Readonly<Record<string, readonly number[]>> = {
  path_create_directory: [2],
  path_filestat_get: [3],
  path_filestat_set_times: [3],
  path_link: [3, 6],
  path_open: [3],
  path_readlink: [2],
  path_remove_directory: [2],
  path_rename: [2, 5],
  path_symlink: [1, 4],
  path_unlink_file: [2],
};

export interface SystemOptions {
  /** Of the functions, those that the program imports. */
  readonly wanted: ReadonlySet<string>;
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly descriptors: readonly Fd[];
  readonly fuel: Fuel;
  readonly world: World;
}

/**
 * WASI preview 1 for one instance: the shim's functions with what hostile programs make necessary around them. Numbers
 * are taken as unsigned, as the specification has them; each call is paid for; lists, paths and open files are bounded;
 * a pointer beyond the memory is the program's mistake (EFAULT), not the host's; time, sleep and chance are the world's.
 */
export function createSystem(options: SystemOptions) {
  const { fuel, world } = options;
  const system = new WASI([...options.args], [...options.env], [...options.descriptors], { debug: false });
  const memory = () => system.inst.exports.memory.buffer;
  const encodedArgs = options.args.map((arg) => new TextEncoder().encode(arg).length + 1);

  /** Moves bytes between a list of memory pieces and a descriptor until one of them is at its end. */
  function vectors(
    [fd, list, count, done]: readonly [number, number, number, number],
    move: (file: Fd, piece: Uint8Array, movedBefore: number) => { ret: number; moved: number },
  ): number {
    const file = system.fds[fd];
    if (file === undefined) return wasi.ERRNO_BADF;
    if (count > mostVectors) return wasi.ERRNO_INVAL;
    const view = new DataView(memory());
    let moved = 0;
    let ret = wasi.ERRNO_SUCCESS;
    for (let index = 0; index < count && ret === wasi.ERRNO_SUCCESS; index += 1) {
      const pointer = view.getUint32(list + index * 8, true);
      const length = view.getUint32(list + index * 8 + 4, true);
      const piece = new Uint8Array(memory(), pointer, length);
      const step = move(file, piece, moved);
      ret = step.ret;
      moved += step.moved;
      if (step.moved < length) break;
    }
    view.setUint32(done, moved, true);
    return moved > 0 ? wasi.ERRNO_SUCCESS : ret;
  }

  const into = (piece: Uint8Array, { ret, data }: { ret: number; data: Uint8Array }) => {
    fuel.pay(data.length);
    piece.set(data);
    return { ret, moved: data.length };
  };

  const standardInput = options.descriptors.find((file) => file instanceof InputStream);
  const always = { bytes: 65_536, hangup: false };
  const files: PolledFiles = {
    readiness(descriptor) {
      const file = system.fds[descriptor];
      if (file === undefined) return 'unknown';
      return file instanceof InputStream ? file.readiness() : always;
    },
    waitForInput: (milliseconds) => standardInput?.wait(milliseconds) ?? true,
  };

  const own: Record<string, HostFunction> = {
    args_sizes_get(countPointer, sizePointer) {
      const view = new DataView(memory());
      view.setUint32(Number(countPointer), encodedArgs.length, true);
      view.setUint32(
        Number(sizePointer),
        encodedArgs.reduce((sum, size) => sum + size, 0),
        true,
      );
      return wasi.ERRNO_SUCCESS;
    },
    fd_read: (fd, list, count, done) =>
      vectors([Number(fd), Number(list), Number(count), Number(done)], (file, piece, movedBefore) =>
        into(
          piece,
          // What was read is given at once: only the first byte is waited for.
          file instanceof InputStream
            ? file.read(piece.length, movedBefore === 0)
            : file.fd_read(piece.length),
        ),
      ),
    fd_pread(fd, list, count, offset, done) {
      let at = BigInt(offset ?? 0);
      return vectors([Number(fd), Number(list), Number(count), Number(done)], (file, piece) => {
        const step = into(piece, file.fd_pread(piece.length, at));
        at += BigInt(step.moved);
        return step;
      });
    },
    fd_write: (fd, list, count, done) =>
      vectors([Number(fd), Number(list), Number(count), Number(done)], (file, piece) => {
        fuel.pay(piece.length);
        const { ret, nwritten } = file.fd_write(piece);
        return { ret, moved: nwritten };
      }),
    fd_pwrite(fd, list, count, offset, done) {
      let at = BigInt(offset ?? 0);
      return vectors([Number(fd), Number(list), Number(count), Number(done)], (file, piece) => {
        fuel.pay(piece.length);
        const { ret, nwritten } = file.fd_pwrite(piece, at);
        at += BigInt(nwritten);
        return { ret, moved: nwritten };
      });
    },
    clock_time_get(id, _precision, pointer) {
      const time = world.now(id === wasi.CLOCKID_REALTIME ? 'real' : 'monotonic');
      new DataView(memory()).setBigUint64(Number(pointer), time, true);
      return wasi.ERRNO_SUCCESS;
    },
    poll_oneoff(subscriptions, events, count, done) {
      const view = new DataView(memory());
      const at = { subscriptions: Number(subscriptions), events: Number(events), count: Number(count) };
      const { ret, ready } = poll(view, at, { world, files });
      view.setUint32(Number(done), ready, true);
      return ret;
    },
    random_get(pointer, length) {
      const bytes = new Uint8Array(memory(), Number(pointer), Number(length));
      fuel.pay(bytes.length);
      world.fill(bytes);
      return wasi.ERRNO_SUCCESS;
    },
    sched_yield: () => wasi.ERRNO_SUCCESS,
    proc_raise: () => wasi.ERRNO_NOTSUP,
    sock_recv: () => wasi.ERRNO_NOTSUP,
    sock_send: () => wasi.ERRNO_NOTSUP,
    sock_shutdown: () => wasi.ERRNO_NOTSUP,
    sock_accept: () => wasi.ERRNO_NOTSUP,
  };

  function guard(name: string, original: HostFunction): HostFunction {
    const lengths = pathLengths[name] ?? [];
    return (...signed) => {
      const args = signed.map((value) => (typeof value === 'number' ? value >>> 0 : value));
      let bytes = 0;
      for (const index of lengths) {
        const length = Number(args[index] ?? 0);
        if (length > mostPathBytes) return wasi.ERRNO_NAMETOOLONG;
        bytes += length;
      }
      fuel.pay(bytes + listingBytes(name, args));
      try {
        return original(...args);
      } catch (error) {
        if (isBadPointer(error)) return wasi.ERRNO_FAULT;
        throw error;
      }
    };
  }

  function listingBytes(name: string, args: readonly Value[]): number {
    const file = name === 'fd_readdir' ? system.fds[Number(args[0])] : undefined;
    return file instanceof OpenDirectory ? file.dir.contents.size * 16 : 0;
  }

  const open = (original: HostFunction): HostFunction => {
    return (...args) => {
      // Closed descriptors leave holes; filling them keeps the list short.
      const free = system.fds.findIndex((file) => file === undefined);
      if (free === -1 && system.fds.length >= mostOpen) return wasi.ERRNO_MFILE;
      const ret = original(...args);
      if (ret === wasi.ERRNO_SUCCESS && free !== -1) {
        const opened = system.fds.pop();
        if (opened !== undefined) system.fds[free] = opened;
        new DataView(memory()).setUint32(Number(args[8]), free, true);
      }
      return ret;
    };
  };

  const functions: Record<string, HostFunction> = {};
  for (const name of options.wanted) {
    const shim = system.wasiImport[name];
    if (shim === undefined) continue;
    const original: HostFunction = own[name] ?? ((...args) => shim(...args));
    functions[name] = guard(name, name === 'path_open' ? open(original) : original);
  }
  return {
    functions,
    attach(instance: WebAssembly.Instance): void {
      system.inst = instance as unknown as typeof system.inst;
    },
  };
}

/** A RangeError or TypeError of an access beyond the memory; running out of stack is another RangeError. */
function isBadPointer(error: unknown): boolean {
  return error instanceof RangeError && !error.message.includes('call stack');
}
