import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fault, type LocalizedText } from '#base/fault.ts';
import { namesOfTheDead, ownName } from '../limits/control-files.ts';
import type { LimitDriver } from '../limits/group.ts';
import { probeLimitDriver } from '../limits/probe.ts';
import { seccompFilter } from '../seccomp/policy.ts';
import type { Architecture } from '../seccomp/syscalls.ts';
import { prepareHostView } from './host-view.ts';
import { inheritedDescriptors, shieldDescriptors } from './inherited.ts';
import type { Installation } from './launcher.ts';
import { createPipePool } from './pipes.ts';
import { type BubblewrapProbe, probeBubblewrap } from './probe.ts';
import type { EngineParts } from './sandbox-process.ts';
import { typescriptFolder } from './typescript-folder.ts';

export interface EngineOptions {
  /** The module's own folder. */
  readonly folder: string;
  readonly bubblewrap?: string | undefined;
  readonly limitDriver: 'auto' | 'cgroup2' | 'cgroup1' | 'rlimit';
  readonly delegatedGroup?: string | undefined;
  readonly totalMemoryBytes: number;
}

/** The engine behind run.*: what was found on this machine, and the means to start programs if it works. */
export interface Engine extends AsyncDisposable {
  readonly bubblewrap: BubblewrapProbe;
  readonly driver: LimitDriver;
  /** Why better limit drivers do not work here. */
  readonly driverRefusals: readonly { readonly driver: string; readonly reason: string }[];
  /** Folder of this process for sockets and argument files. */
  readonly runFolder: string;
  /** @throws sandbox.unavailable with the command that helps */
  readonly parts: (language: keyof LocalizedText) => EngineParts;
  /** Ends and removes what earlier processes of this installation left behind. */
  readonly recover: () => Promise<void>;
}

/** Probes the machine and prepares what all sandboxes share: the own /etc, the filter, the pipes. */
export async function createEngine(options: EngineOptions): Promise<Engine> {
  const runsFolder = path.join(options.folder, 'runs');
  const runFolder = path.join(runsFolder, ownName());
  await mkdir(runFolder, { recursive: true, mode: 0o700 });
  const [bubblewrap, probed] = await Promise.all([
    probeBubblewrap({ binary: options.bubblewrap }),
    probeLimitDriver({
      dataDir: options.folder,
      totalMemoryBytes: options.totalMemoryBytes,
      wanted: options.limitDriver,
      delegatedGroup: options.delegatedGroup,
    }),
  ]);
  const pipes = createPipePool(runFolder);
  const shield = shieldDescriptors(inheritedDescriptors());
  const found = supported(bubblewrap);
  const installation =
    found.kind === 'works' ? await prepare(found.bubblewrap, { runFolder, folder: options.folder }) : null;
  const parts: EngineParts | null =
    installation === null
      ? null
      : { installation, driver: probed.driver, pipes, shield, elapsed: () => performance.now() };

  return {
    bubblewrap: found,
    driver: probed.driver,
    driverRefusals: probed.refusals,
    runFolder,
    parts(language) {
      if (parts !== null) return parts;
      const reason = found.kind === 'missing' ? found.reason[language] : '';
      const command = found.kind === 'missing' ? found.command : null;
      throw fault('sandbox.unavailable', { reason, command }, command === null ? {} : { hint: command });
    },
    async recover() {
      await probed.driver.recover();
      for (const dead of namesOfTheDead(runsFolder)) {
        await rm(path.join(runsFolder, dead), { recursive: true, force: true });
      }
    },
    async [Symbol.asyncDispose]() {
      pipes.dispose();
      shield[Symbol.dispose]();
      await probed.driver.dispose();
      await rm(runFolder, { recursive: true, force: true });
    },
  };
}

const unknownArchitecture: BubblewrapProbe = {
  kind: 'missing',
  reason: {
    en: `no system call filter exists for the processor architecture ${process.arch}`,
    de: `für die Prozessorarchitektur ${process.arch} gibt es keinen Systemaufruffilter`,
  },
  command: null,
};

function supported(probe: BubblewrapProbe): BubblewrapProbe {
  return probe.kind === 'works' && architecture() === null ? unknownArchitecture : probe;
}

function architecture(): Architecture | null {
  return process.arch === 'x64' || process.arch === 'arm64' ? process.arch : null;
}

async function prepare(
  bubblewrap: string,
  { runFolder, folder }: { runFolder: string; folder: string },
): Promise<Installation | null> {
  const kind = architecture();
  if (kind === null) return null;
  const filterFile = path.join(runFolder, 'filter.bpf');
  await writeFile(filterFile, seccompFilter(kind), { mode: 0o600 });
  const view = prepareHostView({ folder, nodeBinary: process.execPath, typescript: typescriptFolder() });
  return { bubblewrap, view, filterFile, runFolder };
}
