import type { Params } from '../../rpc/contracts.ts';
import { readStored, writeStored } from '../../ui/local-storage.ts';
import { type ToolCall, textOfCalls } from './tool-calls.ts';

/** What the left side holds; kept on this device. */
export interface PlaygroundSettings {
  readonly system: string;
  readonly temperature: number;
  readonly topP: number;
  readonly topK: number;
  readonly maxTokens: number;
  readonly schema: string;
  readonly compare: boolean;
  readonly sameSeed: boolean;
  readonly seed: number;
  /** While two are compared: which model is which is shown only after a choice. */
  readonly hideNames: boolean;
}

export const defaultSettings: PlaygroundSettings = {
  system: '',
  temperature: 0.2,
  topP: 0.9,
  topK: 40,
  maxTokens: 512,
  schema: '',
  compare: false,
  sameSeed: true,
  seed: 7311,
  hideNames: false,
};

const storageKey = 'cds.playground';

export function storedSettings(): PlaygroundSettings {
  return { ...defaultSettings, ...readStored<Partial<PlaygroundSettings>>(storageKey) };
}

export function storeSettings(settings: PlaygroundSettings): void {
  writeStored(storageKey, settings);
}

export interface Turn {
  readonly role: 'user' | 'assistant';
  readonly content: string;
  /** Tools that an answer calls. */
  readonly toolCalls?: readonly ToolCall[];
}

/** What a turn says, the calls of an answer without words included. */
export function wordsOf({ content, toolCalls = [] }: Turn): string {
  return content === '' ? textOfCalls(toolCalls) : content;
}

/** The schema as an object; undefined when there is none, null when the text is not one. */
export function schemaOf(text: string): Record<string, unknown> | null | undefined {
  if (text.trim() === '') return undefined;
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
      ? (parsed as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

/** Where a text stops being JSON, counted from 1; undefined when it is JSON, or the browser does not tell the place. */
export function jsonBreaksAt(text: string): { readonly line: number; readonly column: number } | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    const message = error instanceof Error ? error.message : '';
    const position = /position (\d+)/.exec(message)?.[1];
    // V8 names no position where the text ends too early.
    const at =
      position === undefined ? (/end of JSON/i.test(message) ? text.length : undefined) : Number(position);
    if (at === undefined) return undefined;
    const before = text.slice(0, at).split('\n');
    return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
  }
}

type ChatBody = Params<'llm.chat.stream'>;

/** The request that the settings and the conversation come to. */
export function bodyOf(settings: PlaygroundSettings, model: string, turns: readonly Turn[]): ChatBody {
  const { system, temperature, topP, topK, maxTokens, sameSeed, seed } = settings;
  const schema = schemaOf(settings.schema);
  return {
    model,
    messages: [
      ...(system.trim() === '' ? [] : [{ role: 'system' as const, content: system }]),
      // Calls are told as words: their results, which must follow calls, are nowhere to be had.
      ...turns.map((turn) => ({ role: turn.role, content: wordsOf(turn) })),
    ],
    temperature,
    top_p: topP,
    // Only servers like this one know it; a provider is not asked to.
    ...(model.includes('/') ? {} : { top_k: topK }),
    max_tokens: maxTokens,
    ...(sameSeed ? { seed } : {}),
    ...(schema === undefined || schema === null
      ? {}
      : { response_format: { type: 'json_schema' as const, json_schema: { name: 'answer', schema } } }),
  };
}
