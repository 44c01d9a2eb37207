import assert from 'node:assert/strict';
import test from 'node:test';
import { WASI, wasi } from '@bjorn3/browser_wasi_shim';
import { moduleOf } from '../../testing/wasm-module.ts';
import { createVirtualWorld } from './clock.ts';
import { Quota } from './files.ts';
import { changesOf, type FileEntry, plantFiles, QuotaFolder, RootFolder } from './folders.ts';
import { Fuel, LimitReached } from './fuel.ts';
import { InputRing, inputRingBytes } from './input-ring.ts';
import { meterModule } from './meter.ts';
import { InputStream, OutputBudget, OutputStream } from './streams.ts';
import { createSystem } from './system.ts';

const rootDescriptor = 3;
const scratch = 1024;
const text = (value: string) => new TextEncoder().encode(value);

interface Options {
  readonly bytes?: number;
  readonly entries?: number;
  readonly readOnly?: boolean;
  readonly files?: readonly FileEntry[];
  readonly outputBytes?: number;
  readonly fuel?: number;
  readonly ring?: InputRing;
}

/** The system of an instance with one page of memory, called as a hostile program would call it. */
function begin(options: Options = {}) {
  const fuel = new Fuel(options.fuel ?? 10 ** 12);
  const quota = new Quota({ bytes: options.bytes ?? 2 ** 20, entries: options.entries ?? 100 });
  const root = new QuotaFolder(quota, options.readOnly ?? false);
  const planted = { files: options.files ?? [], folders: [] };
  assert.ok(plantFiles(root, planted));
  const budget = new OutputBudget(options.outputBytes ?? 1000, fuel);
  let output = '';
  const out = new OutputStream(budget, (data) => {
    output += Buffer.from(data).toString();
  });
  const world = createVirtualWorld(fuel, 1);
  const taken: number[] = [];
  const live = { ring: options.ring ?? null, onTaken: (bytes: number) => void taken.push(bytes) };
  const descriptors = [new InputStream(text('input'), live), out, out, new RootFolder('/workspace', root)];
  const wanted = new Set(Object.keys(new WASI([], [], [], { debug: false }).wasiImport));
  const system = createSystem({ wanted, args: ['program', 'ä'], env: [], descriptors, fuel, world });
  const { bytes } = meterModule(moduleOf({ functions: [], memory: [1] }));
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  fuel.attach(instance, 65_536);
  system.attach(instance);
  const buffer = (instance.exports['memory'] as WebAssembly.Memory).buffer;
  const view = new DataView(buffer);
  const put = (value: string, at = scratch) => {
    const encoded = text(value);
    new Uint8Array(buffer).set(encoded, at);
    return encoded.length;
  };
  const invoke = (name: string, ...args: (number | bigint)[]) => Number(system.functions[name]?.(...args));
  const open = (path: string, flags = 0) => {
    const length = put(path);
    const ret = invoke('path_open', rootDescriptor, 0, scratch, length, flags, ~0n, ~0n, 0, 8);
    return { ret, fd: view.getUint32(8, true) };
  };
  const write = (fd: number, value: string) => {
    view.setUint32(16, scratch, true);
    view.setUint32(20, put(value), true);
    return invoke('fd_write', fd, 16, 1, 24);
  };
  /** Into one piece of memory, or into two of which the first has a byte. */
  const read = (length: number, pieces: 1 | 2 = 1) => {
    view.setUint32(16, scratch, true);
    view.setUint32(20, pieces === 1 ? length : 1, true);
    view.setUint32(24, scratch + 1, true);
    view.setUint32(28, length - 1, true);
    const ret = invoke('fd_read', 0, 16, pieces, 40);
    const count = view.getUint32(40, true);
    return { ret, text: Buffer.from(buffer, scratch, count).toString() };
  };
  return { fuel, quota, root, planted, view, put, invoke, open, write, read, taken, output: () => output };
}

test('no path leads out of the folder that was given', () => {
  const { open, invoke, put } = begin({ files: [{ path: 'in/file', content: text('x') }] });
  const outside = [
    '../etc/passwd',
    'in/../../secret',
    '/etc/passwd',
    '..',
    'in/../..',
    '/workspace/../x',
    'a\0b',
  ];
  for (const path of outside) {
    const { ret } = open(path);
    assert.ok([wasi.ERRNO_NOTCAPABLE, wasi.ERRNO_INVAL].includes(ret), `${path}: ${ret}`);
  }
  assert.equal(open('in/../in/file').ret, 0);
  assert.equal(open('/proc/self/environ').ret, wasi.ERRNO_NOTCAPABLE);
  put('in/file', 2000);
  const length = put('../stolen');
  const renamed = invoke('path_rename', rootDescriptor, 2000, 7, rootDescriptor, scratch, length);
  assert.equal(renamed, wasi.ERRNO_NOTCAPABLE);
  assert.equal(open('in/file').ret, 0, 'a rename that failed has lost nothing');
  assert.equal(invoke('path_symlink', scratch, 5, rootDescriptor, 2000, 7), wasi.ERRNO_NOTSUP);
});

