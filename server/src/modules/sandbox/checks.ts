import { execFile } from 'node:child_process';
import { statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { totalmem } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { z } from 'zod';
import type { LocalizedText } from '#base/fault.ts';
import { findPostgres } from '#kernel/database/binaries.ts';
import type { Check } from './contract-engines.ts';
import type { BubblewrapProbe } from './engine/probe.ts';
import { findProgram, installCommand } from './engine/probe.ts';
import { limitAdvice } from './limits/advice.ts';
import { whatMicroLacks } from './micro/description.ts';
import { imagesFolder, listImages } from './micro/images/layout.ts';
import { probeQemu } from './micro/probe.ts';
import type { LimitDriver } from './run/contract-shapes.ts';

export type ServerCheck = z.infer<typeof Check>;

/** What the examination starts from: found out by whoever calls, as it costs a second or is running already. */
export interface Examined {
  readonly bubblewrap: BubblewrapProbe;
  readonly driver: LimitDriver;
  readonly driverRefusals: readonly { readonly driver: string; readonly reason: string }[];
  /** An existing folder on the file system where the platform's data lies, or will lie. */
  readonly dataDir: string;
  /** Path of QEMU, when the settings name it. */
  readonly qemu?: string | undefined;
  /** True when DATABASE_URL names a server. */
  readonly databaseServer: boolean;
  /** Ports that must be free to start; empty when the platform runs. */
  readonly ports: readonly number[];
}

const gigabyte = 1024 ** 3;
const run = promisify(execFile);

/** Looks at everything the platform needs or can use on this machine. Each finding stands with the command that helps. */
export async function examineServer(examined: Examined): Promise<ServerCheck[]> {
  return [
    nodeCheck(),
    databaseCheck(examined.databaseServer),
    await gitCheck(),
    bubblewrapCheck(examined.bubblewrap),
    ...(examined.bubblewrap.kind === 'works' ? [limitsCheck(examined), seccompCheck(), accountCheck()] : []),
    memoryCheck(),
    await diskCheck(examined.dataDir),
    ...(await Promise.all(examined.ports.map(portCheck))),
    wasmCheck(examined.bubblewrap),
    await microCheck(examined),
  ];
}

/** True when the platform can start and run programs: warnings and parts that it can do without do not count. */
export function isSound(checks: readonly ServerCheck[]): boolean {
  return checks.every(({ state, name }) => state !== 'missing' || optionalParts.has(name));
}

/** Without them the platform works; it only offers less. */
const optionalParts = new Set(['micro']);

function both(text: string): LocalizedText {
  return { en: text, de: text };
}

function nodeCheck(): ServerCheck {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const fits = major > 24 || (major === 24 && minor >= 12);
  return {
    name: 'node',
    title: both('Node.js'),
    state: fits ? 'ok' : 'missing',
    detail: fits
      ? both(process.version)
      : { en: `${process.version}, 24.12 is needed`, de: `${process.version}, nötig ist 24.12` },
    command: fits ? null : 'npm start',
  };
}

function databaseCheck(server: boolean): ServerCheck {
  const title = { en: 'Database', de: 'Datenbank' };
  if (server) {
    const detail = { en: 'a PostgreSQL server (DATABASE_URL)', de: 'ein PostgreSQL-Server (DATABASE_URL)' };
    return { name: 'database', title, state: 'ok', detail, command: null };
  }
  try {
    findPostgres();
    const detail = { en: 'PostgreSQL, embedded', de: 'PostgreSQL, eingebettet' };
    return { name: 'database', title, state: 'ok', detail, command: null };
  } catch {
    const detail = {
      en: 'the embedded PostgreSQL is not installed for this platform',
      de: 'das eingebettete PostgreSQL ist für diese Plattform nicht installiert',
    };
    return { name: 'database', title, state: 'missing', detail, command: 'npm install --include=optional' };
  }
}

async function gitCheck(): Promise<ServerCheck> {
  const program = findProgram('git');
  const version = program === null ? null : await run(program, ['--version']).catch(() => null);
  const number = version === null ? null : /(\d+\.\d+[.\d]*)/.exec(version.stdout)?.[1];
  if (number === null || number === undefined) {
    const detail = { en: 'git is not installed', de: 'git ist nicht installiert' };
    return { name: 'git', title: both('git'), state: 'missing', detail, command: installCommand('git') };
  }
  return { name: 'git', title: both('git'), state: 'ok', detail: both(number), command: null };
}

function bubblewrapCheck(probe: BubblewrapProbe): ServerCheck {
  const title = { en: 'Sandbox for programs', de: 'Sandbox für Programme' };
  if (probe.kind === 'missing') {
    return { name: 'bubblewrap', title, state: 'missing', detail: probe.reason, command: probe.command };
  }
  const detail = {
    en: `bubblewrap ${probe.version}, a trial sandbox has run`,
    de: `bubblewrap ${probe.version}, eine Probe-Sandbox ist gelaufen`,
  };
  return { name: 'bubblewrap', title, state: 'ok', detail, command: null };
}

function limitsCheck({ driver, driverRefusals }: Examined): ServerCheck {
  const title = { en: 'Limits on programs', de: 'Grenzen für Programme' };
  if (driver !== 'rlimit') {
    const version = driver === 'cgroup2' ? '2' : '1';
    const detail = {
      en: `exact, by control groups version ${version}`,
      de: `genau, durch Kontrollgruppen Version ${version}`,
    };
    return { name: 'limits', title, state: 'ok', detail, command: null };
  }
  const { detail, command } = limitAdvice(driverRefusals);
  return { name: 'limits', title, state: 'warning', detail, command };
}

function seccompCheck(): ServerCheck {
  return {
    name: 'seccomp',
    title: { en: 'System call filter', de: 'Systemaufruffilter' },
    state: 'ok',
    detail: { en: `seccomp, made for ${process.arch}`, de: `seccomp, erstellt für ${process.arch}` },
    command: null,
  };
}

/** In a sandbox of root's, the program is root to the file system should it ever see more of it than it should. */
function accountCheck(): ServerCheck {
  const title = { en: 'Account', de: 'Konto' };
  if (process.getuid?.() !== 0) {
    const detail = { en: 'an ordinary account', de: 'ein gewöhnliches Konto' };
    return { name: 'account', title, state: 'ok', detail, command: null };
  }
  const detail = {
    en: 'runs as root; as an ordinary account an escape from the sandbox would gain less',
    de: 'läuft als root; als gewöhnliches Konto wäre ein Ausbruch aus der Sandbox weniger wert',
  };
  return {
    name: 'account',
    title,
    state: 'warning',
    detail,
    command: 'adduser --system --group cyberdevstudio',
  };
}

function memoryCheck(): ServerCheck {
  const bytes = totalmem();
  const amount = (bytes / gigabyte).toFixed(1);
  const enough = bytes >= 1.8 * gigabyte;
  return {
    name: 'memory',
    title: { en: 'Memory', de: 'Speicher' },
    state: enough ? 'ok' : 'warning',
    detail: enough
      ? { en: `${amount} GB`, de: `${amount.replace('.', ',')} GB` }
      : {
          en: `${amount} GB; 2 GB are recommended, 8 GB with local models`,
          de: `${amount.replace('.', ',')} GB; empfohlen sind 2 GB, mit lokalen Modellen 8 GB`,
        },
    command: null,
  };
}

async function diskCheck(dataDir: string): Promise<ServerCheck> {
  const stats = await statfs(dataDir);
  const amount = ((stats.bavail * stats.bsize) / gigabyte).toFixed(1);
  const enough = stats.bavail * stats.bsize >= 2 * gigabyte;
  return {
    name: 'disk',
    title: { en: 'Disk', de: 'Datenträger' },
    state: enough ? 'ok' : 'warning',
    detail: {
      en: enough ? `${amount} GB free` : `only ${amount} GB free; 2 GB are needed for ordinary work`,
      de: enough
        ? `${amount.replace('.', ',')} GB frei`
        : `nur ${amount.replace('.', ',')} GB frei; für gewöhnliche Arbeit sind 2 GB nötig`,
    },
    command: null,
  };
}

async function portCheck(port: number): Promise<ServerCheck> {
  const free = await new Promise<boolean>((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
  return {
    name: `port${port}`,
    title: { en: `Port ${port}`, de: `Port ${port}` },
    state: free ? 'ok' : 'warning',
    detail: free
      ? { en: 'free', de: 'frei' }
      : {
          en: 'taken, by the platform itself or by another program',
          de: 'belegt, von der Plattform selbst oder von einem anderen Programm',
        },
    command: free ? null : `CDS_PORT=${port + 1} npm start`,
  };
}

async function microCheck({ bubblewrap, dataDir, qemu }: Examined): Promise<ServerCheck> {
  const title = { en: 'Micro virtual machines', de: 'Mikro-VMs' };
  const probe = await probeQemu({ binary: qemu, bubblewrap });
  // The folder is the module's own when it exists already.
  const folder = path.basename(dataDir) === 'sandbox' ? path.dirname(dataDir) : dataDir;
  const lacks = whatMicroLacks(probe, await listImages(imagesFolder(folder)));
  if (lacks !== null || probe.kind === 'missing') {
    const { reason, command } = lacks ?? { reason: both(''), command: null };
    return { name: 'micro', title, state: 'missing', detail: reason, command };
  }
  const kvm = probe.accelerators.includes('kvm');
  const detail = kvm
    ? {
        en: `QEMU ${probe.version}; KVM is tried first, the first start tells whether it runs guests`,
        de: `QEMU ${probe.version}; KVM wird zuerst versucht, der erste Start zeigt, ob es Gäste ausführt`,
      }
    : {
        en: `QEMU ${probe.version} without KVM: works, arithmetic takes 17 to 25 times as long`,
        de: `QEMU ${probe.version} ohne KVM: geht, Rechnen dauert 17- bis 25-mal so lange`,
      };
  return { name: 'micro', title, state: 'ok', detail, command: null };
}

/** WebAssembly needs nothing but Node; what stands around it is the question. */
function wasmCheck(probe: BubblewrapProbe): ServerCheck {
  const title = { en: 'WebAssembly sandbox', de: 'WebAssembly-Sandbox' };
  if (probe.kind === 'works') {
    const detail = {
      en: `V8 ${process.versions.v8} with fuel, behind bubblewrap`,
      de: `V8 ${process.versions.v8} mit Treibstoff, hinter bubblewrap`,
    };
    return { name: 'wasm', title, state: 'ok', detail, command: null };
  }
  const detail = {
    en: 'works, but an escape from V8 would not be held: bubblewrap does not work here',
    de: 'geht, aber ein Ausbruch aus V8 würde nicht gehalten: bubblewrap geht hier nicht',
  };
  return { name: 'wasm', title, state: 'warning', detail, command: probe.command };
}
