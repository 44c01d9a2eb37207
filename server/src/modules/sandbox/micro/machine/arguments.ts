import { readFileSync } from 'node:fs';

/** Memory that the guest's kernel, agent and waiting Node need beside programs; with less it thrashes before a limit holds. */
const guestOverheadMb = 112;

/** What programs in a machine of this size may use together. */
export function programMemoryBytes(memoryMb: number): number {
  return (memoryMb - guestOverheadMb) * 1024 * 1024;
}

/** Size of the machine in which programs may use so much, in MiB. */
export function machineMemoryMb(programBytes: number): number {
  return Math.ceil(programBytes / 1024 ** 2) + guestOverheadMb;
}

/** How the guest's instructions run: translated by QEMU, or by the processor itself. */
export type Accelerator = 'tcg' | 'kvm';

/** Descriptors that QEMU is started with, by number; it opens no file of its own accord. */
export const descriptors = {
  monitor: 3,
  agent: 4,
  console: 5,
  memory: 6,
  state: 7,
  disk: 8,
  kernel: 9,
  initialDisk: 10,
} as const;

/** Where a machine's memory comes from. */
export type MemoryKind =
  /** The descriptor's file, written through: a template that is being made. */
  | 'shared'
  /** The descriptor's file, read only; what the guest writes is a copy of its own. */
  | 'copied'
  /** Fresh memory, filled from a whole state. */
  | 'fresh';

export interface MachineShape {
  readonly accelerator: Accelerator;
  readonly memoryMb: number;
  readonly memory: MemoryKind;
  /** Wait for a state instead of booting. */
  readonly incoming: boolean;
  /** Speed of the processor's time stamp counter, as measured when the template was made. */
  readonly kilohertz: number;
}

/**
 * Without the wide registers: QEMU 7.2 forgets on restoring that they are enabled, and the first program that uses them is
 * ended by a fault (seen with glibc's memmove). Translated, they are no faster than others. Without page tables of five
 * levels, and without a fence between a guest's kernel and its programs' memory, each of which costs at every access.
 */
const without = ['xsave', 'avx', 'avx2', 'f16c', 'fma', 'vaes', 'vpclmulqdq', 'la57', 'smap'];
const translatedProcessor = `max,${without.map((name) => `${name}=off`).join(',')}`;

/**
 * The command line of a machine: QEMU's microvm (no PCI, no firmware to speak of), one processor, memory, a read-only
 * disk, one port for the agent, a console. No network device exists. A template and its copies must have the same one
 * but for where memory comes from, or the state does not fit.
 */
export function machineArguments(shape: MachineShape): string[] {
  const memory = `/proc/self/fd/${descriptors.memory}`;
  const size = `size=${shape.memoryMb}M`;
  const backend =
    shape.memory === 'fresh'
      ? `memory-backend-ram,id=m,${size}`
      : `memory-backend-file,id=m,${size},mem-path=${memory},share=${shape.memory === 'shared' ? 'on' : 'off'}`;
  return [
    ...['-M', 'microvm,memory-backend=m', '-object', backend],
    ...(shape.accelerator === 'kvm'
      ? ['-accel', 'kvm', '-cpu', 'host']
      : ['-accel', 'tcg,thread=single,tb-size=64', '-cpu', translatedProcessor]),
    ...['-m', String(shape.memoryMb), '-smp', '1'],
    ...['-nodefaults', '-no-user-config', '-nographic', '-no-reboot'],
    // Long past: every copy sees the clock jump by more than an hour, which makes OpenSSL draw new randomness.
    ...['-rtc', 'base=2020-01-01T00:00:00'],
    ...['-chardev', `socket,id=monitor,fd=${descriptors.monitor}`, '-mon', 'chardev=monitor,mode=control'],
    ...['-chardev', `socket,id=console,fd=${descriptors.console}`, '-serial', 'chardev:console'],
    ...['-chardev', `socket,id=agent,fd=${descriptors.agent}`],
    ...['-device', 'virtio-serial-device,max_ports=2', '-device', 'virtserialport,chardev=agent,name=agent'],
    ...['-add-fd', `fd=${descriptors.disk},set=1`],
    ...['-blockdev', 'driver=file,node-name=disk,filename=/dev/fdset/1,read-only=on,locking=off'],
    ...['-device', 'virtio-blk-device,drive=disk'],
    ...[
      '-kernel',
      `/proc/self/fd/${descriptors.kernel}`,
      '-initrd',
      `/proc/self/fd/${descriptors.initialDisk}`,
    ],
    ...['-append', kernelCommandLine(shape)],
    ...['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'],
    ...(shape.incoming ? ['-incoming', 'defer'] : []),
  ];
}

/**
 * Without `tsc_early_khz` the kernel measures its clock against a timer, which under load never comes out even, and the
 * boot hangs at times. A kernel that panics ends the machine at once (`-no-reboot`).
 */
function kernelCommandLine({ kilohertz, memoryMb }: MachineShape): string {
  return [
    'console=ttyS0 quiet panic=-1 oops=panic mitigations=off',
    `tsc_early_khz=${kilohertz} tsc=reliable no_timer_check`,
    `cds.programs=${programMemoryBytes(memoryMb)}`,
    // What a machine for one person's programs has no use for. Huge pages would be copied whole for the first byte.
    'psi=0 nowatchdog noautogroup selinux=0 init_on_alloc=0 transparent_hugepage=never',
    'random.trust_cpu=off audit=0 apparmor=0 ima_appraise=off cgroup_no_v1=all',
  ].join(' ');
}

/** Speed of this machine's processor. */
export function processorKilohertz(): number {
  const megahertz = /^cpu MHz\s*:\s*([\d.]+)/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1];
  return Math.round(Number(megahertz ?? 2000) * 1000);
}