test('ten gigabytes of output end at the limit, which catching does not help', () => {
  const { write, output, invoke } = begin({ outputBytes: 100 });
  const line = 'x'.repeat(60);
  assert.equal(write(1, line), 0);
  assert.throws(() => write(2, line), LimitReached);
  assert.throws(() => write(1, line), LimitReached);
  assert.throws(() => invoke('sched_yield'), LimitReached, 'whoever caught it gets no further');
  assert.equal(output().length, 100);
});

test('files stop at the quota: many small writes, a hole, an allocation, an empty file too many', () => {
  const { open, write, invoke, quota } = begin({ bytes: 100_000, entries: 5 });
  const { fd } = open('grow', wasi.OFLAGS_CREAT);
  let ret = 0;
  for (let round = 0; ret === 0; round += 1) {
    assert.ok(round < 1000);
    ret = write(fd, 'x'.repeat(1000));
  }
  assert.equal(ret, wasi.ERRNO_NOSPC);
  assert.ok(quota.bytes <= 100_000 && quota.refused);
  assert.equal(invoke('fd_seek', fd, 2n ** 40n, wasi.WHENCE_SET, 32), 0);
  assert.equal(write(fd, 'x'), wasi.ERRNO_NOSPC);
  assert.equal(invoke('fd_allocate', fd, 0n, 2n ** 62n), wasi.ERRNO_INVAL);
  assert.equal(invoke('fd_allocate', fd, 0n, 2n ** 50n), wasi.ERRNO_NOSPC);
  assert.equal(invoke('fd_filestat_set_size', fd, 2n ** 45n), wasi.ERRNO_NOSPC);
  for (let index = 0; index < 4; index += 1) assert.equal(open(`f${index}`, wasi.OFLAGS_CREAT).ret, 0);
  assert.equal(open('f4', wasi.OFLAGS_CREAT).ret, wasi.ERRNO_NOSPC);
});

test('deleting gives room back, but not while a descriptor holds the file', () => {
  const { open, write, invoke, put, quota } = begin({ bytes: 10_000 });
  const fill = () => {
    const { fd } = open('held', wasi.OFLAGS_CREAT);
    return { fd, ret: write(fd, 'x'.repeat(8000)) };
  };
  const first = fill();
  assert.equal(first.ret, 0);
  assert.equal(invoke('path_unlink_file', rootDescriptor, scratch, put('held')), 0);
  const second = fill();
  assert.equal(second.ret, wasi.ERRNO_NOSPC);
  invoke('fd_close', first.fd);
  assert.equal(write(second.fd, 'x'.repeat(8000)), 0);
  assert.ok(quota.bytes <= 10_000);
});

test('bad pointers, endless lists, paths and descriptors are the program’s mistakes', () => {
  const { invoke, open, view } = begin({ files: [{ path: 'f', content: text('x') }] });
  assert.equal(invoke('fd_write', 1, 65_530, 1, 0), wasi.ERRNO_FAULT);
  assert.equal(invoke('fd_write', 1, -8, 1, 0), wasi.ERRNO_FAULT);
  assert.equal(invoke('fd_write', 1, 0, -1, 0), wasi.ERRNO_INVAL);
  view.setUint32(16, 0, true);
  view.setUint32(20, 0xffffffff, true);
  assert.equal(invoke('fd_write', 1, 16, 1, 0), wasi.ERRNO_FAULT);
  assert.equal(invoke('fd_read', 0, 16, 1, 0), wasi.ERRNO_FAULT);
  assert.equal(invoke('random_get', 0, -1), wasi.ERRNO_FAULT);
  assert.equal(invoke('fd_read', -1, 16, 1, 0), wasi.ERRNO_BADF);
  const long = invoke('path_open', rootDescriptor, 0, 0, 60_000, 0, 0n, 0n, 0, 8);
  assert.equal(long, wasi.ERRNO_NAMETOOLONG);
  assert.equal(invoke('poll_oneoff', 0, 0, 1_000_000, 0), wasi.ERRNO_INVAL);
  for (let index = 0; index < 1100; index += 1) {
    const { ret } = open('f');
    if (ret !== 0) return assert.equal(ret, wasi.ERRNO_MFILE);
  }
  return assert.fail('descriptors never ran out');
});

