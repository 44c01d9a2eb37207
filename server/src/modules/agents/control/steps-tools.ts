import { z } from 'zod';
import { reason } from '../reasons/reason.ts';
import type { FoundTool, Told, ToolUse } from '../tools/server-tools.ts';
import { parseJson } from './json-answer.ts';
import type { ToolCall } from './model.ts';
import { approvedOf, type Conversation, type Outcome, type Work } from './work.ts';

/** The rule for small models: at most five tools a step. */
const mostTools = 5;
const mostCalls = 3;
const triesForArguments = 2;
const schemaCharacters = 4_000;
const Picked = z.object({ tool: z.int() });
const Arguments = z.record(z.string(), z.unknown());

type Ask = Extract<Outcome, { kind: 'ask' }>;

/**
 * Tools of the project's servers for a small model, before it changes files: it chooses one of five by number or none, and
 * gives its arguments by the grammar of the tool's own schema; what the tool tells is data beside the file. Null when the
 * work can go on; a question when a tool needs the user's leave.
 */
export async function askServers(
  work: Work,
  files: readonly string[],
  resumed: Conversation | null,
): Promise<Ask | null> {
  const { servers, learnt } = work;
  if (servers.definitions.length === 0) return null;
  const approved = resumed === null ? [] : approvedOf(resumed).later;
  let calls = resumed?.steps?.toolCalls ?? 0;
  const asking = (told: Extract<Told, { kind: 'ask' }>, wanted: ToolUse): Ask => ({
    kind: 'ask',
    question: told.question,
    consent: told.consent,
    conversation: {
      messages: [],
      approved,
      pending: { call: callOf(wanted, calls), consent: told.consent },
      steps: { files: [...files], facts: [...learnt.all], toolCalls: calls },
    },
  });
  const pending = resumed?.pending ?? null;
  if (resumed !== null && pending !== null) {
    calls += 1;
    const wanted = JSON.parse(pending.call.arguments) as ToolUse;
    if (resumed.decision === 'once' || resumed.decision === 'task') {
      const told = await servers.call(wanted, approvedOf(resumed).now);
      if (told.kind === 'ask') return asking(told, wanted);
      await learn(work, wanted, told);
    } else learnt.add(nameOf(wanted), 'The user does not allow this tool to be called.');
  }
  for (; calls < mostCalls; calls += 1) {
    work.signal.throwIfAborted();
    const wanted = await chooseTool(work);
    if (wanted === null) return null;
    const told = await servers.call(wanted, approved);
    if (told.kind === 'ask') return asking(told, wanted);
    await learn(work, wanted, told);
  }
  return null;
}

const nameOf = ({ server, tool }: { server: string; tool: string }) => `mcp:${server}/${tool}`;

function callOf(wanted: ToolUse, index: number): ToolCall {
  return { id: `steps_${index}`, name: 'call_tool', arguments: JSON.stringify(wanted) };
}

async function learn(
  { learnt, log }: Work,
  wanted: ToolUse,
  told: Exclude<Told, { kind: 'ask' }>,
): Promise<void> {
  const text = told.kind === 'told' && told.failed ? `The tool failed.\n${told.text}` : told.text;
  learnt.add(told.kind === 'told' ? told.source : nameOf(wanted), text);
  const refused = told.kind === 'refused' ? { refused: told.refused } : {};
  await log('tool', { name: 'call_tool', arguments: JSON.stringify(wanted), result: text, ...refused });
}

async function chooseTool(work: Work): Promise<ToolUse | null> {
  const { servers, model, prompt, task } = work;
  const found = await servers.find(task, mostTools);
  if (found.length === 0) return null;
  const candidates = found.map(({ server, tool, line }) => `${server} ${tool}: ${line}`);
  for (const { server, tool } of found) work.sawData(nameOf({ server, tool }));
  const schema = {
    type: 'object',
    properties: { tool: { type: 'integer', minimum: 0, maximum: found.length } },
    required: ['tool'],
    additionalProperties: false,
  };
  const content = await prompt('agent.pick-tool', { task, candidates, known: work.facts() });
  const answer = await model.ask({
    messages: [{ role: 'user', content }],
    schema,
    temperature: 0,
    seed: 1,
    maxTokens: 60,
  });
  const picked = Picked.safeParse(parseJson(answer.text));
  const chosen = picked.success ? found[picked.data.tool - 1] : undefined;
  return chosen === undefined ? null : argumentsFor(work, chosen);
}

async function argumentsFor(work: Work, { server, tool, line }: FoundTool): Promise<ToolUse | null> {
  const { servers, model, prompt, task, log } = work;
  const described = await servers.describe({ server, tool, line });
  if (described === null) return null;
  const { description, schema } = described;
  const shown = JSON.stringify(schema);
  const content = await prompt('agent.tool-arguments', {
    task,
    tool: `${server} ${tool}`,
    description: description.slice(0, schemaCharacters),
    schema: shown.slice(0, schemaCharacters),
    known: work.facts(),
  });
  for (let attempt = 0; attempt < triesForArguments; attempt += 1) {
    const answer = await model.ask({
      messages: [{ role: 'user', content }],
      // A grammar for decisions; the tool's own form is one.
      ...(shown.length <= schemaCharacters ? { schema } : {}),
      temperature: attempt === 0 ? 0 : 0.3,
      seed: attempt + 1,
      maxTokens: 1_000,
    });
    const parsed = Arguments.safeParse(parseJson(answer.text));
    if (parsed.success) return { server, tool, arguments: parsed.data };
    await log('retry', { tool: `${server} ${tool}`, attempt: attempt + 1, reason: reason('input_missing') });
  }
  return null;
}
