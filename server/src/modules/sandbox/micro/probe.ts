import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { promisify } from 'node:util';
import type { LocalizedText } from '#base/fault.ts';
import type { BubblewrapProbe } from '../engine/probe.ts';
import { findProgram, installCommand } from '../engine/probe.ts';
import type { Accelerator } from './machine/arguments.ts';
import type { Confinement } from './machine/confinement.ts';

/** What was found of QEMU here. Whether it runs guests is known when the first has booted. */
export type QemuProbe =
  | {
      readonly kind: 'found';
      readonly confinement: Confinement;
      readonly version: string;
      /** To be tried in this order: a /dev/kvm that opens proves nothing. */
      readonly accelerators: readonly Accelerator[];
    }
  | { readonly kind: 'missing'; readonly reason: LocalizedText; readonly command: string | null };

const run = promisify(execFile);

/** Looks for what machines need: QEMU, Perl, and bubblewrap to confine them. */
export async function probeQemu(options: {
  readonly binary?: string | undefined;
  readonly bubblewrap: BubblewrapProbe;
}): Promise<QemuProbe> {
  const { bubblewrap } = options;
  if (bubblewrap.kind === 'missing') return bubblewrap;
  if (process.arch !== 'x64') {
    const reason = {
      en: `guests exist for x86-64 only, this is ${process.arch}`,
      de: `Gäste gibt es nur für x86-64, dies ist ${process.arch}`,
    };
    return { kind: 'missing', reason, command: null };
  }
  const qemu = options.binary ?? findProgram('qemu-system-x86_64');
  if (qemu === null || !existsSync(qemu)) return missing();
  if (!existsSync('/usr/bin/perl')) {
    const reason = { en: 'Perl is not installed', de: 'Perl ist nicht installiert' };
    return { kind: 'missing', reason, command: installCommand('perl') };
  }
  const version = await run(qemu, ['--version'], { timeout: 10_000 }).catch(() => null);
  const number = version === null ? null : /version (\S+)/.exec(version.stdout)?.[1];
  if (number === null || number === undefined) return missing();
  const confinement = { bubblewrap: bubblewrap.bubblewrap, qemu, setpriv: findProgram('setpriv') };
  return { kind: 'found', confinement, version: number, accelerators: await accelerators(qemu) };
}

/**
 * KVM only where QEMU can make a machine by it: inside of many virtual machines /dev/kvm opens, and QEMU is ended by
 * its own assertion. Even then only a guest that has booted proves that it runs guests, so emulation stays the next choice.
 */
async function accelerators(qemu: string): Promise<Accelerator[]> {
  try {
    accessSync('/dev/kvm', constants.R_OK | constants.W_OK);
    const machine = ['-accel', 'kvm', '-cpu', 'host', '-M', 'microvm', '-m', '32', '-S'];
    const rest = ['-nodefaults', '-no-user-config', '-display', 'none', '-qmp', 'stdio'];
    const trial = run(qemu, [...machine, ...rest], { timeout: 10_000 });
    trial.child.stdin?.on('error', () => undefined);
    trial.child.stdin?.end('{"execute":"qmp_capabilities"}{"execute":"quit"}\n');
    await trial;
    return ['kvm', 'tcg'];
  } catch {
    return ['tcg'];
  }
}

function missing(): QemuProbe {
  return {
    kind: 'missing',
    reason: { en: 'QEMU is not installed', de: 'QEMU ist nicht installiert' },
    command: installCommand('qemu-system-x86'),
  };
}
