import type { Tool } from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { Principal } from '#base/principal.ts';
import type { BoundMethod } from '#kernel/rpc/method.ts';
import { mayCall } from './call.ts';

/** How a method is offered as a tool; what it takes and answers comes from its contract. */
interface Offer {
  readonly name: string;
  readonly method: string;
  readonly title: string;
  /** What a model should know beyond the method's summary. */
  readonly advice: string;
  readonly reads?: true;
  readonly destroys?: true;
  /** Reaches beyond the platform, as far as the project's network rules let it. */
  readonly leaves?: true;
}

/** Names without dots: several clients and model providers take letters, digits, `_` and `-` only. */
const offers: readonly Offer[] = [
  {
    name: 'project_list',
    method: 'project.list',
    title: 'List projects',
    advice: 'Begin here: every other tool takes the id of a project as projectId.',
    reads: true,
  },
  {
    name: 'project_open',
    method: 'project.open',
    title: 'Open a project',
    advice: 'Use it to see which files there are before you read them.',
    reads: true,
  },
  {
    name: 'fs_list',
    method: 'fs.list',
    title: 'List files',
    advice: 'Paths are relative to the project, with forward slashes; the empty path is the project itself.',
    reads: true,
  },
  {
    name: 'fs_read',
    method: 'fs.read',
    title: 'Read a file',
    advice: 'Of a long file read ranges by offset and length, in bytes. Keep the etag for fs_write.',
    reads: true,
  },
  {
    name: 'fs_write',
    method: 'fs.write',
    title: 'Write a file',
    advice:
      'Pass as ifMatch the etag that fs_read told, so that nothing that changed meanwhile is overwritten; null for a file that must not exist yet.',
    destroys: true,
  },
  {
    name: 'sandbox_engines',
    method: 'sandbox.engines',
    title: 'Which engines run here',
    advice: 'Tells which engines sandbox_execute can use here and which programs each takes.',
    reads: true,
  },
  {
    name: 'sandbox_execute',
    method: 'sandbox.execute',
    title: 'Run a program',
    advice:
      'Engine run is usual and works in the project’s folder. program is {"kind":"command","command":"npm","args":["test"]}, {"kind":"code","language":"python","code":"…"} or {"kind":"module","path":"a.wasm"}.',
    destroys: true,
    leaves: true,
  },
  {
    name: 'search_code',
    method: 'search.code',
    title: 'Search code',
    advice: 'mode exact for the very text, regex for a pattern, hybrid for words or a question.',
    reads: true,
  },
  {
    name: 'search_map',
    method: 'search.map',
    title: 'Map a project',
    advice: 'The quickest overview of a project that you do not know.',
    reads: true,
  },
  {
    name: 'prompt_list',
    method: 'prompt.list',
    title: 'List prompts',
    advice: 'Each names its variables, which prompt_generate takes.',
    reads: true,
  },
  {
    name: 'prompt_generate',
    method: 'prompt.generate',
    title: 'Fill a prompt',
    advice: 'The same values always give the same text.',
    reads: true,
  },
  {
    name: 'git_status',
    method: 'project.git.status',
    title: 'Git status',
    advice: 'Look at it before and after you change files.',
    reads: true,
  },
  {
    name: 'git_diff',
    method: 'project.git.diff',
    title: 'Git diff',
    advice: 'Without from and to: what differs from the last commit.',
    reads: true,
  },
];

/** A tool with the method that carries it out. */
export interface OfferedTool {
  readonly tool: Tool;
  readonly method: BoundMethod;
}

/** The tools, by name, made of those methods of the platform that are offered. */
export function toolsOf(methods: Iterable<BoundMethod>): ReadonlyMap<string, OfferedTool> {
  const byName = new Map([...methods].map((method) => [method.name, method]));
  const tools = new Map<string, OfferedTool>();
  for (const offer of offers) {
    const method = byName.get(offer.method);
    if (method !== undefined) tools.set(offer.name, { method, tool: toolOf(offer, method) });
  }
  return tools;
}

function toolOf(offer: Offer, { definition }: BoundMethod): Tool {
  const output = schemaOf(definition.result, 'output');
  return {
    name: offer.name,
    title: offer.title,
    description: `${definition.summary} ${offer.advice}`,
    inputSchema: { ...schemaOf(definition.params, 'input'), type: 'object' },
    ...(output.type === 'object' ? { outputSchema: { ...output, type: 'object' as const } } : {}),
    annotations: {
      readOnlyHint: offer.reads === true,
      destructiveHint: offer.destroys === true,
      openWorldHint: offer.leaves === true,
    },
  };
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Record<string, unknown> {
  return z.toJSONSchema(schema, { io, unrepresentable: 'any' });
}

/** The tools that this principal may call: by role, and by the scopes of an API key. */
export function toolsFor(tools: ReadonlyMap<string, OfferedTool>, principal: Principal): Tool[] {
  return [...tools.values()].filter(({ method }) => mayCall(method, principal)).map(({ tool }) => tool);
}
