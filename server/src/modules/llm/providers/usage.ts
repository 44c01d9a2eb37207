import type { Meter } from '../accounting/meter.ts';

const most = 100_000_000;

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= most
    ? value
    : undefined;
}

interface Told {
  readonly prompt_tokens?: unknown;
  readonly completion_tokens?: unknown;
  readonly total_tokens?: unknown;
  readonly prompt_tokens_details?: { readonly cached_tokens?: unknown } | null;
  /** DeepSeek's name of it. */
  readonly prompt_cache_hit_tokens?: unknown;
}

/**
 * Takes the usage that a provider tells in an answer or event. Cached tokens are part of the prompt's and never more.
 * Where the generated ones are not told, what was counted so far stays. `none`: there is none, or no sound one;
 * `prompt`: only that was told.
 */
export function takeUsage(answer: unknown, meter: Meter): 'none' | 'prompt' | 'all' {
  const { usage, x_groq: groq } = answer as { usage?: unknown; x_groq?: { usage?: unknown } };
  const told = (usage ?? groq?.usage) as Told | null | undefined;
  if (typeof told !== 'object' || told === null) return 'none';
  const promptTokens = count(told.prompt_tokens);
  if (promptTokens === undefined) return 'none';
  const cached = count(told.prompt_tokens_details?.cached_tokens) ?? count(told.prompt_cache_hit_tokens) ?? 0;
  meter.promptTokens = promptTokens;
  meter.cachedPromptTokens = Math.min(cached, promptTokens);
  const total = count(told.total_tokens);
  const rest = total === undefined ? undefined : count(total - promptTokens);
  const generated = count(told.completion_tokens) ?? rest;
  if (generated === undefined) return 'prompt';
  meter.completionTokens = generated;
  return 'all';
}
