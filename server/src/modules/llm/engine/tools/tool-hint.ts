import type { ChatMessage, ToolDefinition } from '../engine.ts';

/** Tells a model about its tools in words, where its chat template knows none. */
export function withToolHint(
  messages: readonly ChatMessage[],
  tools: readonly ToolDefinition[],
): ChatMessage[] {
  const described = tools.map((tool) =>
    JSON.stringify({ name: tool.name, description: tool.description, parameters: tool.parameters }),
  );
  const hint = [
    'You can call these functions:',
    ...described,
    'To call one, answer with nothing but a JSON object: {"name": <function name>, "arguments": <arguments object>}',
  ].join('\n');
  const plain = messages.map((message) => plainMessage(message));
  const [first, ...rest] = plain;
  if (first?.role === 'system') return [{ ...first, content: `${first.content}\n\n${hint}` }, ...rest];
  return [{ role: 'system', content: hint }, ...plain];
}

/** Calls and their results as ordinary turns, because such a template knows no role for them. */
function plainMessage(message: ChatMessage): ChatMessage {
  if (message.role === 'tool')
    return { role: 'user', content: `Result of ${message.name ?? 'the call'}:\n${message.content}` };
  if (message.toolCalls === undefined || message.toolCalls.length === 0) return message;
  const calls = message.toolCalls.map(
    (call) => `{"name": ${JSON.stringify(call.name)}, "arguments": ${call.arguments}}`,
  );
  return { role: 'assistant', content: [message.content, ...calls].filter((part) => part !== '').join('\n') };
}
