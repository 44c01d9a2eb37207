import type { Writable } from 'node:stream';
import { type IPty, spawn } from '@lydell/node-pty';
import { fault } from '#base/fault.ts';
import type { SandboxShape } from '../engine/arguments.ts';
import { type Exit, exitOf } from '../engine/exit.ts';
import { prepareLaunch } from '../engine/launcher.ts';
import type { EngineParts } from '../engine/sandbox-process.ts';
import { createWatchdog, limitBehindFailure } from '../engine/watchdog.ts';
import { killQuietly } from '../limits/control-files.ts';
import type { GroupUsage, LimitGroup } from '../limits/group.ts';
import type { KilledBy, Limits } from '../run/contract-shapes.ts';

export interface PtyOptions {
  readonly runId: string;
  readonly owner: string;
  readonly command: readonly string[];
  readonly shape: SandboxShape;
  readonly limits: Limits;
  readonly columns: number;
  readonly rows: number;
  readonly onOutput: (data: Buffer) => void;
}

export interface PtyEnded extends Exit {
  readonly killedBy: KilledBy | 'idle' | null;
  readonly usage: GroupUsage;
  readonly diskTouched: boolean;
}

/** A program in a sandbox whose input and output is a pseudo terminal. */
export interface PtyProcess {
  /** @throws sandbox.terminal_flooded when the program doesn't read */
  readonly write: (data: string) => void;
  readonly resize: (columns: number, rows: number) => void;
  readonly pause: () => void;
  readonly resume: () => void;
  readonly kill: (by: KilledBy | 'idle') => void;
  readonly ended: Promise<PtyEnded>;
}

/** Typed bytes that may wait for a program which does not read. */
const unreadInputLimitBytes = 256 * 1024;

/**
 * Starts a program on a PTY in a sandbox. bubblewrap keeps the session here, or the shell would have no job control; that
 * a program types into its own terminal (TIOCSTI) is refused by the system call filter.
 */
export function startPty(parts: EngineParts, options: PtyOptions): PtyProcess {
  const group = parts.driver.create(options.runId, options.limits, options.owner);
  const launch = prepareLaunch(parts.installation, { ...options, group, status: false });
  let pty: IPty;
  try {
    pty = spawn(launch.file, [...launch.args], {
      name: 'xterm-256color',
      cols: options.columns,
      rows: options.rows,
      cwd: '/',
      env: {},
      encoding: null,
    });
  } catch (error) {
    launch.cleanUp();
    void group.remove();
    throw fault('sandbox.start_failed', { reason: 'no terminal can be opened' }, { cause: error });
  }
  group.started(pty.pid);
  return follow(pty, { options, group, cleanUp: launch.cleanUp });
}

function follow(
  pty: IPty,
  run: { readonly options: PtyOptions; readonly group: LimitGroup; readonly cleanUp: () => void },
): PtyProcess {
  const { options, group } = run;
  let running = true;
  let killedBy: KilledBy | 'idle' | null = null;
  // Its type declares text, but with `encoding: null` it gives bytes.
  pty.onData((data) => options.onOutput(data as unknown as Buffer));
  // Reading a terminal whose program has ended fails with EIO, which is no error.
  (pty as unknown as NodeJS.EventEmitter).on('error', () => undefined);
  (pty as unknown as NodeJS.EventEmitter).on('error', () => undefined);
  const socket = (pty as unknown as { readonly _socket: Writable })._socket;
  const watchdog = createWatchdog({
    group,
    limits: options.limits,
    workspacePath: options.shape.workspacePath,
    timed: false,
    onExceeded: kill,
  });

  function kill(by: KilledBy | 'idle'): void {
    if (!running || killedBy !== null) return;
    killedBy = by;
    group.kill();
    killQuietly(pty.pid);
    pty.resume();
  }

  const ended = new Promise<PtyEnded>((resolve) => {
    pty.onExit(({ exitCode, signal }) => {
      running = false;
      watchdog.stop();
      run.cleanUp();
      const usage = group.usage();
      const exit = signal === undefined || signal === 0 ? exitOf(exitCode, null) : exitOf(128 + signal, null);
      resolve({
        ...exit,
        killedBy: killedBy ?? limitBehindFailure(exit, usage),
        usage,
        diskTouched: watchdog.diskTouched(),
      });
      void group.remove();
    });
  });

  return {
    write(data) {
      if (!running) return;
      if (socket.writableLength > unreadInputLimitBytes) throw fault('sandbox.terminal_flooded');
      pty.write(data);
    },
    resize(columns, rows) {
      // After the end the descriptor is closed, or already belongs to something else.
      if (!running) return;
      try {
        pty.resize(columns, rows);
      } catch {
        // it ended this very moment
      }
    },
    pause: () => pty.pause(),
    resume: () => pty.resume(),
    kill,
    ended,
  };
}
