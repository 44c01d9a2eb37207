import { existsSync } from 'node:fs';
import type { Call, ChunkOf, RawResultOf } from '#base/contract.ts';
import { fault } from '#base/fault.ts';
import type { Principal } from '#base/principal.ts';
import type { SandboxConfig } from '../config.ts';
import type { sandboxContract } from '../contract.ts';
import type { Engine } from '../engine/engine.ts';
import type { OpenNetwork } from '../network/access.ts';
import type { KilledBy, Limits } from '../run/contract-shapes.ts';
import { type AccessProject, checkCommandLine } from '../run/preparation.ts';
import type { OperationStart, Records } from '../run/records.ts';
import { startPty } from './pty-process.ts';
import { createScrollback } from './scrollback.ts';
import { createTerminal, type Terminal } from './terminal.ts';

export interface TerminalsDependencies {
  readonly engine: Engine;
  readonly access: AccessProject;
  readonly openNetwork: OpenNetwork;
  readonly records: Records;
  readonly maxima: Limits;
  readonly config: Pick<
    SandboxConfig,
    'maxTerminals' | 'maxTerminalsPerUser' | 'terminalIdleMs' | 'terminalMemoryBytes' | 'scrollbackBytes'
  >;
  /** Counts processor time, in milliseconds, against the user's budget. */
  readonly spendCpu: (userId: string, cpuMs: number) => void;
  readonly storageTouched: (projectId: string, call: Call) => void;
  readonly newId: () => string;
  readonly now: () => number;
}

interface OpenRequest {
  readonly projectId: string;
  readonly terminalId?: string | undefined;
  readonly columns: number;
  readonly rows: number;
  readonly command?: string | undefined;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly title?: string | undefined;
  readonly afterOffset?: number | undefined;
}

interface Who {
  readonly user: Principal;
  readonly call: Call;
}

/** An ended terminal can be looked at for so long; then its scrollback is forgotten. */
const endedKeptMs = 15 * 60_000;

