import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type LimitGroup, shellQuote } from '../limits/group.ts';
import type { Limits } from '../run/contract-shapes.ts';
import { bubblewrapArguments, type SandboxShape } from './arguments.ts';
import type { HostView } from './host-view.ts';

/** What every launch needs, found at start. */
export interface Installation {
  /** Absolute path of the bwrap program. */
  readonly bubblewrap: string;
  readonly view: HostView;
  /** File with the assembled system call filter. */
  readonly filterFile: string;
  /** Folder for the argument files of running sandboxes, readable by the server only. */
  readonly runFolder: string;
}

export interface Launch extends Omit<ConfinedLaunch, 'options'> {
  readonly shape: SandboxShape;
}

/** A program behind a wall that the caller describes by bubblewrap's own options. */
export interface ConfinedLaunch {
  readonly runId: string;
  readonly command: readonly string[];
  readonly options: readonly string[];
  readonly limits: Limits;
  readonly group: LimitGroup;
  /** Report to descriptor 3 when the program was really started (bubblewrap's `--json-status-fd`). */
  readonly status: boolean;
  /** Named pipes for standard output and standard error; absent in a terminal. */
  readonly output?: { readonly stdout: string; readonly stderr: string };
}

export interface PreparedLaunch {
  /** To be run with an empty environment. */
  readonly file: string;
  readonly args: readonly string[];
  /** Removes the argument file; once the program runs, or when it could not be started. */
  readonly cleanUp: () => void;
}

/**
 * Makes ready what starts a sandbox: a shell that joins the limit group, lowers its own limits, opens the filter and
 * becomes bubblewrap. The arguments travel in a file, not on the command line, because environments hold secrets and
 * every account of the host can read command lines; descriptors cannot be handed through a PTY.
 */
export function prepareLaunch(installation: Installation, launch: Launch): PreparedLaunch {
  return prepareConfinedLaunch(installation, {
    ...launch,
    options: bubblewrapArguments(installation.view, launch.shape),
  });
}

/** As `prepareLaunch`, behind another wall than that of programs. */
export function prepareConfinedLaunch(installation: Installation, launch: ConfinedLaunch): PreparedLaunch {
  const { limits, group } = launch;
  const argumentFile = path.join(installation.runFolder, `${launch.runId}.args`);
  const options = [
    ...launch.options,
    ...['--seccomp', '9'],
    ...(launch.status ? ['--json-status-fd', '3'] : []),
  ];
  writeFileSync(argumentFile, options.map((option) => `${option}\0`).join(''), { mode: 0o600, flag: 'wx' });
  const output = launch.output;
  const script = [
    'set -e',
    ...(output === undefined ? [] : [`exec 1> ${shellQuote(output.stdout)} 2> ${shellQuote(output.stderr)}`]),
    group.joinScript,
    'ulimit -c 0',
    `ulimit -n ${limits.openFiles}`,
    // In blocks of 512 bytes (POSIX): no single file grows beyond what the workspace may grow.
    `ulimit -f ${Math.ceil(limits.diskBytes / 512)}`,
    `exec 8< ${shellQuote(argumentFile)} 9< ${shellQuote(installation.filterFile)}`,
    'exec "$@"',
  ].join('\n');
  return {
    file: '/bin/sh',
    args: [
      ...['-c', script, 'sh', ...group.prefix, installation.bubblewrap, '--args', '8', '--'],
      ...group.wrap(launch.command),
    ],
    cleanUp: () => rmSync(argumentFile, { force: true }),
  };
}
