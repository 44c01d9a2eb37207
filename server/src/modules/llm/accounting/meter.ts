import type { GenerateUsage } from '../engine/engine.ts';

/** What a running request has used so far. It is read when the request ends, however it ends. */
export interface Meter {
  promptTokens: number;
  cachedPromptTokens: number;
  completionTokens: number;
}

export function createMeter(): Meter {
  return { promptTokens: 0, cachedPromptTokens: 0, completionTokens: 0 };
}

/** Adds up the counts of several generations of one prompt (`n`): the prompt counts once. */
export function sumOf(usages: readonly GenerateUsage[]): GenerateUsage {
  const [first] = usages;
  let completionTokens = 0;
  for (const usage of usages) completionTokens += usage.completionTokens;
  return {
    promptTokens: first?.promptTokens ?? 0,
    cachedPromptTokens: first?.cachedPromptTokens ?? 0,
    completionTokens,
  };
}
