import { z } from 'zod';
import type { Call, Client } from '#base/contract.ts';
import { isFault, type Language } from '#base/fault.ts';
import type { connectionsContract } from '#modules/connections/contract.ts';
import type { ToolCall } from '../control/model.ts';
import { type Reason, reason } from '../reasons/reason.ts';
import { serverNeed } from './needs.ts';
import type { Used } from './tools.ts';
import { asData } from './untrusted.ts';

/** A tool as it is found: one line about it, by its own author. */
export interface FoundTool {
  readonly server: string;
  readonly tool: string;
  readonly line: string;
}

export interface ToolUse {
  readonly server: string;
  readonly tool: string;
  readonly arguments: Record<string, unknown>;
}

export type Told =
  | { readonly kind: 'told'; readonly source: string; readonly text: string; readonly failed: boolean }
  | { readonly kind: 'refused'; readonly text: string; readonly refused: Reason }
  | Extract<Used, { kind: 'ask' }>;

/**
 * Tools of the project's MCP servers. A controller with tools gets three of ours that find, describe and call; one in
 * steps takes the parts by themselves.
 */
export interface ServerTools {
  /** In OpenAI's form; empty when the project has none, so that nothing of it takes room. */
  readonly definitions: readonly object[];
  /** Null when the call is none of these. */
  use(call: ToolCall, approved: readonly string[]): Promise<Used | null>;
  /** By words, the best first; any, when no tool has the words. */
  find(query: string, limit: number): Promise<readonly FoundTool[]>;
  /** What a tool says of itself and takes; null when it cannot be asked. */
  describe(found: FoundTool): Promise<{ readonly description: string; readonly schema: object } | null>;
  call(wanted: ToolUse, approved: readonly string[]): Promise<Told>;
}

const schemas = {
  find_tool: z.strictObject({ query: z.string().max(500) }),
  describe_tool: z.strictObject({ server: z.string().max(40), tool: z.string().max(200) }),
  call_tool: z.strictObject({
    server: z.string().max(40),
    tool: z.string().max(200),
    arguments: z.record(z.string(), z.unknown()).default({}),
  }),
} as const;
type Name = keyof typeof schemas;

const descriptions: Readonly<Record<Name, string>> = {
  find_tool: 'Finds tools of this project’s servers by words: server, name and one line of each.',
  describe_tool: 'Tells what such a tool does and which arguments it takes. Do this before the first call.',
  call_tool: 'Calls such a tool.',
};

const shownCharacters = 30_000;
const mostQuery = 500;
const none: ServerTools = {
  definitions: [],
  use: async () => null,
  find: async () => [],
  describe: async () => null,
  call: async (_wanted) => ({
    kind: 'refused',
    text: 'There are no tools.',
    refused: reason('tool_unknown', { tool: 'call_tool' }),
  }),
};

/**
 * A server's program runs in the task's copy, so only agents that may run programs get its tools. A server that reaches
 * beyond the sandbox is called with the user's leave, once for each tool and task.
 */