/** The terminals of this process. Each belongs to the user who opened it and outlives connections, not the server. */
export function createTerminals(deps: TerminalsDependencies) {
  const terminals = new Map<string, Terminal>();
  /** Opened but not yet started: counted, so that a burst does not pass the limit. */
  const opening = new Map<string, number>();

  function own(terminalId: string, user: Principal): Terminal {
    const terminal = terminals.get(terminalId);
    if (terminal === undefined || terminal.userId !== user.userId) throw fault('sandbox.terminal_unknown');
    return terminal;
  }

  function checkRoom(userId: string): void {
    const running = terminals
      .values()
      .filter((terminal) => terminal.end() === null)
      .toArray();
    const starting = opening.values().reduce((sum, count) => sum + count, 0);
    const ofUser =
      running.filter((terminal) => terminal.userId === userId).length + (opening.get(userId) ?? 0);
    const { maxTerminals, maxTerminalsPerUser } = deps.config;
    if (ofUser >= maxTerminalsPerUser) throw fault('sandbox.terminal_limit', { limit: maxTerminalsPerUser });
    if (running.length + starting >= maxTerminals) {
      throw fault('sandbox.busy', { running: running.length, waiting: 0, retryAfterMs: 5000 });
    }
  }

  async function open(request: OpenRequest, who: Who): Promise<Terminal> {
    const { userId } = who.user;
    checkRoom(userId);
    opening.set(userId, (opening.get(userId) ?? 0) + 1);
    try {
      return await start(request, who);
    } finally {
      const left = (opening.get(userId) ?? 1) - 1;
      if (left === 0) opening.delete(userId);
      else opening.set(userId, left);
    }
  }

  async function start(request: OpenRequest, { user, call }: Who): Promise<Terminal> {
    const parts = deps.engine.parts(call.language);
    const command = request.command ?? (existsSync('/usr/bin/bash') ? '/usr/bin/bash' : '/bin/sh');
    checkCommandLine({ command, args: request.args, env: {}, cwd: request.cwd });
    const { projectId } = request;
    const project = await deps.access({ projectId, userId: user.userId, need: 'write' }, call);
    const terminalId = deps.newId();
    await using held = new AsyncDisposableStack();
    const network = await deps.openNetwork({
      runId: terminalId,
      projectId,
      userId: user.userId,
      traceId: call.traceId,
    });
    if (network !== null) held.use(network);
    const limits = terminalLimits(project.usage);
    const plain = [command, ...request.args];
    const terminal = createTerminal(
      {
        terminalId,
        projectId,
        userId: user.userId,
        title: request.title ?? command.slice(command.lastIndexOf('/') + 1),
        command,
        startedAtMs: deps.now(),
      },
      {
        size: { columns: request.columns, rows: request.rows },
        scrollback: createScrollback(deps.config.scrollbackBytes),
        now: deps.now,
        start: (onOutput) =>
          startPty(parts, {
            runId: terminalId,
            owner: user.userId,
            command: network === null ? plain : network.wrap(plain),
            shape: {
              workspacePath: project.workspacePath,
              cwd: request.cwd,
              env: { ...promptOf(command), ...network?.env },
              memoryBytes: limits.memoryBytes,
              terminal: true,
              mounts: network?.mounts ?? [],
            },
            limits,
            columns: request.columns,
            rows: request.rows,
            onOutput,
          }),
      },
    );
    terminals.set(terminalId, terminal);
    const release = held.move();
    void conclude(terminal, { call, release });
    return terminal;
  }

  async function conclude(
    terminal: Terminal,
    { call, release }: { readonly call: Call; readonly release: AsyncDisposableStack },
  ): Promise<void> {
    const operation: OperationStart = {
      processId: terminal.terminalId,
      projectId: terminal.projectId,
      userId: terminal.userId,
      engine: 'run',
      operation: 'terminal',
    };
    deps.records.started(operation, terminal.command, call);
    const { usage, diskTouched, ...end } = await terminal.process.ended;
    await release.disposeAsync();
    const durationMs = deps.now() - terminal.startedAtMs;
    const { cpuMs, peakMemoryBytes } = usage;
    deps.spendCpu(terminal.userId, cpuMs);
    deps.records.finished(operation, { ...end, durationMs, cpuMs, peakMemoryBytes }, call);
    if (diskTouched) deps.storageTouched(terminal.projectId, call);
  }

  function terminalLimits(usage: {
    bytes: number;
    limitBytes: number;
    files: number;
    limitFiles: number;
  }): Limits {
    const { maxima, config } = deps;
    return {
      timeMs: maxima.timeMs,
      memoryBytes: Math.min(config.terminalMemoryBytes, maxima.memoryBytes),
      cpuCores: Math.min(2, maxima.cpuCores),
      cpuMs: null,
      processes: Math.min(512, maxima.processes),
      outputBytes: maxima.outputBytes,
      diskBytes: Math.max(0, Math.min(maxima.diskBytes, usage.limitBytes - usage.bytes)),
      diskFiles: Math.max(0, Math.min(maxima.diskFiles, usage.limitFiles - usage.files)),
      openFiles: maxima.openFiles,
    };
  }

  function describe(terminal: Terminal) {
    const { terminalId, projectId, userId, title, command } = terminal;
    const end = terminal.end();
    return {
      ...{ terminalId, projectId, userId, title, command, ...terminal.size() },
      startedAt: new Date(terminal.startedAtMs).toISOString(),
      attached: terminal.attached(),
      running: end === null,
      exitCode: end?.exitCode ?? null,
      signal: end?.signal ?? null,
      killedBy: end?.killedBy ?? null,
    };
  }

  return {
    /** Attaches to a terminal, a new one if none is named, until its program has ended or the caller leaves. */
    async *attach(
      request: OpenRequest,
      who: Who,
    ): AsyncGenerator<
      ChunkOf<typeof sandboxContract, 'run.terminal'>,
      RawResultOf<typeof sandboxContract, 'run.terminal'>,
      undefined
    > {
      let terminal: Terminal;
      if (request.terminalId === undefined) terminal = await open(request, who);
      else {
        terminal = own(request.terminalId, who.user);
        if (terminal.projectId !== request.projectId) throw fault('sandbox.terminal_unknown');
        await deps.access(
          { projectId: terminal.projectId, userId: who.user.userId, need: 'write' },
          who.call,
        );
        terminal.resize(request.columns, request.rows);
      }
      const { scrollback } = terminal;
      const startOffset = Math.min(
        Math.max(request.afterOffset ?? 0, scrollback.startOffset()),
        scrollback.endOffset(),
      );
      yield { kind: 'attached', terminal: describe(terminal), startOffset };
      for await (const output of terminal.follow(startOffset, who.call.signal)) {
        yield { kind: 'output', ...output };
      }
      const end = terminal.end() ?? { exitCode: null, signal: null, killedBy: null };
      return { terminalId: terminal.terminalId, ...end };
    },

    /** @throws sandbox.terminal_unknown, sandbox.terminal_ended, sandbox.terminal_flooded */
    input(request: { terminalId: string; data: string }, user: Principal): void {
      const terminal = own(request.terminalId, user);
      if (terminal.end() !== null) throw fault('sandbox.terminal_ended');
      terminal.write(request.data);
    },

    resize(request: { terminalId: string; columns: number; rows: number }, user: Principal): void {
      own(request.terminalId, user).resize(request.columns, request.rows);
    },

    async close(terminalId: string, user: Principal) {
      const terminal = own(terminalId, user);
      terminal.process.kill('user');
      const { exitCode, signal, killedBy } = await terminal.process.ended;
      terminals.delete(terminalId);
      return { terminalId, exitCode, signal, killedBy };
    },

    list: (projectId: string, user: Principal) =>
      terminals
        .values()
        .filter((terminal) => terminal.projectId === projectId && terminal.userId === user.userId)
        .map(describe)
        .toArray(),

    /** Ends terminals that nobody uses, and forgets those that ended long ago. Called again and again. */
    sweep(): void {
      for (const terminal of terminals.values()) {
        const unusedMs = deps.now() - terminal.lastUsedMs();
        if (terminal.end() === null && unusedMs > deps.config.terminalIdleMs) terminal.process.kill('idle');
        if (terminal.end() !== null && terminal.attached() === 0 && unusedMs > endedKeptMs) {
          terminals.delete(terminal.terminalId);
        }
      }
    },

    killWhere(matches: (terminal: Terminal) => boolean, by: KilledBy): void {
      for (const terminal of terminals.values()) if (matches(terminal)) terminal.process.kill(by);
    },

    async idle(): Promise<void> {
      await Promise.allSettled(terminals.values().map((terminal) => terminal.process.ended));
    },
  };
}

/** The folder and a dollar sign; bash understands the colours. */
function promptOf(command: string): Record<string, string> {
  return command.endsWith('bash') ? { PS1: '\\[\\e[36m\\]\\w\\[\\e[0m\\] \\$ ' } : { PS1: '$ ' };
}
