import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { fault } from '#base/fault.ts';
import { killQuietly } from '../limits/control-files.ts';
import type { GroupUsage, LimitDriver, LimitGroup } from '../limits/group.ts';
import { processEntry } from '../limits/process-table.ts';
import type { KilledBy, Limits } from '../run/contract-shapes.ts';
import type { SandboxShape } from './arguments.ts';
import { type Exit, exitOf } from './exit.ts';
import type { DescriptorShield } from './inherited.ts';
import { type Installation, type PreparedLaunch, prepareLaunch } from './launcher.ts';
import type { OutputPipe, PipePool } from './pipes.ts';
import { startFault } from './start-fault.ts';
import { createWatchdog, limitBehindFailure } from './watchdog.ts';

export interface EngineParts {
  readonly installation: Installation;
  readonly driver: LimitDriver;
  readonly pipes: PipePool;
  /** Keeps what the server inherited from its own parent out of the sandboxes. */
  readonly shield: DescriptorShield;
  /** Milliseconds of a clock that never jumps. */
  readonly elapsed: () => number;
}

export interface StartOptions {
  readonly runId: string;
  /** Whose programs share the processors among themselves; absent: nobody's. */
  readonly owner?: string;
  readonly command: readonly string[];
  readonly shape: SandboxShape;
  readonly limits: Limits;
  readonly stdin?: string | undefined;
  /** Standard input stays open for `write`. */
  readonly keepInput?: boolean | undefined;
  /** Told of each piece of output, until the output limit is reached. Returns false to be given no more for now. */
  readonly onOutput: (stream: 'stdout' | 'stderr', data: Buffer) => boolean;
  readonly onUsage?: ((usage: GroupUsage) => void) | undefined;
}

export interface Ended extends Exit {
  readonly killedBy: KilledBy | null;
  readonly truncated: boolean;
  readonly outputBytes: number;
  readonly durationMs: number;
  readonly usage: GroupUsage;
  readonly diskTouched: boolean;
}

/** A program that runs in a sandbox. */
export interface SandboxProcess {
  /** Ends the whole process tree at once; the first reason given is the one reported. */
  readonly kill: (by: KilledBy) => void;
  /** Sends a signal to the program and everything it started. */
  readonly signal: (signal: NodeJS.Signals) => void;
  /** Goes on giving output after `onOutput` returned false. */
  readonly resume: () => void;
  readonly usage: () => GroupUsage;
  readonly outputBytes: () => number;
  /** Resolves once the program's pipe has taken it; false when the input is closed. */
  readonly write: (data: string) => Promise<boolean>;
  readonly endInput: () => void;
  /**
   * Settles when the program has ended, its output has been read and no process of it is left.
   * @throws sandbox.start_failed, sandbox.command_not_found, sandbox.command_not_executable, sandbox.folder_invalid
   */
  readonly ended: Promise<Ended>;
}

/** Starts a program in a sandbox of its own. The caller has checked that the engine works here. */
export async function startProcess(parts: EngineParts, options: StartOptions): Promise<SandboxProcess> {
  const pipes = await Promise.all([parts.pipes.take(), parts.pipes.take()]);
  let group: LimitGroup | null = null;
  let launch: PreparedLaunch | null = null;
  try {
    group = parts.driver.create(options.runId, options.limits, options.owner);
    launch = prepareLaunch(parts.installation, {
      runId: options.runId,
      command: options.command,
      shape: options.shape,
      limits: options.limits,
      group,
      status: true,
      output: { stdout: pipes[0].path, stderr: pipes[1].path },
    });
    const child = spawn(launch.file, launch.args, {
      cwd: '/',
      env: {},
      stdio: [
        options.stdin === undefined && options.keepInput !== true ? 'ignore' : 'pipe',
        'ignore',
        'ignore',
        'pipe',
        ...parts.shield.stdio,
      ],
    });
    return follow(parts, { options, child, group, launch, stdout: pipes[0], stderr: pipes[1] });
  } catch (error) {
    for (const pipe of pipes) pipe.release();
    launch?.cleanUp();
    await group?.remove();
    throw fault('sandbox.start_failed', { reason: reasonOf(error) }, { cause: error });
  }
}

interface Followed {
  readonly options: StartOptions;
  readonly child: ChildProcess;
  readonly group: LimitGroup;
  readonly launch: PreparedLaunch;
  readonly stdout: OutputPipe;
  readonly stderr: OutputPipe;
}

