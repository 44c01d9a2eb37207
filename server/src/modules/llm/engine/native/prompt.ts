import type { LlamaModel, Token } from 'node-llama-cpp';
import { fault } from '#base/fault.ts';
import type { Prompt, ToolCall } from '../engine.ts';
import type { ChatTemplate } from '../template/chat-template.ts';

export interface PromptParts {
  readonly model: LlamaModel;
  readonly modelId: string;
  readonly template: ChatTemplate | null;
  /** Texts of the vocabulary's control tokens. */
  readonly controlTexts: readonly string[];
}

/** A noncharacter of Unicode: no text that a model is meant to read holds it. */
const breakMark = '\ufdd0';

/** The tokens that the model is to continue. @throws llm.capability_missing, llm.prompt_rejected */
export function promptTokens(parts: PromptParts, prompt: Prompt): Token[] {
  switch (prompt.kind) {
    case 'text':
      return withBeginning(parts.model, parts.model.tokenize(prompt.text, true));
    case 'infill':
      return infillTokens(parts, prompt);
    case 'chat':
      return chatTokens(parts, prompt);
  }
}

function chatTokens(parts: PromptParts, prompt: Extract<Prompt, { kind: 'chat' }>): Token[] {
  if (parts.template === null) {
    throw fault('llm.capability_missing', { model: parts.modelId, capability: 'chat' });
  }
  const messages = prompt.messages.map((message) => ({
    ...message,
    content: breakControlTexts(message.content, parts.controlTexts),
    ...(message.toolCalls === undefined
      ? {}
      : { toolCalls: message.toolCalls.map((call) => breakCall(call, parts.controlTexts)) }),
  }));
  const text = parts.template.render({ ...prompt, messages });
  // Each part is tokenized alone, so a control token that someone wrote into a message is only text.
  return withBeginning(
    parts.model,
    text.split(breakMark).flatMap((part) => parts.model.tokenize(part, true)),
  );
}

/** Puts a mark into each control token's text, so that a message can't open a turn of somebody else. */
function breakControlTexts(content: string, controlTexts: readonly string[]): string {
  let broken = content.replaceAll(breakMark, '');
  for (const text of controlTexts) {
    if (text.length < 2 || !broken.includes(text)) continue;
    broken = broken.replaceAll(text, `${text.slice(0, 1)}${breakMark}${text.slice(1)}`);
  }
  return broken;
}

function breakCall(call: ToolCall, controlTexts: readonly string[]): ToolCall {
  return {
    ...call,
    name: breakControlTexts(call.name, controlTexts),
    arguments: breakControlTexts(call.arguments, controlTexts),
  };
}

function infillTokens(parts: PromptParts, prompt: Extract<Prompt, { kind: 'infill' }>): Token[] {
  const { prefix, middle, suffix } = parts.model.tokens.infill;
  if (prefix === null || middle === null || suffix === null) {
    throw fault('llm.capability_missing', { model: parts.modelId, capability: 'infill' });
  }
  return withBeginning(parts.model, [
    prefix,
    ...parts.model.tokenize(prompt.prefix, false),
    suffix,
    ...parts.model.tokenize(prompt.suffix, false),
    middle,
  ]);
}

function withBeginning(model: LlamaModel, tokens: Token[]): Token[] {
  const { bos, shouldPrependBosToken } = model.tokens;
  if (bos === null || !shouldPrependBosToken || tokens[0] === bos) return tokens;
  return [bos, ...tokens];
}
