import type { LocalizedText } from '#base/fault.ts';
import type { LimitDriver } from '../run/contract-shapes.ts';
import type { Engine } from './engine.ts';

const wall: readonly LocalizedText[] = [
  {
    en: 'user, mount, process, network, IPC and host name namespaces of its own (bubblewrap)',
    de: 'eigene Namensräume für Benutzer, Dateisysteme, Prozesse, Netz, IPC und Hostnamen (bubblewrap)',
  },
  {
    en: 'no capabilities, no new privileges, a system call filter (seccomp)',
    de: 'keine Capabilities, keine neuen Rechte, ein Systemaufruffilter (seccomp)',
  },
  {
    en: 'only the project’s folder and a bounded /tmp can be written; the host’s files are invisible but for /usr',
    de: 'schreibbar sind nur der Projektordner und ein begrenztes /tmp; vom Host ist nur /usr sichtbar',
  },
  {
    en: 'no network unless the project was granted hosts, then through a filtering proxy',
    de: 'kein Netz, außer dem Projekt wurden Hosts freigegeben, dann über einen filternden Proxy',
  },
];

const limits: Readonly<Record<LimitDriver, LocalizedText>> = {
  cgroup2: {
    en: 'limits kept exactly by the kernel (cgroup 2)',
    de: 'Grenzen, die der Kernel genau einhält (cgroup 2)',
  },
  cgroup1: {
    en: 'limits kept exactly by the kernel (cgroup 1)',
    de: 'Grenzen, die der Kernel genau einhält (cgroup 1)',
  },
  rlimit: {
    en: 'limits watched twenty times a second: no control group can be written here',
    de: 'Grenzen, die zwanzigmal je Sekunde geprüft werden: hier ist keine Kontrollgruppe beschreibbar',
  },
};

/** What the run engine is here, in words for people. */
export function describeRunEngine(engine: Pick<Engine, 'bubblewrap' | 'driver'>) {
  const { bubblewrap, driver } = engine;
  if (bubblewrap.kind === 'missing') {
    const { reason, command } = bubblewrap;
    return {
      engine: 'run' as const,
      available: false,
      driver: null,
      programs: [],
      isolation: [],
      missing: { reason, command },
    };
  }
  return {
    engine: 'run' as const,
    available: true,
    driver: `bubblewrap ${bubblewrap.version}, ${driver.name}`,
    programs: ['command' as const, 'code' as const],
    isolation: [...wall, limits[driver.name]],
    missing: null,
  };
}

/** The fs engine needs Linux and /proc only. */
export function describeFsEngine(platform: string = process.platform) {
  const available = platform === 'linux';
  const wallOfFs: LocalizedText = {
    en: 'every path is resolved below the project’s folder, link by link; quotas per user',
    de: 'jeder Pfad wird unterhalb des Projektordners aufgelöst, Verknüpfung für Verknüpfung; Kontingente je Benutzer',
  };
  const reason: LocalizedText = {
    en: 'safe file access needs Linux with /proc',
    de: 'sicherer Dateizugriff braucht Linux mit /proc',
  };
  return {
    engine: 'fs' as const,
    available,
    driver: available ? 'openat, /proc/self/fd' : null,
    programs: [],
    isolation: available ? [wallOfFs] : [],
    missing: available ? null : { reason, command: 'docker compose up' },
  };
}
