import { constants } from 'node:os';
import {
  assemble,
  type Instruction,
  ifAnyBit,
  ifAtLeast,
  ifEqual,
  load,
  seccompData,
  verdict,
  verdicts,
} from './assembler.ts';
import { type Architecture, auditArchitecture, newestReviewedSyscall, syscallNumbers } from './syscalls.ts';

const { EPERM, ENOSYS, EAFNOSUPPORT } = constants.errno;

/**
 * Refused whatever the arguments. Most would need a capability that the sandbox lacks; they are refused here as well
 * because kernel faults of the past let them be reached from a user namespace. Reason by group:
 * namespaces and mounts (a second wall inside the wall), other processes' memory, kernel keys (not namespaced),
 * programs for the kernel (bpf, perf, io_uring bypasses this very filter, userfaultfd stretches kernel races), modules and
 * kexec, clocks, swap, quotas, accounting, file handles (reach files outside of the mounts), NUMA (tells addresses).
 */
const refused = [
  ...['unshare', 'setns', 'mount', 'umount2', 'pivot_root', 'chroot', 'open_tree', 'move_mount', 'fsopen'],
  ...['fsconfig', 'fsmount', 'fspick', 'mount_setattr', 'open_by_handle_at', 'name_to_handle_at'],
  ...['ptrace', 'process_vm_readv', 'process_vm_writev', 'kcmp', 'pidfd_getfd', 'process_madvise'],
  ...['add_key', 'request_key', 'keyctl', 'bpf', 'perf_event_open', 'userfaultfd', 'io_uring_setup'],
  ...['io_uring_enter', 'io_uring_register', 'init_module', 'finit_module', 'delete_module', 'kexec_load'],
  ...['kexec_file_load', 'reboot', 'syslog', 'settimeofday', 'clock_settime', 'adjtimex', 'clock_adjtime'],
  ...['swapon', 'swapoff', 'quotactl', 'quotactl_fd', 'acct', 'lookup_dcookie', 'vmsplice', 'move_pages'],
  ...['migrate_pages', 'mbind', 'set_mempolicy', 'set_mempolicy_home_node', 'fanotify_init', 'fanotify_mark'],
  ...[
    'sethostname',
    'setdomainname',
    'vhangup',
    'nfsservctl',
    'memfd_secret',
    'iopl',
    'ioperm',
    'modify_ldt',
  ],
  ...['uselib', '_sysctl'],
] as const;

/** Not there at all, so that callers fall back: their arguments lie in memory, where a filter cannot look. */
const absent = ['clone3', 'openat2'] as const;

/**
 * CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET (linux/sched.h). CLONE_NEWTIME shares its bit with the
 * exit signal of clone(2), so only clone3 could ask for it.
 */
const newNamespaceFlags =
  0x20000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000;

const setIdBits = 0o6000;
const createFlag = 0o100;
const temporaryFileFlag = 0o20000000;

/**
 * The system call filter of every sandbox, as `struct sock_filter[]` for bubblewrap's `--seccomp`. A foreign
 * architecture (32-bit calls included) ends the process; what is refused answers EPERM, ENOSYS or EAFNOSUPPORT.
 */
export function seccompFilter(architecture: Architecture): Buffer {
  const numbers = syscallNumbers[architecture];
  const known = (names: readonly string[]) =>
    names.flatMap((name) => {
      const number = numbers[name];
      return number === undefined ? [] : [number];
    });
  return assemble([
    load(seccompData.architecture),
    ifEqual(auditArchitecture[architecture], { whenTrue: 'native' }),
    verdict(verdicts.killProcess),
    load(seccompData.syscallNumber, 'native'),
    // x32 calls (bit 30 on x86-64) and, on any machine, numbers that no kernel had when this was written.
    ifAtLeast(0x40000000, { whenFalse: 'reviewed' }),
    verdict(verdicts.killProcess),
    ifAtLeast(newestReviewedSyscall + 1, { whenFalse: 'filter', label: 'reviewed' }),
    verdict(verdicts.errno(ENOSYS)),
    load(seccompData.syscallNumber, 'filter'),
    ...known(refused).flatMap((number) => refuse(number, EPERM)),
    ...known(absent).flatMap((number) => refuse(number, ENOSYS)),
    ...argumentRules(numbers),
    verdict(verdicts.allow),
  ]);
}

function refuse(number: number, errno: number): Instruction[] {
  const next = `after-${number}`;
  return [
    ifEqual(number, { whenFalse: next }),
    verdict(verdicts.errno(errno)),
    load(seccompData.syscallNumber, next),
  ];
}

