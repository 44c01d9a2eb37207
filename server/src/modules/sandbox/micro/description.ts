import type { LocalizedText } from '#base/fault.ts';
import type { EngineDescription } from '../contract-engines.ts';
import type { Image } from './images/layout.ts';
import type { Accelerator } from './machine/arguments.ts';
import type { QemuProbe } from './probe.ts';

/** The command that builds the usual image. */
export const buildCommand = 'npx cds images build';

const wall: readonly LocalizedText[] = [
  {
    en: 'a virtual machine with its own kernel, memory and disk for each user’s program; no network device',
    de: 'eine virtuelle Maschine mit eigenem Kernel, Speicher und Datenträger; ohne Netzwerkgerät',
  },
  {
    en: 'QEMU itself runs without rights in namespaces of its own, behind its system call filter',
    de: 'QEMU selbst läuft ohne Rechte in eigenen Namensräumen, hinter seinem Systemaufruffilter',
  },
  {
    en: 'every machine is a fresh copy: what one writes no other sees; randomness and clock are its own',
    de: 'jede Maschine ist eine frische Kopie: was eine schreibt, sieht keine andere; Zufall und Uhr sind ihre eigenen',
  },
];

const translated: LocalizedText = {
  en: 'without KVM: the processor is emulated, so arithmetic takes 17 to 25 times as long',
  de: 'ohne KVM: der Prozessor wird nachgebildet, Rechnen dauert 17- bis 25-mal so lange',
};

/** What machines need here and lack; null when nothing lacks. */
export function whatMicroLacks(
  probe: QemuProbe,
  images: readonly Image[],
): { readonly reason: LocalizedText; readonly command: string | null } | null {
  if (probe.kind === 'missing') return { reason: probe.reason, command: probe.command };
  if (images.length > 0) return null;
  const reason = { en: 'no guest image has been built yet', de: 'es wurde noch kein Gast-Abbild gebaut' };
  return { reason, command: buildCommand };
}

/** The name of the driver: what guests boot by, or will be tried first. */
export function driverName(probe: QemuProbe, proven: Accelerator | null): 'qemu-tcg' | 'qemu-kvm' | null {
  if (probe.kind === 'missing') return null;
  return (proven ?? probe.accelerators[0]) === 'kvm' ? 'qemu-kvm' : 'qemu-tcg';
}

/** What the micro engine is here, in words for people. */
export function describeMicroEngine(found: {
  readonly probe: QemuProbe;
  readonly images: readonly Image[];
  readonly proven: Accelerator | null;
}): EngineDescription {
  const { probe, images, proven } = found;
  const missing = whatMicroLacks(probe, images);
  if (missing !== null || probe.kind === 'missing') {
    return { engine: 'micro', available: false, driver: null, programs: [], isolation: [], missing };
  }
  const name = driverName(probe, proven);
  return {
    engine: 'micro',
    available: true,
    driver: `QEMU ${probe.version}, ${name === 'qemu-kvm' ? 'KVM' : 'TCG'}`,
    programs: ['code', 'command'],
    isolation: name === 'qemu-kvm' ? [...wall] : [...wall, translated],
    missing: null,
  };
}
