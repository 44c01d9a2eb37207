import { lookup } from 'node:dns/promises';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import type { Call } from '#base/contract.ts';
import { fault } from '#base/fault.ts';
import type { Principal } from '#base/principal.ts';
import type { Database } from '#kernel/database/database.ts';
import { isPublicAddress } from '#kernel/http/public-address.ts';
import type { Publish } from '#kernel/module.ts';
import type { SandboxConfig } from '../config.ts';
import type { sandboxContract } from '../contract.ts';
import type { AccessProject } from '../run/preparation.ts';
import { type PolicyRow, selectPolicy, upsertPolicy } from '../store.ts';
import type { NetworkAccess, OpenNetwork } from './access.ts';
import { canonicalHost, formatHostPattern, isAllowed, parseHostPattern } from './host-pattern.ts';
import { type NetworkAttempt, type ProxyOptions, startProxy } from './proxy.ts';
import { proxyPort, proxyVariables } from './proxy-variables.ts';

export interface GrantsDependencies {
  readonly database: Database;
  readonly access: AccessProject;
  readonly publish: Publish<typeof sandboxContract>;
  readonly config: Pick<SandboxConfig, 'network' | 'networkBytes' | 'networkConnections'>;
  /** A folder with a short name: the path of a socket has at most 107 bytes. */
  readonly socketFolder: string;
  readonly log: Logger;
  readonly now: () => number;
  /** The server's resolver and judgement of addresses, unless given. */
  readonly names?: Pick<ProxyOptions, 'resolve' | 'isPublic'>;
}

const insideFolder = '/run/cds';
const knownForMs = 5000;
const knownAtMost = 10_000;
/** So that a program in a loop does not flood the log. */
const loggedAttemptsPerRun = 200;

const resolver: Pick<ProxyOptions, 'resolve' | 'isPublic'> = {
  async resolve(host) {
    const found = await lookup(host, { all: true });
    return found.map(({ address }) => address);
  },
  isPublic: isPublicAddress,
};

/** Which hosts a project's programs may reach, and the way there. Without a grant there is no way. */
export function createGrants(deps: GrantsDependencies) {
  const names = deps.names ?? resolver;
  let sockets = 0;

  /** Every start of a program asks; grants change rarely. Other processes' changes arrive as events, or after a while. */
  const known = new Map<string, { readonly policy: PolicyRow; readonly untilMs: number }>();
  let changes = 0;

  async function policyOf(projectId: string): Promise<PolicyRow> {
    const entry = known.get(projectId);
    if (entry !== undefined && deps.now() < entry.untilMs) return entry.policy;
    const changesBefore = changes;
    const policy = (await selectPolicy(deps.database, projectId)) ?? { mode: 'off', hosts: [] };
    if (known.size >= knownAtMost) known.clear();
    // What was read while a grant changed may be the old one.
    if (changes === changesBefore) known.set(projectId, { policy, untilMs: deps.now() + knownForMs });
    return policy;
  }

  function forget(projectId: string): void {
    changes += 1;
    known.delete(projectId);
  }

  const open: OpenNetwork = async ({ runId, projectId, userId, traceId }) => {
    // By name: whoever asks may hold more, such as variables with secrets, and none of it belongs into a log.
    const run = { runId, projectId, userId, traceId };
    if (!deps.config.network) return null;
    const policy = await policyOf(run.projectId);
    if (policy.mode === 'off' || policy.hosts.length === 0) return null;
    sockets += 1;
    const socketPath = path.join(deps.socketFolder, `${sockets.toString(36)}.sock`);
    const proxy = await startProxy({
      socketPath,
      patterns: policy.hosts.map(parseHostPattern),
      maxBytes: deps.config.networkBytes,
      maxConnections: deps.config.networkConnections,
      ...names,
      onAttempt: attemptLog(deps.log, run),
    });
    return {
      ...wayThrough(socketPath),
      async [Symbol.asyncDispose]() {
        await proxy[Symbol.asyncDispose]();
        rmSync(socketPath, { force: true });
        deps.log.info({ ...run, bytes: proxy.bytes() }, 'network use of a program');
      },
    };
  };

  return {
    open,
    forget,

    /** Whether the host, at that port, is on the project's list. */
    async check(target: { projectId: string; host: string; port: number }): Promise<{ allowed: boolean }> {
      if (!deps.config.network) return { allowed: false };
      const { mode, hosts } = await policyOf(target.projectId);
      const host = canonicalHost(target.host);
      if (mode === 'off' || host === null) return { allowed: false };
      return { allowed: isAllowed(hosts.map(parseHostPattern), { host, port: target.port }) };
    },

    async get(projectId: string, { user, call }: { user: Principal; call: Call }): Promise<PolicyRow> {
      await deps.access({ projectId, userId: user.userId, need: 'read' }, call);
      return policyOf(projectId);
    },

    /** @throws sandbox.host_invalid, sandbox.network_forbidden */
    async set(
      request: { projectId: string; mode: 'off' | 'allowList'; hosts: readonly string[] },
      { user, call }: { user: Principal; call: Call },
    ): Promise<PolicyRow> {
      const { projectId, mode } = request;
      await deps.access({ projectId, userId: user.userId, need: 'own' }, call);
      if (mode === 'allowList' && !deps.config.network) throw fault('sandbox.network_forbidden');
      const hosts = [...new Set(request.hosts.map((line) => formatHostPattern(parseHostPattern(line))))];
      const { userId } = user;
      await deps.database.transaction(async (transaction) => {
        await upsertPolicy(transaction, { projectId, mode, hosts, userId, at: new Date(deps.now()) });
        await deps.publish(
          'sandbox.network_changed',
          { projectId, userId, mode, hosts },
          { transaction, traceId: call.traceId, actorId: userId },
        );
      });
      forget(projectId);
      return { mode, hosts };
    },
  };
}

/** What a sandbox needs to reach the proxy behind the socket. */
export function wayThrough(socketPath: string): Omit<NetworkAccess, typeof Symbol.asyncDispose> {
  const forwarder = `${insideFolder}/forwarder.mjs`;
  const socket = `${insideFolder}/proxy.sock`;
  return {
    socketPath,
    mounts: [
      { source: fileURLToPath(new URL('./forwarder.mjs', import.meta.url)), target: forwarder },
      { source: socketPath, target: socket },
    ],
    env: proxyVariables,
    wrap: (command) => ['/opt/node/bin/node', forwarder, socket, String(proxyPort), ...command],
    extraProcesses: 16,
    extraMemoryBytes: 96 * 1024 * 1024,
  };
}

function attemptLog(log: Logger, run: object): (attempt: NetworkAttempt) => void {
  let logged = 0;
  return (attempt) => {
    logged += 1;
    if (logged < loggedAttemptsPerRun) log.info({ ...run, ...attempt }, 'a program asked for a host');
    if (logged === loggedAttemptsPerRun)
      log.warn(run, 'further hosts that this program asks for are not logged');
  };
}
