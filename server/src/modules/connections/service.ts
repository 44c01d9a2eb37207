import type { Call, Client, ParsedParamsOf, RawResultOf } from '#base/contract.ts';
import { fault } from '#base/fault.ts';
import { newId } from '#base/ids.ts';
import type { Principal } from '#base/principal.ts';
import type { Database } from '#kernel/database/database.ts';
import type { Publish } from '#kernel/module.ts';
import { seal } from '#kernel/seal.ts';
import type { projectsContract } from '#modules/projects/contract.ts';
import { textOf } from './answer-text.ts';
import type { ConnectionsConfig } from './config.ts';
import type { Connection, connectionsContract } from './contract.ts';
import type { Links } from './links.ts';
import {
  type ConnectionRow,
  deleteConnection,
  findConnection,
  insertConnection,
  listConnections,
  setApproved,
} from './store.ts';
import { lineOf, rankTools, reviewTools } from './tool-review.ts';

type C = typeof connectionsContract;
type Params<K extends keyof C['methods'] & string> = ParsedParamsOf<C, K>;

export interface Caller {
  readonly user: Principal;
  readonly call: Call;
}

/** The rules of connection.*: who may set up, see and use what a project connects to. */
export function createConnectionService(deps: {
  readonly database: Database;
  readonly projects: Client<typeof projectsContract>;
  readonly links: Links;
  readonly config: ConnectionsConfig;
  readonly sealingKey: Buffer;
  readonly publish: Publish<C>;
  readonly now: () => number;
}) {
  const { database, projects, links, config, publish, now } = deps;

  async function access(projectId: string, { user, call }: Caller, need: 'read' | 'write' | 'own') {
    const globalRole = user.role;
    await projects.call('project.access', { projectId, userId: user.userId, need, globalRole }, call);
  }

  /** A connection of a project that the caller owns; for others it does not exist. */
  async function owned(connectionId: string, caller: Caller): Promise<ConnectionRow> {
    const row = await findConnection(database, connectionId);
    if (row === undefined) throw fault('connections.unknown');
    await access(row.projectId, caller, 'own');
    return row;
  }

  async function named(
    query: { readonly projectId: string; readonly server: string },
    caller: Caller,
  ): Promise<ConnectionRow> {
    await access(query.projectId, caller, 'write');
    const rows = await listConnections(database, query.projectId);
    const row = rows.find(({ name }) => name === query.server);
    if (row === undefined) throw fault('connections.unknown');
    if (row.kind === 'agent') throw fault('connections.kind_wrong', { kind: row.kind });
    return row;
  }

  /** The tool as its server describes it now, if that is what was approved. */
  async function approvedTool(row: ConnectionRow, query: Params<'connection.tool.describe'>, call: Call) {
    const tools = await links.useServer(row, { taskId: query.taskId, call }, (session) =>
      session.tools(call.signal),
    );
    const tool = tools.find(({ name }) => name === query.tool);
    const review = reviewTools(tools, row.approved).find(({ name }) => name === query.tool);
    if (tool === undefined || review === undefined || review.state === 'unusable')
      throw fault('connections.tool_unknown', { name: row.name, tool: query.tool });
    if (review.state !== 'approved')
      throw fault('connections.approval_needed', { name: row.name, tool: query.tool });
    return tool;
  }

  return {
    async list({ projectId }: Params<'connection.list'>, caller: Caller) {
      await access(projectId, caller, 'read');
      return { connections: (await listConnections(database, projectId)).map(describe) };
    },

    async add(params: Params<'connection.add'>, caller: Caller): Promise<Connection> {
      const { projectId, name, kind, command = null, url = null, secrets } = params;
      await access(projectId, caller, 'own');
      const field = kind === 'http' ? 'url' : 'command';
      if ((kind === 'http' ? url : command) === null)
        throw fault('common.invalid_params', { field, reason: 'it is needed for this kind' });
      if (url !== null && new URL(url).username !== '')
        throw fault('common.invalid_params', {
          field: 'url',
          reason: 'credentials belong into secrets, as a header',
        });
      if ((await listConnections(database, projectId)).length >= config.perProject)
        throw fault('connections.too_many', { limit: config.perProject });
      const connectionId = newId(now());
      const secretNames = Object.keys(secrets).toSorted();
      const row: ConnectionRow = {
        connectionId,
        projectId,
        name,
        kind,
        command: kind === 'http' ? null : command,
        args: kind === 'http' ? [] : params.args,
        url: kind === 'http' ? url : null,
        network: params.network,
        timeoutMs: params.timeoutMs,
        secretNames,
        sealed:
          secretNames.length === 0 ? null : seal(JSON.stringify(secrets), deps.sealingKey, connectionId),
        approved: {},
        createdBy: caller.user.userId,
        createdAt: new Date(now()),
      };
      await database.transaction(async (transaction) => {
        if (!(await insertConnection(transaction, row))) throw fault('connections.name_taken', { name });
        await publish('connection.changed', announced(row, 'added', caller.user.userId), { transaction });
      });
      return describe(row);
    },

    async remove(connectionId: string, caller: Caller) {
      const row = await owned(connectionId, caller);
      await database.transaction(async (transaction) => {
        if (!(await deleteConnection(transaction, connectionId))) throw fault('connections.unknown');
        await publish('connection.changed', announced(row, 'removed', caller.user.userId), {
          transaction,
        });
      });
      await links.forget(connectionId);
      return { connectionId };
    },

    async test(connectionId: string, caller: Caller): Promise<RawResultOf<C, 'connection.test'>> {
      const row = await owned(connectionId, caller);
      const startedMs = performance.now();
      if (row.kind === 'agent') {
        await links.testAgent(row, caller.call);
        const server = { name: row.name, version: '' };
        return { server, tools: [], durationMs: performance.now() - startedMs };
      }
      const { call } = caller;
      return links.useServer(row, { taskId: undefined, call }, async (session) => ({
        server: { ...session.server },
        tools: reviewTools(await session.tools(call.signal), row.approved),
        durationMs: performance.now() - startedMs,
      }));
    },

    /**
     * Only what the server says at this moment can be approved: the hashes are those that the owner was shown.
     * @throws connections.approval_needed when a description has changed since
     */
    async approve(params: Params<'connection.approve'>, caller: Caller): Promise<Connection> {
      const row = await owned(params.connectionId, caller);
      if (row.kind === 'agent') throw fault('connections.kind_wrong', { kind: row.kind });
      const { call } = caller;
      const tools =
        params.tools.length === 0
          ? []
          : await links.useServer(row, { taskId: undefined, call }, (session) => session.tools(call.signal));
      const reviewed = reviewTools(tools, row.approved);
      const approved = Object.fromEntries(
        params.tools.map(({ name, hash }) => {
          const index = reviewed.findIndex((one) => one.name === name && one.state !== 'unusable');
          const tool = tools[index];
          if (tool === undefined || reviewed[index]?.hash !== hash)
            throw fault('connections.approval_needed', { name: row.name, tool: name });
          return [name, { hash, line: lineOf(tool) }];
        }),
      );
      await database.transaction(async (transaction) => {
        if (!(await setApproved(transaction, row.connectionId, approved))) throw fault('connections.unknown');
        await publish('connection.changed', announced(row, 'approved', caller.user.userId), { transaction });
      });
      return describe({ ...row, approved });
    },

    /** Asks no server: what was approved is known, and nothing has to start for a look. */
    async find({ projectId, query, limit }: Params<'connection.tool.find'>, caller: Caller) {
      await access(projectId, caller, 'write');
      const known = (await listConnections(database, projectId)).flatMap(({ name, approved }) =>
        Object.entries(approved).map(([tool, { line }]) => ({ server: name, tool, line })),
      );
      const ranked = rankTools(known, query);
      return { tools: ranked.slice(0, limit), omitted: Math.max(0, ranked.length - limit) };
    },

    async reach({ projectId, server }: Params<'connection.reach'>): Promise<{ outward: boolean }> {
      const row = (await listConnections(database, projectId)).find(({ name }) => name === server);
      if (row === undefined) throw fault('connections.unknown');
      return { outward: row.kind === 'http' || row.network };
    },

    async describeTool(params: Params<'connection.tool.describe'>, caller: Caller) {
      const row = await named(params, caller);
      const { description = '', inputSchema } = await approvedTool(row, params, caller.call);
      return { description, schema: inputSchema as Record<string, unknown> };
    },

    async callTool(params: Params<'connection.tool.call'>, caller: Caller) {
      const row = await named(params, caller);
      const { call } = caller;
      await approvedTool(row, params, call);
      const result = await links.useServer(row, { taskId: params.taskId, call }, (session) =>
        session.call(params.tool, params.arguments, call.signal),
      );
      const text = textOf(result);
      const limitBytes = config.resultBytes;
      if (Buffer.byteLength(text) > limitBytes)
        throw fault('connections.answer_too_large', { name: row.name, limitBytes });
      const source = `mcp:${row.name}/${params.tool}`;
      return { text, isError: result.isError === true, untrusted: true as const, source };
    },

    /** The other agent of that name. Its callers are parts of the platform that have looked at rights before. */
    async agentNamed(projectId: string, name: string): Promise<ConnectionRow> {
      const row = (await listConnections(database, projectId)).find((one) => one.name === name);
      if (row === undefined) throw fault('connections.unknown');
      if (row.kind !== 'agent') throw fault('connections.kind_wrong', { kind: row.kind });
      return row;
    },
  };
}

function announced(row: ConnectionRow, change: 'added' | 'removed' | 'approved', userId: string) {
  const { projectId, connectionId, name } = row;
  return { projectId, connectionId, name, change, userId };
}

function describe(row: ConnectionRow): Connection {
  const { sealed: _sealed, createdBy: _createdBy, approved, createdAt, ...shown } = row;
  return {
    ...shown,
    approved: Object.keys(approved).toSorted(),
    createdAt: createdAt.toISOString(),
  };
}