function argumentRules(numbers: Readonly<Record<string, number>>): Instruction[] {
  const rules: Instruction[] = [];
  const on = (name: string, body: readonly Instruction[]) => {
    const number = numbers[name];
    if (number !== undefined) rules.push(...forCall(number, body));
  };
  const anyBitRefused = (argument: number, mask: number): Instruction[] => [
    load(seccompData.argument(argument)),
    ifAnyBit(mask, { whenFalse: 'allow' }),
    verdict(verdicts.errno(EPERM)),
  ];
  on('clone', anyBitRefused(0, newNamespaceFlags));
  // A set-user-ID file in the workspace belongs to the server's own account on the host.
  on('chmod', anyBitRefused(1, setIdBits));
  on('fchmod', anyBitRefused(1, setIdBits));
  on('fchmodat', anyBitRefused(2, setIdBits));
  on('fchmodat2', anyBitRefused(2, setIdBits));
  on('mknod', anyBitRefused(1, setIdBits));
  on('mknodat', anyBitRefused(2, setIdBits));
  on('creat', anyBitRefused(1, setIdBits));
  on('open', setIdOnCreation({ flags: 1, mode: 2 }));
  on('openat', setIdOnCreation({ flags: 2, mode: 3 }));
  on('ioctl', refusedTerminalCalls());
  on('socket', socketFamilies());
  on('personality', personalities());
  return rules;
}

/** The mode of open(2) means something only when the flags ask for a new file; else it may be left-over bits. */
function setIdOnCreation(at: { flags: number; mode: number }): Instruction[] {
  return [
    load(seccompData.argument(at.flags)),
    ifAnyBit(createFlag | temporaryFileFlag, { whenFalse: 'allow' }),
    load(seccompData.argument(at.mode)),
    ifAnyBit(setIdBits, { whenFalse: 'allow' }),
    verdict(verdicts.errno(EPERM)),
  ];
}

/** TIOCSTI types into the terminal as if a person did; TIOCLINUX pastes (CVE-2017-5226, CVE-2023-28100). */
function refusedTerminalCalls(): Instruction[] {
  return [
    load(seccompData.argument(1)),
    ifEqual(0x5412, { whenTrue: 'refuse' }),
    ifEqual(0x541c, { whenFalse: 'allow' }),
    verdict(verdicts.errno(EPERM), 'refuse'),
  ];
}

/**
 * Unix, IPv4, IPv6 and the routing kind of netlink. Others, such as AF_VSOCK, which reaches the hypervisor past any network
 * namespace, or AF_ALG, do not exist here.
 */
function socketFamilies(): Instruction[] {
  return [
    load(seccompData.argument(0)),
    ifEqual(1, { whenTrue: 'allow' }),
    ifEqual(2, { whenTrue: 'allow' }),
    ifEqual(10, { whenTrue: 'allow' }),
    ifEqual(16, { whenFalse: 'refuse' }),
    load(seccompData.argument(2)),
    ifEqual(0, { whenTrue: 'allow' }),
    verdict(verdicts.errno(EAFNOSUPPORT), 'refuse'),
  ];
}

/** The ordinary ones and the question which is set; not those that switch off address randomisation. */
function personalities(): Instruction[] {
  return [
    load(seccompData.argument(0)),
    ...[0, 0x8, 0x20000, 0x20008, 0xffffffff].map((value) => ifEqual(value, { whenTrue: 'allow' })),
    verdict(verdicts.errno(EPERM)),
  ];
}

/** Puts a body behind the test for one call. In the body `allow` stands for the end of the rule, `refuse` for its own label. */
function forCall(number: number, body: readonly Instruction[]): Instruction[] {
  const local = (label: string | undefined) => (label === undefined ? undefined : `${label}-${number}`);
  const next = `next-${number}`;
  return [
    ifEqual(number, { whenFalse: next }),
    ...body.map((instruction) => {
      const { code, k } = instruction;
      const whenTrue = local(instruction.whenTrue);
      const whenFalse = local(instruction.whenFalse);
      const label = local(instruction.label);
      return {
        code,
        k,
        ...(whenTrue === undefined ? {} : { whenTrue }),
        ...(whenFalse === undefined ? {} : { whenFalse }),
        ...(label === undefined ? {} : { label }),
      };
    }),
    verdict(verdicts.allow, `allow-${number}`),
    load(seccompData.syscallNumber, next),
  ];
}
