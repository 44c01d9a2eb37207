import { z } from 'zod';
import type { Call, Client } from '#base/contract.ts';
import { isFault, type Language } from '#base/fault.ts';
import type { connectionsContract } from '#modules/connections/contract.ts';
import type { ToolCall } from '../control/model.ts';
import type { Used } from './tools.ts';
import { asData } from './untrusted.ts';

/** Tools of the project's MCP servers, as a controller offers them: three tools of ours that find, describe and call. */
export interface ServerTools {
  /** In OpenAI's form; empty when the project has none, so that nothing of it takes room. */
  readonly definitions: readonly object[];
  /** Null when the call is none of these. */
  use(call: ToolCall, approved: readonly string[]): Promise<Used | null>;
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
const none: ServerTools = { definitions: [], use: async () => null };

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
  readonly sawData: (source: string) => void;
}): Promise<ServerTools> {
  const { connections, projectId, taskId, call } = parts;
  if (!parts.mayRun) return none;
  const known = await connections.call('connection.tool.find', { projectId, limit: 1 }, call);
  if (known.tools.length === 0) return none;

  async function find(query: string): Promise<Used> {
    const { tools, omitted } = await connections.call('connection.tool.find', { projectId, query }, call);
    const lines = tools.map(({ server, tool, line }) => `${server} ${tool}: ${line}`);
    if (omitted > 0) lines.push(`[${omitted} more are not shown: ask with other words]`);
    return told('the tool servers', lines.length === 0 ? 'No tool has these words.' : lines.join('\n'));
  }

  async function describe(server: string, tool: string): Promise<Used> {
    const query = { projectId, taskId, server, tool };
    const { description, schema } = await connections.call('connection.tool.describe', query, call);
    return told(`mcp:${server}/${tool}`, `${description}\n${JSON.stringify(schema)}`);
  }

  async function use(
    { server, tool, arguments: values }: z.output<typeof schemas.call_tool>,
    approved: readonly string[],
  ): Promise<Used> {
    const grants = JSON.stringify(['mcp', server, tool]);
    const { outward } = await connections.call('connection.reach', { projectId, server }, call);
    if (outward && !approved.includes(grants))
      return { kind: 'ask', question: question({ server, tool, values }), command: null, grants };
    const { text, isError, source } = await connections.call(
      'connection.tool.call',
      { projectId, taskId, server, tool, arguments: values },
      call,
    );
    const answer = told(source, text);
    return isError ? { ...answer, text: `The tool failed.\n${answer.text}` } : answer;
  }

  function told(source: string, text: string): Used & { kind: 'result' } {
    parts.sawData(source);
    const left = text.length - shownCharacters;
    const shown =
      left > 0 ? `${text.slice(0, shownCharacters)}\n[${left} more characters are not shown]` : text;
    return { kind: 'result', text: asData(source, shown), changed: source.startsWith('mcp:') };
  }

  function question(about: { server: string; tool: string; values: object }): string {
    const { server, tool } = about;
    const shown = JSON.stringify(about.values).slice(0, 1_000);
    return parts.language === 'de'
      ? `Darf der Agent ${tool} von ${server} aufrufen? Das verlässt die Sandbox.\n${shown}\nja: für diese Aufgabe; nein: gar nicht.`
      : `May the agent call ${tool} of ${server}? It leaves the sandbox.\n${shown}\nyes: for this task; no: not at all.`;
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
      if (parsed === null) return { kind: 'result', text: 'The arguments do not fit.', changed: false };
      try {
        if (name === 'find_tool') return await find((parsed as z.output<typeof schemas.find_tool>).query);
        const wanted = parsed as z.output<typeof schemas.call_tool>;
        return name === 'describe_tool'
          ? await describe(wanted.server, wanted.tool)
          : await use(wanted, approved);
      } catch (error) {
        call.signal.throwIfAborted();
        if (!isFault(error) || !/^(connections|sandbox)\./.test(error.code)) throw error;
        const reason =
          typeof error.data.reason === 'string' ? `\n${asData('the server', error.data.reason)}` : '';
        return { kind: 'result', text: `Refused: ${error.code}${reason}`, changed: false };
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
