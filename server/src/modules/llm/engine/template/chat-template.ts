import { Template } from '@huggingface/jinja';
import { fault } from '#base/fault.ts';
import type { ChatMessage, Prompt, ToolCall, ToolDefinition } from '../engine.ts';
import { knowsTools } from '../tools/syntax.ts';
import { withToolHint } from '../tools/tool-hint.ts';

type ChatPrompt = Extract<Prompt, { kind: 'chat' }>;

export interface TemplateOptions {
  /** Named in faults. */
  readonly modelId: string;
  readonly beginning: string;
  readonly end: string;
}

export interface ChatTemplate {
  /** The template's source, for what it tells about the model's tool-call syntax. */
  readonly source: string;
  /** @throws llm.prompt_rejected when the template refuses the messages */
  render(prompt: ChatPrompt): string;
}

/** Compiles the Jinja template of a model (the `tokenizer.chat_template` of its file). */
export function createChatTemplate(source: string, options: TemplateOptions): ChatTemplate {
  const template = new Template(source);
  const toolsKnown = knowsTools(source);
  const renderOnce = (prompt: ChatPrompt, given: readonly ChatMessage[]): string => {
    const tools = prompt.toolChoice?.kind === 'none' ? [] : (prompt.tools ?? []);
    const messages = toolsKnown || tools.length === 0 ? withToolNames(given) : withToolHint(given, tools);
    return template.render({
      messages: messages.map((message) => templateMessage(message)),
      ...(toolsKnown && tools.length > 0 ? { tools: tools.map(templateTool) } : {}),
      bos_token: options.beginning,
      eos_token: options.end,
      add_generation_prompt: true,
      // Qwen's switch for long trains of thought, which a small machine has no time for.
      enable_thinking: false,
    });
  };
  return {
    source,
    render(prompt) {
      try {
        return renderOnce(prompt, prompt.messages);
      } catch (error) {
        // Some templates (Gemma's, old Mistral's) know no system role.
        const merged = systemIntoUser(prompt.messages);
        if (merged !== null) {
          try {
            return renderOnce(prompt, merged);
          } catch {
            // The first refusal is the one about the messages as they were sent.
          }
        }
        throw fault(
          'llm.prompt_rejected',
          { model: options.modelId, reason: reasonOf(error) },
          { cause: error },
        );
      }
    },
  };
}

/** Some templates name the tool beside its result; OpenAI's messages give only the call's id. */
function withToolNames(messages: readonly ChatMessage[]): ChatMessage[] {
  const names = new Map<string, string>();
  return messages.map((message) => {
    for (const call of message.toolCalls ?? []) names.set(call.id, call.name);
    const name = message.name ?? names.get(message.toolCallId ?? '');
    return message.role === 'tool' && name !== undefined ? { ...message, name } : message;
  });
}

function templateMessage(message: ChatMessage): Record<string, unknown> {
  return {
    role: message.role,
    content: message.content,
    ...(message.name === undefined ? {} : { name: message.name }),
    ...(message.toolCallId === undefined ? {} : { tool_call_id: message.toolCallId }),
    ...(message.toolCalls === undefined ? {} : { tool_calls: message.toolCalls.map(templateCall) }),
  };
}

/** Templates write arguments with `tojson`, so they must be a value and not JSON text. */
function templateCall(call: ToolCall): Record<string, unknown> {
  return {
    id: call.id,
    type: 'function',
    function: { name: call.name, arguments: valueOf(call.arguments) },
  };
}

function valueOf(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return json;
  }
}

function templateTool(tool: ToolDefinition): Record<string, unknown> {
  return {
    type: 'function',
    function: { name: tool.name, description: tool.description ?? '', parameters: tool.parameters },
  };
}

function systemIntoUser(messages: readonly ChatMessage[]): ChatMessage[] | null {
  const [system, user, ...rest] = messages;
  if (system?.role !== 'system' || user?.role !== 'user') return null;
  return [{ ...user, content: `${system.content}\n\n${user.content}` }, ...rest];
}

function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.slice(0, 300);
}