function follow({ elapsed }: EngineParts, run: Followed): SandboxProcess {
  const { options, child, group } = run;
  const startedMs = elapsed();
  const output = readOutput(run, () => kill('output'));
  let killedBy: KilledBy | null = null;
  if (child.pid !== undefined) group.started(child.pid);
  feed(child, options);
  const status = collect(child.stdio[3] as Readable);
  const watchdog = createWatchdog({
    group,
    limits: options.limits,
    workspacePath: options.shape.workspacePath,
    timed: true,
    onExceeded: kill,
    ...(options.onUsage === undefined ? {} : { onUsage: options.onUsage }),
  });

  function kill(by: KilledBy): void {
    if (killedBy !== null || child.exitCode !== null || child.signalCode !== null) return;
    killedBy = by;
    // With its outermost process dies the sandbox's first one, and with that the kernel ends the whole pid namespace.
    group.kill();
    child.kill('SIGKILL');
    // What waits in a paused stream would keep the run from ending.
    output.stopGiving();
  }

  async function finish(): Promise<Ended> {
    try {
      const raw = await exitOfChild(child);
      const durationMs = elapsed() - startedMs;
      watchdog.stop();
      run.stdout.writerEnded();
      run.stderr.writerEnded();
      const usage = group.usage();
      group.kill();
      await output.finished;
      const exit = exitOf(raw.code, raw.signal);
      const started = (await status).includes('"exit-code"');
      if (!started && killedBy === null && raw.signal === null && usage.outOfMemoryKills === 0) {
        throw startFault(output.lastWords(), options);
      }
      return {
        ...exit,
        killedBy: killedBy ?? limitBehindFailure(exit, usage),
        truncated: output.truncated(),
        outputBytes: output.bytes(),
        durationMs,
        usage,
        diskTouched: watchdog.diskTouched(),
      };
    } finally {
      watchdog.stop();
      run.launch.cleanUp();
      run.stdout.release();
      run.stderr.release();
      void group.remove();
    }
  }

  return {
    kill,
    signal: (signal) => signalAll(group, child.pid, signal),
    resume: output.resume,
    usage: group.usage,
    outputBytes: output.bytes,
    write: (data) => writeInput(child, data),
    endInput: () => child.stdin?.end(),
    ended: finish(),
  };
}

/** Signals everything but bubblewrap's two processes: the outermost, and its child, the first one inside. */
export function signalAll(group: LimitGroup, outermost: number | undefined, signal: NodeJS.Signals): void {
  for (const processId of group.processIds()) {
    if (processId === outermost || processEntry(processId)?.parentId === outermost) continue;
    killQuietly(processId, signal);
  }
}

function exitOfChild(child: ChildProcess): Promise<{ code: number | null; signal: string | null }> {
  return new Promise((resolve, reject) => {
    child.once('error', (error) =>
      reject(fault('sandbox.start_failed', { reason: reasonOf(error) }, { cause: error })),
    );
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
}

function feed(child: ChildProcess, { stdin: text, keepInput = false }: StartOptions): void {
  if (child.stdin === null) return;
  // The program may end, or close its input, before it has read everything.
  child.stdin.on('error', () => undefined);
  if (text !== undefined) child.stdin.write(text);
  if (!keepInput) child.stdin.end();
}

function writeInput({ stdin }: ChildProcess, data: string): Promise<boolean> {
  if (stdin === null || !stdin.writable) return Promise.resolve(false);
  return new Promise((resolve) => stdin.write(data, (error) => resolve(error == null)));
}

async function collect(stream: Readable): Promise<string> {
  let text = '';
  try {
    for await (const piece of stream) text += String(piece);
  } catch {
    // the sandbox was ended before it had reported
  }
  return text;
}

/** Passes both outputs on up to the limit. What is beyond is dropped, and ends the run. */
function readOutput({ options, stdout, stderr }: Followed, onLimit: () => void) {
  let bytes = 0;
  let truncated = false;
  let giving = true;
  let lastWords = '';

  function take(stream: 'stdout' | 'stderr', data: Buffer): void {
    const room = Math.max(0, options.limits.outputBytes - bytes);
    bytes += data.length;
    const kept = data.length > room ? data.subarray(0, room) : data;
    if (stream === 'stderr' && lastWords.length < 2000) lastWords += kept.toString('utf8', 0, 2000);
    if (kept.length > 0 && !options.onOutput(stream, kept) && giving) pause();
    if (data.length > room) {
      truncated = true;
      onLimit();
    }
  }

  function pause(): void {
    stdout.stream.pause();
    stderr.stream.pause();
  }

  function resume(): void {
    stdout.stream.resume();
    stderr.stream.resume();
  }

  function follow(name: 'stdout' | 'stderr', pipe: OutputPipe): Promise<void> {
    pipe.stream.on('data', (data: Buffer) => take(name, data));
    return new Promise((resolve) => {
      pipe.stream.once('end', resolve);
      pipe.stream.once('close', resolve);
      pipe.stream.once('error', () => resolve());
    });
  }

  const finished = Promise.all([follow('stdout', stdout), follow('stderr', stderr)]);
  return {
    finished,
    resume,
    stopGiving() {
      giving = false;
      resume();
    },
    bytes: () => bytes,
    truncated: () => truncated,
    lastWords: () => lastWords,
  };
}

function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  return code ?? (error instanceof Error ? error.name : 'unknown');
}
