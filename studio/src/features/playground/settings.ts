import type { Params } from '../../rpc/contracts.ts';
import { readStored, writeStored } from '../../ui/local-storage.ts';

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

type ChatBody = Params<'llm.chat.stream'>;

/** The request that the settings and the conversation come to. */
export function bodyOf(settings: PlaygroundSettings, model: string, turns: readonly Turn[]): ChatBody {
  const { system, temperature, topP, topK, maxTokens, sameSeed, seed } = settings;
  const schema = schemaOf(settings.schema);
  return {
    model,
    messages: [
      ...(system.trim() === '' ? [] : [{ role: 'system' as const, content: system }]),
      ...turns.map((turn) => ({ ...turn })),
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
