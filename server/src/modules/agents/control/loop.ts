import { fault } from '#base/fault.ts';
import { toolDefinitions, toolsFor, useTool } from '../tools/tools.ts';
import type { Answer, Message, ToolCall } from './model.ts';
import { parseJson } from './steps.ts';
import type { Conversation, Outcome, Work } from './work.ts';

const mostCalls = 80;
const mostRepeats = 3;
const mostSilent = 3;
const repairs = 2;
const answerTokens = 8_192;

/**
 * For strong models: a conversation with tools until the model says that it is finished and the agent's check agrees.
 * Ends on repeats without progress; a question or a command that needs consent ends it for now, to go on from there.
 */
export async function workWithTools(work: Work, resumed: Conversation | null): Promise<Outcome> {
  const state = {
    messages: resumed === null ? await opening(work) : [...resumed.messages],
    approved: [...(resumed?.approved ?? [])],
  };
  if (resumed !== null) state.messages.push(...(await answered(work, resumed, state.approved)));
  const tools = toolsFor(work.definition.grant);
  const seen = new Map<string, number>();
  let silent = 0;
  let failed = 0;
  for (let calls = 0; calls < mostCalls; calls += 1) {
    work.signal.throwIfAborted();
    const answer = await work.model.ask({
      messages: state.messages,
      tools: toolDefinitions(tools),
      temperature: work.definition.temperature,
      seed: 1,
      maxTokens: answerTokens,
    });
    const call = answer.toolCalls[0] ?? callInText(answer.text, calls);
    if (call === null) {
      silent += 1;
      if (silent >= mostSilent) throw fault('agents.stuck', { reason: 'it called no tool' });
      state.messages.push(
        { role: 'assistant', content: answer.text },
        { role: 'user', content: 'Call a tool. When the work is done, call finish.' },
      );
      continue;
    }
    silent = 0;
    state.messages.push(asMessage(answer, call));
    const key = `${call.name} ${call.arguments}`;
    const repeats = (seen.get(key) ?? 0) + 1;
    seen.set(key, repeats);
    if (repeats > mostRepeats) throw fault('agents.stuck', { reason: `it repeated ${call.name}` });
    const used = await useTool(work, call, { tools, approved: state.approved });
    await work.log('tool', {
      name: call.name,
      arguments: call.arguments,
      ...(used.kind === 'result' ? { result: used.text } : { asks: used.kind }),
    });
    switch (used.kind) {
      case 'result':
        // What changed since makes the same call a new one.
        if (used.changed) seen.clear();
        state.messages.push({ role: 'tool', tool_call_id: call.id, content: used.text });
        break;
      case 'ask': {
        const { question, command } = used;
        return { kind: 'ask', question, conversation: { ...state, pending: { callId: call.id, command } } };
      }
      case 'finish': {
        const result = await work.validate();
        if (result.passed) return { kind: 'done', summary: used.summary, checked: result };
        failed += 1;
        if (failed > repairs) throw fault('agents.check_failed', { reason: result.reason });
        await work.log('retry', { round: failed, reason: result.reason });
        state.messages.push({
          role: 'tool',
          tool_call_id: call.id,
          content: `The check failed; mend it.\n${result.output}`,
        });
      }
    }
  }
  throw fault('agents.stuck', { reason: `${mostCalls} calls did not finish it` });
}

async function opening(work: Work): Promise<Message[]> {
  const { agent, definition, projectRules, map, prompt, task, files } = work;
  const shown = map.slice(0, 400).join('\n');
  const system = await prompt('agent.loop', { role: agent, goal: definition.goal, projectRules, map: shown });
  const named = files.length === 0 ? '' : `\n\nIt is about: ${files.join(', ')}`;
  return [
    { role: 'system', content: system },
    { role: 'user', content: `${task}${named}` },
  ];
}

/** The reply of the user, as the result of the call that asked. */
async function answered(
  work: Work,
  { pending, reply = '' }: Conversation,
  approved: string[],
): Promise<Message[]> {
  if (pending === null) return [{ role: 'user', content: reply }];
  const { callId, command } = pending;
  if (command === null) return [{ role: 'tool', tool_call_id: callId, content: reply }];
  if (!/^\s*(yes|y|ja|j)\b/i.test(reply))
    return [{ role: 'tool', tool_call_id: callId, content: `The user refused: ${reply}` }];
  approved.push(JSON.stringify([command.command, ...command.args]));
  const { exitCode, output } = await work.context.bench.run(command);
  return [{ role: 'tool', tool_call_id: callId, content: `exit code ${exitCode}\n${output.slice(-20_000)}` }];
}

function asMessage(answer: Answer, call: ToolCall): Message {
  return {
    role: 'assistant',
    content: answer.toolCalls.length > 0 ? answer.text : '',
    tool_calls: [{ id: call.id, type: 'function', function: { name: call.name, arguments: call.arguments } }],
  };
}

/** Models that were not trained for tools write the call into the text. */
function callInText(text: string, index: number): ToolCall | null {
  const inner = /<tool_call>([\s\S]*?)<\/tool_call>/.exec(text)?.[1] ?? text;
  const found = parseJson(inner) as {
    name?: unknown;
    tool?: unknown;
    arguments?: unknown;
    parameters?: unknown;
  } | null;
  const name = found?.name ?? found?.tool;
  if (typeof name !== 'string') return null;
  const given = found?.arguments ?? found?.parameters ?? {};
  return { id: `text_${index}`, name, arguments: typeof given === 'string' ? given : JSON.stringify(given) };
}
