import { fault } from '#base/fault.ts';
import type { ChatRequest, CompletionRequest } from '../contract-requests.ts';
import type {
  ChatMessage,
  GenerateRequest,
  OutputFormat,
  Prompt,
  Sampling,
  ToolChoice,
} from '../engine/engine.ts';

export interface EngineDefaults {
  readonly temperature: number;
  readonly maxTokens: number;
}

/**
 * What OpenAI's API has and changes an answer, and no local model can do. Fields that change none, such as `user`,
 * `metadata`, `store` and `service_tier`, are let be.
 */
const foreignInChats: Readonly<Record<string, string>> = {
  functions: 'use tools instead',
  function_call: 'use tool_choice instead',
  audio: 'this model writes text only',
  web_search_options: 'this model searches nothing',
};
const foreignInCompletions: Readonly<Record<string, string>> = { best_of: 'use n instead' };

/** @throws llm.request_invalid with the field's name */
function refuseForeign(
  body: Readonly<Record<string, unknown>>,
  foreign: Readonly<Record<string, string>>,
): void {
  for (const [field, reason] of Object.entries(foreign)) {
    const value = body[field];
    // One of one is no choice.
    if (value !== undefined && value !== null && !(field === 'best_of' && value === 1))
      throw invalid(field, reason);
  }
  const { modalities } = body;
  if (Array.isArray(modalities) && modalities.some((modality) => modality !== 'text')) {
    throw invalid('modalities', 'this model writes text only');
  }
}

function invalid(field: string, reason: string) {
  return fault('llm.request_invalid', { field, reason });
}

/**
 * A chat request as the engine takes it. What a local model can't do is refused, never ignored.
 * @throws llm.request_invalid
 */
export function chatToEngine(body: ChatRequest, defaults: EngineDefaults): GenerateRequest {
  refuseForeign(body, foreignInChats);
  const tools = body.tools ?? [];
  const prompt: Prompt = {
    kind: 'chat',
    messages: body.messages.map(messageOf),
    ...(tools.length === 0
      ? {}
      : {
          tools: tools.map(({ function: { name, description, parameters } }) => ({
            name,
            ...(typeof description === 'string' ? { description } : {}),
            parameters: parameters ?? { type: 'object', properties: {} },
          })),
          toolChoice: toolChoiceOf(body),
          parallelToolCalls: body.parallel_tool_calls ?? true,
        }),
  };
  if (
    tools.length === 0 &&
    body.tool_choice !== undefined &&
    body.tool_choice !== null &&
    body.tool_choice !== 'none' &&
    body.tool_choice !== 'auto'
  ) {
    throw invalid('tool_choice', 'it asks for a tool, but there are no tools');
  }
  const wantsLogprobs = body.logprobs === true;
  if (!wantsLogprobs && typeof body.top_logprobs === 'number' && body.top_logprobs > 0) {
    throw invalid('top_logprobs', 'it needs logprobs: true');
  }
  return {
    prompt,
    format: formatOf(body),
    sampling: samplingOf(body, defaults),
    maxTokens: body.max_completion_tokens ?? body.max_tokens ?? defaults.maxTokens,
    stop: stopOf(body.stop),
    topLogprobs: wantsLogprobs ? (body.top_logprobs ?? 0) : null,
  };
}

/** A completion as the engine takes it; with a suffix the model fills in the middle. @throws llm.request_invalid */
export function completionToEngine(
  body: CompletionRequest,
  prompt: string,
  defaults: EngineDefaults,
): GenerateRequest {
  refuseForeign(body, foreignInCompletions);
  const suffix = body.suffix ?? '';
  return {
    prompt: suffix === '' ? { kind: 'text', text: prompt } : { kind: 'infill', prefix: prompt, suffix },
    format: { kind: 'text' },
    sampling: samplingOf(body, defaults),
    maxTokens: body.max_tokens ?? defaults.maxTokens,
    stop: stopOf(body.stop),
    topLogprobs: body.logprobs ?? null,
  };
}

function messageOf(message: ChatRequest['messages'][number], index: number): ChatMessage {
  const content = textOf(message.content, index);
  const calls = message.tool_calls ?? [];
  if (message.role === 'tool' && typeof message.tool_call_id !== 'string') {
    throw invalid(`messages.${index}.tool_call_id`, 'a tool’s message needs the id of its call');
  }
  return {
    role: message.role === 'developer' ? 'system' : message.role,
    content,
    ...(calls.length === 0
      ? {}
      : {
          toolCalls: calls.map((call) => ({
            id: call.id,
            name: call.function.name,
            arguments: call.function.arguments,
          })),
        }),
    ...(typeof message.tool_call_id === 'string' ? { toolCallId: message.tool_call_id } : {}),
    ...(typeof message.name === 'string' ? { name: message.name } : {}),
  };
}

function textOf(content: ChatRequest['messages'][number]['content'], index: number): string {
  if (content === undefined || content === null) return '';
  if (typeof content === 'string') return content;
  return content
    .map((part, place) => {
      if (part.type === 'text' && typeof part.text === 'string') return part.text;
      throw invalid(`messages.${index}.content.${place}`, `this model reads text only, not ${part.type}`);
    })
    .join('');
}

function toolChoiceOf(body: ChatRequest): ToolChoice {
  const choice = body.tool_choice ?? 'auto';
  if (typeof choice === 'string') return { kind: choice };
  const { name } = choice.function;
  if (!(body.tools ?? []).some((tool) => tool.function.name === name)) {
    throw invalid('tool_choice', `there is no tool ${name.slice(0, 64)}`);
  }
  return { kind: 'named', name };
}

function formatOf({ response_format: format }: ChatRequest): OutputFormat {
  switch (format?.type) {
    case 'json_object':
      return { kind: 'json' };
    case 'json_schema':
      return { kind: 'schema', schema: format.json_schema.schema };
    default:
      return { kind: 'text' };
  }
}

function samplingOf(body: ChatRequest | CompletionRequest, defaults: EngineDefaults): Sampling {
  const given = <Key extends string, Value>(key: Key, value: Value | null | undefined) =>
    value === undefined || value === null ? {} : ({ [key]: value } as { [K in Key]: Value });
  const bias = body.logit_bias;
  return {
    temperature: body.temperature ?? defaults.temperature,
    ...given('topP', body.top_p),
    ...given('topK', body.top_k),
    ...given('minP', body.min_p),
    ...given('frequencyPenalty', body.frequency_penalty),
    ...given('presencePenalty', body.presence_penalty),
    ...given('repeatPenalty', body.repeat_penalty),
    ...given('seed', body.seed),
    ...(bias === undefined || bias === null
      ? {}
      : { logitBias: new Map(Object.entries(bias).map(([token, value]) => [Number(token), value])) }),
  };
}

function stopOf(stop: ChatRequest['stop']): readonly string[] {
  if (stop === undefined || stop === null) return [];
  return typeof stop === 'string' ? [stop] : stop;
}

/** The same request for the nth answer: with a seed of its own where one was asked for. */
export function forChoice(request: GenerateRequest, index: number): GenerateRequest {
  const { seed } = request.sampling;
  if (seed === undefined || index === 0) return request;
  return { ...request, sampling: { ...request.sampling, seed: seed + index } };
}
