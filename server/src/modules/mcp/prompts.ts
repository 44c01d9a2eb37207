import {
  type GetPromptResult,
  type Prompt,
  ProtocolError,
  ProtocolErrorCode,
} from '@modelcontextprotocol/server';
import type { z } from 'zod';
import type { Language } from '#base/fault.ts';
import type { BoundMethod } from '#kernel/rpc/method.ts';
import type { promptsContract } from '#modules/prompts/contract.ts';
import { callMethod, type McpCaller, type McpCallParts, mayCall } from './call.ts';

type Listed = z.output<(typeof promptsContract)['methods']['prompt.list']['result']>;
type Generated = z.output<(typeof promptsContract)['methods']['prompt.generate']['result']>;
type Given = z.input<(typeof promptsContract)['methods']['prompt.generate']['params']>;
type PromptInfo = Listed['prompts'][number];
type Variable = PromptInfo['variables'][number];
type VariableValue = NonNullable<Given['variables']>[string];

export interface PromptSource extends McpCallParts {
  readonly methods: ReadonlyMap<string, BoundMethod>;
}

export interface PromptRequest {
  readonly name: string;
  readonly values: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** The prompts and mixes that ship, as prompts of the protocol: many clients offer these as slash commands. None for a key that may not. */
export async function listPrompts(
  source: PromptSource,
  caller: McpCaller,
  signal: AbortSignal,
): Promise<Prompt[]> {
  const method = methodOf(source, 'prompt.list');
  if (!mayCall(method, caller.principal)) return [];
  return (await promptInfos(source, caller, signal)).map((info) => promptOf(info, caller.language));
}

/**
 * A prompt filled with values. The protocol knows texts only: a list is its lines, numbers and booleans are read.
 * @throws ProtocolError for an unknown prompt, and with text, hint and code where the values are refused
 */
export async function getPrompt(
  source: PromptSource,
  caller: McpCaller,
  { name, values, signal }: PromptRequest,
): Promise<GetPromptResult> {
  const info = (await promptInfos(source, caller, signal)).find(({ id }) => id === name);
  if (info === undefined) throw refused(`There is no prompt ${JSON.stringify(name.slice(0, 100))}`);
  const types = new Map(info.variables.map((variable) => [variable.name, variable.type]));
  const variables = Object.fromEntries(
    Object.entries(values).map(([key, text]) => [key, valueOf(types.get(key), text)]),
  );
  const params = { promptId: name, variables };
  const { output, files } = await call<Generated>(source, caller, {
    name: 'prompt.generate',
    params,
    signal,
  });
  const parts = [output, ...files.map(({ path, content }) => `${path}\n\n${content}`)].filter(
    (part) => part !== '',
  );
  return {
    description: info.description[caller.language],
    messages: parts.map((text) => ({ role: 'user', content: { type: 'text', text } })),
  };
}

async function promptInfos(
  source: PromptSource,
  caller: McpCaller,
  signal: AbortSignal,
): Promise<PromptInfo[]> {
  const listed = await call<Listed>(source, caller, { name: 'prompt.list', params: {}, signal });
  return [...listed.prompts, ...listed.mixes];
}

async function call<Result>(
  source: PromptSource,
  caller: McpCaller,
  { name, params, signal }: { name: string; params: unknown; signal: AbortSignal },
): Promise<Result> {
  const outcome = await callMethod(source, caller, {
    method: methodOf(source, name),
    values: params,
    signal,
  });
  if ('refusal' in outcome) throw refused(outcome.refusal);
  // The method's own schema has checked it.
  return outcome.result as Result;
}

function methodOf({ methods }: PromptSource, name: string): BoundMethod {
  const method = methods.get(name);
  if (method === undefined) throw new Error(`the prompts module has no ${name}`);
  return method;
}

function refused(text: string): ProtocolError {
  return new ProtocolError(ProtocolErrorCode.InvalidParams, text);
}

function promptOf({ id, title, description, variables }: PromptInfo, language: Language): Prompt {
  return {
    name: id,
    title: title[language],
    description: description[language],
    arguments: variables.map((variable) => ({
      name: variable.name,
      description: argumentText(variable, language),
      required: variable.default === undefined,
    })),
  };
}

function argumentText({ description, values }: Variable, language: Language): string {
  return values === undefined ? description[language] : `${description[language]} (${values.join(' | ')})`;
}

/** What does not read as its type is passed on as it is, so that the refusal names it. */
function valueOf(type: Variable['type'] | undefined, text: string): VariableValue {
  switch (type) {
    case 'integer':
    case 'number':
      return text.trim() === '' || Number.isNaN(Number(text)) ? text : Number(text);
    case 'boolean':
      return text === 'true' || (text === 'false' ? false : text);
    case 'list':
      return text.split(/\r?\n/).filter((line) => line !== '');
    default:
      return text;
  }
}
