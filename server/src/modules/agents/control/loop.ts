import { fault, isFault } from '#base/fault.ts';
import { reason } from '../reasons/reason.ts';
import { type ToolName, toolDefinitions, toolsFor, type Used, useTool } from '../tools/tools.ts';
import { asData } from '../tools/untrusted.ts';
import { fitConversation } from './context.ts';
import { parseJson } from './json-answer.ts';
import type { Answer, Message, ToolCall } from './model.ts';
import { createProgress } from './progress.ts';
import { approvedOf, type Conversation, type Outcome, type ProjectMap, type Work } from './work.ts';

const mostCalls = 80;
const repairs = 2;
const answerTokens = 8_192;
/** Of the window, how much a conversation may fill before it is shortened, and what is left of it then. */
const fullShare = 0.8;
const shortenedShare = 0.5;

/**
 * For strong models: a conversation with tools until the model says that it is finished and the agent's check agrees.
 * Ends when nothing comes of it; a question or a command that needs consent ends it for now, to go on from there.
 */
export async function workWithTools(work: Work, resumed: Conversation | null): Promise<Outcome> {
  const tools = toolsFor(work.definition.grant);
  const state = {
    messages: resumed === null ? await opening(work) : [...resumed.messages],
    approved: resumed === null ? [] : approvedOf(resumed).later,
  };
  if (resumed !== null) state.messages.push(await answered(work, resumed, tools));
  const progress = createProgress();
  let failed = 0;
  for (let calls = 0; calls < mostCalls; calls += 1) {
    work.signal.throwIfAborted();
    const offered = [...toolDefinitions(tools), ...work.servers.definitions];
    const answer = await ask(work, state, offered);
    const call = answer.toolCalls[0] ?? callInText(answer.text, calls);
    if (call === null) {
      progress.silent();
      state.messages.push(
        { role: 'assistant', content: answer.text },
        { role: 'user', content: 'Call a tool. When the work is done, call finish.' },
      );
      continue;
    }
    state.messages.push(asMessage(answer, call));
    progress.asked(call);
    const used = await use(work, call, { tools, approved: state.approved });
    switch (used.kind) {
      case 'result':
        progress.answered(call, used);
        state.messages.push({ role: 'tool', tool_call_id: call.id, content: used.text });
        break;
      case 'ask': {
        const { question, consent } = used;
        return { kind: 'ask', question, consent, conversation: { ...state, pending: { call, consent } } };
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
          content: `The check failed; mend it.\n${asData('the check', result.output)}`,
        });
      }
    }
  }
  throw fault('agents.stuck', { reason: reason('calls_many', { count: mostCalls }) });
}

/** Asks with as much of the conversation as the model can hold, by what it has counted so far or says itself. */
async function ask(work: Work, state: { messages: Message[] }, tools: object[]): Promise<Answer> {
  const { model } = work;
  const question = () => ({
    messages: state.messages,
    tools,
    temperature: work.definition.temperature,
    seed: 1,
    maxTokens: answerTokens,
  });
  const tokensOf = (messages: readonly Message[]) => model.likelyTokens({ messages, tools });
  async function shorten(contextSize: number): Promise<void> {
    const limit = Math.floor(contextSize * shortenedShare);
    const fitted = fitConversation(state.messages, { model: model.name, contextSize, limit, tokensOf });
    state.messages = fitted.messages;
    await work.log('context', { omittedCharacters: fitted.omittedCharacters, contextSize });
  }
  if (model.contextSize !== null && tokensOf(state.messages) > model.contextSize * fullShare) {
    await shorten(model.contextSize);
  }
  try {
    return await model.ask(question());
  } catch (error) {
    if (!isFault(error, 'llm.context_length_exceeded')) throw error;
    await shorten(Number(error.data.contextSize ?? model.contextSize ?? tokensOf(state.messages)));
    return model.ask(question());
  }
}

async function opening(work: Work): Promise<Message[]> {
  const { agent, definition, projectRules, map, prompt, task, files, language } = work;
  const shown = asData('the map of the project', shownMap(map));
  const system = await prompt('agent.loop', {
    role: agent,
    goal: definition.goal,
    projectRules,
    map: shown,
    answerLanguage: language,
  });
  const named = files.length === 0 ? '' : `\n\nIt is about: ${files.join(', ')}`;
  return [
    { role: 'system', content: system },
    { role: 'user', content: `${task}${named}` },
  ];
}

const shownFiles = 400;

function shownMap({ files, omittedFiles }: ProjectMap): string {
  const left = Math.max(0, files.length - shownFiles) + omittedFiles;
  const lines = files.slice(0, shownFiles).map(({ line }) => line);
  return [...lines, ...(left > 0 ? [`[${left} more files are not shown]`] : [])].join('\n');
}

/** Runs a call, ours or one of a server, and logs it. */
async function use(
  work: Work,
  call: ToolCall,
  rights: { readonly tools: readonly ToolName[]; readonly approved: readonly string[] },
): Promise<Used> {
  const used = (await work.servers.use(call, rights.approved)) ?? (await useTool(work, call, rights));
  await work.log('tool', {
    name: call.name,
    arguments: call.arguments,
    ...(used.kind === 'result'
      ? { result: used.text, ...(used.refused === undefined ? {} : { refused: used.refused }) }
      : { asks: used.kind }),
  });
  return used;
}

/** The reply of the user as the result of the call that asked; with their leave the call itself runs. */
async function answered(
  work: Work,
  conversation: Conversation,
  tools: readonly ToolName[],
): Promise<Message> {
  const { pending, reply = '', decision = 'no' } = conversation;
  if (pending === null) return { role: 'user', content: reply };
  const { call, consent } = pending;
  const result = (content: string): Message => ({ role: 'tool', tool_call_id: call.id, content });
  if (consent === null) return result(reply);
  if (decision === 'no') return result(`The user refused: ${reply}`);
  const used = await use(work, call, { tools, approved: approvedOf(conversation).now });
  return result(used.kind === 'result' ? used.text : 'It was not done.');
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