test('descriptors that were closed are used again', () => {
  const { open, invoke } = begin({ files: [{ path: 'f', content: text('x') }] });
  const first = open('f').fd;
  for (let index = 0; index < 5000; index += 1) {
    const { ret, fd } = open('f');
    assert.deepEqual([ret, fd], [0, first + 1]);
    invoke('fd_close', fd);
  }
});

test('read-only files refuse every way to change them', () => {
  const { open, write, invoke, put, root, planted } = begin({
    readOnly: true,
    files: [{ path: 'd/f', content: text('kept') }],
  });
  assert.equal(open('d/new', wasi.OFLAGS_CREAT).ret, wasi.ERRNO_ROFS);
  assert.equal(open('d/f', wasi.OFLAGS_TRUNC).ret, wasi.ERRNO_ROFS);
  const length = put('d/f');
  const opened = invoke(
    'path_open',
    rootDescriptor,
    0,
    scratch,
    length,
    0,
    BigInt(wasi.RIGHTS_FD_READ),
    0n,
    0,
    8,
  );
  assert.equal(opened, 0);
  assert.notEqual(write(4, 'changed'), 0);
  assert.equal(invoke('path_unlink_file', rootDescriptor, scratch, put('d/f')), wasi.ERRNO_ROFS);
  assert.equal(invoke('path_create_directory', rootDescriptor, scratch, put('e')), wasi.ERRNO_ROFS);
  put('g', 2000);
  const renamed = invoke('path_rename', rootDescriptor, scratch, put('d/f'), rootDescriptor, 2000, 1);
  assert.equal(renamed, wasi.ERRNO_ROFS);
  assert.deepEqual(changesOf(root, planted), {
    written: [],
    foldersMade: [],
    filesGone: [],
    foldersGone: [],
  });
});

test('changes are told: written, renamed, deleted, made, and nothing that only was read', () => {
  const files = ['same', 'gone', 'old/name', 'edited'].map((path) => ({ path, content: text(path) }));
  const { open, write, invoke, put, root, planted } = begin({ files });
  open('same');
  write(open('edited').fd, 'E');
  write(open('new', wasi.OFLAGS_CREAT).fd, 'N');
  invoke('path_unlink_file', rootDescriptor, scratch, put('gone'));
  invoke('path_create_directory', rootDescriptor, scratch, put('made'));
  const name = put('made/name', 2000);
  assert.equal(
    invoke('path_rename', rootDescriptor, scratch, put('old/name'), rootDescriptor, 2000, name),
    0,
  );
  invoke('path_remove_directory', rootDescriptor, scratch, put('old'));
  const { written, ...rest } = changesOf(root, planted);
  assert.deepEqual(
    Object.fromEntries(written.map(({ path, content }) => [path, Buffer.from(content).toString()])),
    { edited: 'Edited', new: 'N', 'made/name': 'old/name' },
  );
  assert.deepEqual(rest, { foldersMade: ['made'], filesGone: ['gone', 'old/name'], foldersGone: ['old'] });
});

test('time is counted in fuel, sleeping takes none of anybody’s, and chance follows from the seed', () => {
  const look = () => {
    const { invoke, view } = begin();
    view.setBigUint64(8 + 24, 3_600_000_000_000n, true);
    view.setUint32(8 + 16, wasi.CLOCKID_MONOTONIC, true);
    const startedMs = performance.now();
    assert.equal(invoke('poll_oneoff', 8, 200, 1, 300), 0);
    assert.ok(performance.now() - startedMs < 10_000, 'an hour of sleep is over at once');
    invoke('clock_time_get', wasi.CLOCKID_MONOTONIC, 1n, 400);
    invoke('random_get', 500, 16);
    return { time: view.getBigUint64(400, true), chance: view.getBigUint64(500, true) };
  };
  const first = look();
  assert.ok(first.time >= 3_600_000_000_000n && first.time < 3_600_000_100_000n);
  assert.deepEqual(look(), first);
});

test('calls of the system cost fuel, by the byte', () => {
  const { invoke, fuel } = begin({ fuel: 70_000 });
  assert.equal(invoke('random_get', 0, 65_536), 0);
  assert.ok(fuel.used > 65_536);
  assert.throws(() => invoke('random_get', 0, 65_536), LimitReached);
});

test('arguments beyond ASCII have the room that they need', () => {
  const { invoke, view } = begin();
  invoke('args_sizes_get', 0, 4);
  assert.deepEqual([view.getUint32(0, true), view.getUint32(4, true)], [2, 'program'.length + 1 + 3]);
});

