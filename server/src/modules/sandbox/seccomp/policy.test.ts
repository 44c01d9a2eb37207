import assert from 'node:assert/strict';
import test from 'node:test';
import { assemble, ifEqual, load, verdict } from './assembler.ts';
import { seccompFilter } from './policy.ts';
import { type Architecture, auditArchitecture, syscallNumbers } from './syscalls.ts';

const allow = 0x7fff0000;
const kill = 0x80000000;
const errno = (number: number) => 0x00050000 | number;
const EPERM = 1;
const ENOSYS = 38;
const EAFNOSUPPORT = 97;

interface SystemCall {
  readonly architecture?: number;
  readonly number: number;
  readonly args?: readonly number[];
}

/** Runs a classic BPF program on one call, as the kernel would (net/core/filter.c, the operations used here). */
function judge(program: Buffer, call: SystemCall & { architecture: number }): number {
  const data = Buffer.alloc(64);
  data.writeUInt32LE(call.number >>> 0, 0);
  data.writeUInt32LE(call.architecture >>> 0, 4);
  for (const [index, value] of (call.args ?? []).entries()) data.writeUInt32LE(value >>> 0, 16 + 8 * index);
  let accumulator = 0;
  for (let at = 0; at < program.length / 8; at += 1) {
    const code = program.readUInt16LE(at * 8);
    const [whenTrue, whenFalse] = [program.readUInt8(at * 8 + 2), program.readUInt8(at * 8 + 3)];
    const k = program.readUInt32LE(at * 8 + 4);
    if (code === 0x20) accumulator = data.readUInt32LE(k);
    else if (code === 0x06) return k;
    else if (code === 0x15) at += accumulator === k ? whenTrue : whenFalse;
    else if (code === 0x35) at += accumulator >= k ? whenTrue : whenFalse;
    else if (code === 0x45) at += (accumulator & k) !== 0 ? whenTrue : whenFalse;
    else throw new Error(`instruction ${code.toString(16)}`);
  }
  throw new Error('the program ran past its end');
}

for (const architecture of ['x64', 'arm64'] satisfies Architecture[]) {
  const program = seccompFilter(architecture);
  const numbers = syscallNumbers[architecture];
  const verdictOf = (name: string, args: readonly number[] = []) =>
    judge(program, { architecture: auditArchitecture[architecture], number: numbers[name] ?? -1, args });

  test(`${architecture}: refuses what reaches around the wall`, () => {
    for (const name of [
      'unshare',
      'setns',
      'mount',
      'ptrace',
      'keyctl',
      'bpf',
      'perf_event_open',
      'userfaultfd',
    ]) {
      assert.equal(verdictOf(name), errno(EPERM), name);
    }
    for (const name of ['io_uring_setup', 'open_by_handle_at', 'kexec_load', 'syslog', 'move_mount']) {
      assert.equal(verdictOf(name), errno(EPERM), name);
    }
  });

  test(`${architecture}: allows ordinary calls`, () => {
    const ordinary =
      architecture === 'x64' ? [0, 1, 9, 39, 59, 60, 202, 231, 318, 334] : [56, 63, 64, 93, 172, 221, 222];
    for (const number of ordinary) {
      const call = { architecture: auditArchitecture[architecture], number, args: [0, 0, 0, 0] };
      assert.equal(judge(program, call), allow, String(number));
    }
  });

  test(`${architecture}: lets threads and children be made, but no namespaces`, () => {
    assert.equal(verdictOf('clone', [0x3d0f00]), allow);
    assert.equal(verdictOf('clone', [0x11]), allow);
    assert.equal(verdictOf('clone', [0x10000011]), errno(EPERM));
    assert.equal(verdictOf('clone', [0x40000011]), errno(EPERM));
    assert.equal(verdictOf('clone3'), errno(ENOSYS));
  });

  test(`${architecture}: refuses typing into a terminal by ioctl, whatever the upper half of the argument`, () => {
    assert.equal(verdictOf('ioctl', [0, 0x5412]), errno(EPERM));
    assert.equal(verdictOf('ioctl', [0, 0x541c]), errno(EPERM));
    assert.equal(verdictOf('ioctl', [0, 0x5413]), allow);
  });

  test(`${architecture}: knows only Unix, IP and routing sockets`, () => {
    for (const family of [1, 2, 10, 16]) assert.equal(verdictOf('socket', [family, 1, 0]), allow);
    for (const family of [17, 38, 40, 31, 44]) {
      assert.equal(verdictOf('socket', [family, 1, 0]), errno(EAFNOSUPPORT), String(family));
    }
    assert.equal(verdictOf('socket', [16, 3, 9]), errno(EAFNOSUPPORT), 'the audit kind of netlink');
  });

  test(`${architecture}: makes no set-user-ID file by any call`, () => {
    assert.equal(verdictOf('fchmod', [3, 0o4755]), errno(EPERM));
    assert.equal(verdictOf('fchmodat', [3, 0, 0o2755]), errno(EPERM));
    assert.equal(verdictOf('fchmodat', [3, 0, 0o755]), allow);
    assert.equal(verdictOf('fchmodat2', [3, 0, 0o6755]), errno(EPERM));
    assert.equal(verdictOf('openat', [3, 0, 0o101, 0o4755]), errno(EPERM));
    assert.equal(verdictOf('openat', [3, 0, 0o101, 0o644]), allow);
    assert.equal(verdictOf('openat', [3, 0, 0, 0o4755]), allow, 'no file is made');
    assert.equal(verdictOf('openat2'), errno(ENOSYS));
  });

  test(`${architecture}: ends a process that calls in another architecture's way`, () => {
    const foreign = architecture === 'x64' ? auditArchitecture.arm64 : auditArchitecture.x64;
    assert.equal(judge(program, { architecture: foreign, number: 1 }), kill);
    assert.equal(judge(program, { architecture: 0x40000003, number: 1 }), kill);
    assert.equal(
      judge(program, { architecture: auditArchitecture[architecture], number: 0x40000001 }),
      kill,
      'x32',
    );
  });

  test(`${architecture}: does not know calls that are newer than the review`, () => {
    const call = { architecture: auditArchitecture[architecture], number: 467 };
    assert.equal(judge(program, call), errno(ENOSYS));
  });
}

test('the assembler refuses jumps to nowhere, backwards and too far', () => {
  assert.throws(() => assemble([ifEqual(1, { whenTrue: 'nowhere' }), verdict(0)]), /unknown/);
  assert.throws(() => assemble([load(0, 'back'), ifEqual(1, { whenTrue: 'back' })]), /reach/);
  const far = Array.from({ length: 300 }, () => load(0));
  assert.throws(() => assemble([ifEqual(1, { whenTrue: 'end' }), ...far, verdict(0, 'end')]), /reach/);
});
