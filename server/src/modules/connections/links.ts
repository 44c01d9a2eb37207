import type { Call, Client } from '#base/contract.ts';
import { fault } from '#base/fault.ts';
import { LazyCall } from '#kernel/rpc/call-context.ts';
import { unseal } from '#kernel/seal.ts';
import { newTraceId } from '#kernel/telemetry/trace.ts';
import type { sandboxContract } from '#modules/sandbox/contract.ts';
import { type AgentSession, openAgentSession } from './agent-session.ts';
import type { ConnectionsConfig } from './config.ts';
import { type McpSession, openMcpSession } from './mcp-session.ts';
import { startProgram } from './program.ts';
import { createSessions } from './sessions.ts';
import type { ConnectionRow } from './store.ts';

export interface LinkUse {
  /** The copy of this task is where a program works; without it, the project itself. */
  readonly taskId: string | undefined;
  readonly call: Call;
}

/** Open sessions with what projects connect to: one for each connection and task, or user where there is no task. */
export type Links = ReturnType<typeof createLinks>;

export function createLinks(deps: {
  readonly sandbox: Client<typeof sandboxContract>;
  readonly config: ConnectionsConfig;
  readonly sealingKey: Buffer;
  readonly version: string;
}) {
  const { sandbox, config, version } = deps;
  const servers = createSessions<McpSession>(config);
  const agents = createSessions<AgentSession>(config);

  function secretsOf({ connectionId, sealed }: ConnectionRow): Record<string, string> {
    if (sealed === null) return {};
    const text = unseal(sealed, deps.sealingKey, connectionId);
    if (text === undefined)
      throw fault('connections.start_failed', {
        name: '',
        reason: 'its credentials cannot be read any more',
      });
    return JSON.parse(text) as Record<string, string>;
  }

  /** The parts of a program that is started when a session opens. It outlives the call that asked first, not the session. */
  function programOf(row: ConnectionRow, { taskId, call }: LinkUse, stop: AbortSignal) {
    const own = new LazyCall({
      principal: call.principal,
      traceId: newTraceId(),
      address: call.address,
      language: call.language,
    });
    const over = Promise.withResolvers<void>();
    let started = false;
    const end = async () => {
      own.abort(fault('common.cancelled'));
      if (started) await over.promise;
    };
    if (stop.aborted) void end();
    else stop.addEventListener('abort', () => void end(), { once: true });
    return {
      stop: end,
      begin: async (listeners: { onOutput: (text: string) => void; onEnd: (reason: string) => void }) => {
        const program = await startProgram(
          sandbox,
          {
            name: row.name,
            projectId: row.projectId,
            taskId,
            command: row.command ?? '',
            args: row.args,
            env: secretsOf(row),
            network: row.network,
            outputBytes: config.outputBytes,
            onOutput: listeners.onOutput,
            onEnd: (reason) => {
              over.resolve();
              listeners.onEnd(reason);
            },
          },
          own,
        );
        started = true;
        return program;
      },
    };
  }

  function openServer(row: ConnectionRow, use: LinkUse, stop: AbortSignal): Promise<McpSession> {
    const { name, timeoutMs, url } = row;
    const shared = {
      name,
      version,
      timeoutMs,
      startMs: config.startMs,
      answerBytes: config.resultBytes * 2,
      signal: stop,
    };
    if (row.kind !== 'http' || url === null)
      return openMcpSession({ ...shared, way: { kind: 'program', ...programOf(row, use, stop) } });
    const granted = async (target: { host: string; port: number }) => {
      const asking = new LazyCall({ ...use.call, traceId: newTraceId() });
      const question = { projectId: row.projectId, ...target };
      return (await sandbox.call('sandbox.network.check', question, asking)).allowed;
    };
    const fetch = { url: new URL(url), privateHosts: config.privateHosts, granted };
    return openMcpSession({ ...shared, way: { kind: 'http', headers: secretsOf(row), fetch } });
  }

  function openAgent(row: ConnectionRow, use: LinkUse, stop: AbortSignal): Promise<AgentSession> {
    return openAgentSession({
      name: row.name,
      version,
      startMs: config.startMs,
      lineBytes: config.outputBytes,
      network: row.network,
      ...programOf(row, use, stop),
    });
  }

  const keyOf = (row: ConnectionRow, { taskId, call }: LinkUse) => {
    const owner = call.principal?.userId ?? '';
    return { key: `${row.connectionId} ${taskId ?? `user:${owner}`}`, owner };
  };

  return {
    useServer<Result>(
      row: ConnectionRow,
      use: LinkUse,
      work: (session: McpSession) => Promise<Result>,
    ): Promise<Result> {
      return unlessAborted(
        use.call.signal,
        servers.use(keyOf(row, use), (stop) => openServer(row, use, stop), work),
      );
    },
    useAgent<Result>(
      row: ConnectionRow,
      use: LinkUse,
      work: (session: AgentSession) => Promise<Result>,
    ): Promise<Result> {
      return unlessAborted(
        use.call.signal,
        agents.use(keyOf(row, use), (stop) => openAgent(row, use, stop), work),
      );
    },
    /** Whether the other agent begins; it is ended again at once. */
    async testAgent(row: ConnectionRow, call: Call): Promise<void> {
      const stop = new AbortController();
      try {
        const opening = openAgent(row, { taskId: undefined, call }, stop.signal);
        const session = await unlessAborted(call.signal, opening);
        await session[Symbol.asyncDispose]();
      } finally {
        stop.abort();
      }
    },
    /** Ends the sessions of a connection that was removed. */
    async forget(connectionId: string): Promise<void> {
      const matches = (key: string) => key.startsWith(`${connectionId} `);
      await Promise.all([servers.endWhere(matches), agents.endWhere(matches)]);
    },
    /** Ends what was started for a task; resolves when no process of it is left. */
    async release(taskId: string): Promise<void> {
      const matches = (key: string) => key.endsWith(` ${taskId}`);
      await Promise.all([servers.endWhere(matches), agents.endWhere(matches)]);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([servers[Symbol.asyncDispose](), agents[Symbol.asyncDispose]()]);
    },
  };
}

/** Whoever leaves waits no longer; the session lives on for others. */
async function unlessAborted<Result>(signal: AbortSignal, work: Promise<Result>): Promise<Result> {
  const left = Promise.withResolvers<never>();
  const leave = () => left.reject(signal.reason);
  if (signal.aborted) leave();
  else signal.addEventListener('abort', leave, { once: true });
  // Nobody may be waiting any more when it settles.
  work.catch(() => undefined);
  try {
    return await Promise.race([work, left.promise]);
  } finally {
    signal.removeEventListener('abort', leave);
  }
}