export async function serverTools(parts: {
  readonly connections: Client<typeof connectionsContract>;
  readonly projectId: string;
  readonly taskId: string;
  readonly call: Call;
  readonly mayRun: boolean;
  readonly language: Language;
  readonly sources: ReadonlySet<string>;
  readonly sawData: (source: string) => void;
}): Promise<ServerTools> {
  const { connections, projectId, taskId, call } = parts;
  if (!parts.mayRun) return none;
  const known = await connections.call('connection.tool.find', { projectId, limit: 1 }, call);
  if (known.tools.length === 0) return none;

  async function listed(query: string): Promise<Used> {
    const { tools, omitted } = await connections.call('connection.tool.find', { projectId, query }, call);
    const lines = tools.map(({ server, tool, line }) => `${server} ${tool}: ${line}`);
    if (omitted > 0) lines.push(`[${omitted} more are not shown: ask with other words]`);
    return told('the tool servers', lines.length === 0 ? 'No tool has these words.' : lines.join('\n'));
  }

  async function describe({ server, tool }: { readonly server: string; readonly tool: string }) {
    const query = { projectId, taskId, server, tool };
    parts.sawData(`mcp:${server}/${tool}`);
    return connections.call('connection.tool.describe', query, call);
  }

  async function callTool(wanted: ToolUse, approved: readonly string[]): Promise<Told> {
    const { server, tool, arguments: values } = wanted;
    const { outward } = await connections.call('connection.reach', { projectId, server }, call);
    const need = outward ? serverNeed(parts, { server, tool, values }, approved) : null;
    if (need !== null) return need;
    const { text, isError, source } = await connections.call(
      'connection.tool.call',
      { projectId, taskId, server, tool, arguments: values },
      call,
    );
    parts.sawData(source);
    return { kind: 'told', source, text, failed: isError };
  }

  /** What the connections refuse is told; what else goes wrong ends the task. */
  function refusal(error: unknown): { readonly text: string; readonly refused: Reason } {
    call.signal.throwIfAborted();
    if (!isFault(error) || !/^(connections|sandbox)\./.test(error.code)) throw error;
    const said = typeof error.data.reason === 'string' ? `\n${asData('the server', error.data.reason)}` : '';
    return { text: `Refused: ${error.code}${said}`, refused: reason('refused_by', { code: error.code }) };
  }

  function told(source: string, text: string): Used & { kind: 'result' } {
    parts.sawData(source);
    const left = text.length - shownCharacters;
    const shown =
      left > 0 ? `${text.slice(0, shownCharacters)}\n[${left} more characters are not shown]` : text;
    return { kind: 'result', text: asData(source, shown), changed: source.startsWith('mcp:') };
  }

  async function useNamed(name: Name, parsed: unknown, approved: readonly string[]): Promise<Used> {
    if (name === 'find_tool') return listed((parsed as z.output<typeof schemas.find_tool>).query);
    const wanted = parsed as z.output<typeof schemas.call_tool>;
    if (name === 'describe_tool') {
      const { description, schema } = await describe(wanted);
      return told(`mcp:${wanted.server}/${wanted.tool}`, `${description}\n${JSON.stringify(schema)}`);
    }
    const answer = await callTool(wanted, approved);
    if (answer.kind === 'ask') return answer;
    if (answer.kind === 'refused')
      return { kind: 'result', text: answer.text, changed: false, refused: answer.refused };
    const result = told(answer.source, answer.text);
    return answer.failed ? { ...result, text: `The tool failed.\n${result.text}` } : result;
  }

  return {
    definitions: (Object.keys(schemas) as Name[]).map((name) => ({
      type: 'function',
      function: {
        name,
        description: descriptions[name],
        parameters: z.toJSONSchema(schemas[name], { io: 'input' }),
      },
    })),
    async use({ name, arguments: text }, approved) {
      if (!Object.hasOwn(schemas, name)) return null;
      const parsed = parse(name as Name, text);
      if (parsed === null) {
        const why = reason('input_wrong', { problem: name });
        return { kind: 'result', text: 'The arguments do not fit.', changed: false, refused: why };
      }
      try {
        return await useNamed(name as Name, parsed, approved);
      } catch (error) {
        return { kind: 'result', changed: false, ...refusal(error) };
      }
    },
    async find(query, limit) {
      const words = { projectId, query: query.slice(0, mostQuery), limit };
      const { tools } = await connections.call('connection.tool.find', words, call);
      if (tools.length > 0) return tools;
      return (await connections.call('connection.tool.find', { projectId, limit }, call)).tools;
    },
    async describe(found) {
      try {
        return await describe(found);
      } catch (error) {
        refusal(error);
        return null;
      }
    },
    async call(wanted, approved) {
      try {
        return await callTool(wanted, approved);
      } catch (error) {
        return { kind: 'refused', ...refusal(error) };
      }
    },
  };
}

function parse(name: Name, text: string): unknown {
  try {
    const parsed = schemas[name].safeParse(text.trim() === '' ? {} : JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