test('input that is written while the program runs comes after what was given, as far as it is there', () => {
  const ring = new InputRing();
  const { read, taken } = begin({ ring });
  ring.push(text('and more'));
  assert.deepEqual(read(100), { ret: 0, text: 'input' });
  assert.deepEqual(read(3), { ret: 0, text: 'and' });
  assert.deepEqual(read(100, 2), { ret: 0, text: ' more' }, 'a second piece of memory is not waited for');
  ring.push(text('!'));
  ring.close();
  assert.deepEqual(read(100, 2), { ret: 0, text: '!' });
  assert.deepEqual(read(100), { ret: 0, text: '' });
  assert.deepEqual(read(100), { ret: 0, text: '' }, 'the end stays the end');
  assert.deepEqual(taken, [], 'so little is not told of before the program waits');
});

test('input goes round the ring byte by byte, is told of in large pieces, and never overruns', () => {
  const ring = new InputRing();
  const { read, taken } = begin({ ring });
  read(5);
  const pattern = Uint8Array.from({ length: 50_000 }, (_, index) => index % 251);
  for (let round = 0; round < 4; round += 1) {
    assert.ok(ring.push(pattern));
    assert.equal(ring.push(pattern), false, 'what does not fit is refused whole');
    for (let index = 0; index < pattern.length; index += 1) {
      const byte = ring.available();
      if (index % 5000 === 0) assert.equal(byte, pattern.length - index);
      assert.equal(Buffer.from(read(1).text).length > 0, true);
    }
  }
  assert.ok(taken.length <= (4 * pattern.length) / (inputRingBytes / 2));
  assert.ok(taken.reduce((sum, bytes) => sum + bytes, 0) > 4 * pattern.length - inputRingBytes / 2);
});

test('polling waits for input no longer than was asked, and tells of its end', () => {
  const ring = new InputRing();
  const { view, invoke, read, taken } = begin({ ring });
  const subscribe = (
    at: number,
    { type, word, timeoutNs }: { type: number; word: number; timeoutNs: bigint },
  ) => {
    new Uint8Array(view.buffer, at, 48).fill(0);
    view.setBigUint64(at, BigInt(at), true);
    view.setUint8(at + 8, type);
    view.setUint32(at + 16, word, true);
    view.setBigUint64(at + 24, timeoutNs, true);
  };
  const poll = (count: number) => {
    assert.equal(invoke('poll_oneoff', 2000, 3000, count, 1000), 0);
    return Array.from({ length: view.getUint32(1000, true) }, (_, index) => {
      const at = 3000 + index * 32;
      return {
        of: Number(view.getBigUint64(at, true)),
        error: view.getUint16(at + 8, true),
        bytes: Number(view.getBigUint64(at + 16, true)),
        hangup: view.getUint16(at + 24, true) === 1,
      };
    });
  };
  const clock = { type: wasi.EVENTTYPE_CLOCK, word: wasi.CLOCKID_MONOTONIC, timeoutNs: 2_000_000n };
  const input = { type: wasi.EVENTTYPE_FD_READ, word: 0, timeoutNs: 0n };
  subscribe(2000, input);
  subscribe(2048, clock);
  assert.deepEqual(poll(2), [{ of: 2000, error: 0, bytes: 5, hangup: false }]);
  read(5);
  ring.push(text('x'));
  read(1);
  assert.deepEqual(poll(2), [{ of: 2048, error: 0, bytes: 0, hangup: false }], 'the time has passed');
  assert.deepEqual(taken, [1], 'what was read is told of before it waits');
  invoke('clock_time_get', wasi.CLOCKID_MONOTONIC, 1n, 400);
  const time = view.getBigUint64(400, true);
  assert.ok(time >= 2_000_000n && time < 2_100_000n, 'its own clock moved by what it waited');
  ring.push(text('abc'));
  assert.deepEqual(poll(2), [{ of: 2000, error: 0, bytes: 3, hangup: false }]);
  ring.close();
  read(3);
  assert.deepEqual(poll(1), [{ of: 2000, error: 0, bytes: 0, hangup: true }]);
  subscribe(2000, { ...input, word: 77 });
  assert.deepEqual(poll(1), [{ of: 2000, error: wasi.ERRNO_BADF, bytes: 0, hangup: false }]);
});

test('a program that forbids waiting is told to come again', () => {
  const ring = new InputRing();
  const { read, invoke } = begin({ ring });
  assert.equal(invoke('fd_fdstat_set_flags', 0, wasi.FDFLAGS_NONBLOCK), 0);
  read(5);
  assert.equal(read(1).ret, wasi.ERRNO_AGAIN);
  ring.push(text('y'));
  assert.deepEqual(read(9), { ret: 0, text: 'y' });
  assert.equal(invoke('fd_fdstat_set_flags', 0, wasi.FDFLAGS_APPEND), wasi.ERRNO_INVAL);
});
