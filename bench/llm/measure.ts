import { readFileSync } from 'node:fs';
import type { Engine } from '@cyberdevstudio/server/modules/llm/engine/engine.ts';

export interface Target {
  readonly engine: Engine;
  readonly processId: number | undefined;
}

const ticksPerSecond = 100;
/** Ids of the speed model that end an answer. */
const endTokens = [2, 261] as const;

export function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? 0;
}

/** Processor time that a process has used, of all its threads. */
export function cpuSecondsOf(processId: number | undefined): number {
  const text = readFileSync(`/proc/${processId}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** A text of as many tokens, each letter being one; the name makes its beginning differ from all others. */
export function textOf(name: string, tokens: number): string {
  return name
    .padEnd(8, '_')
    .repeat(Math.ceil(tokens / 8))
    .slice(0, tokens);
}

/** Generates this many tokens and returns how many came. */
export async function generate(engine: Engine, text: string, tokens: number): Promise<number> {
  const generation = engine.generate(requestOf(text, tokens), { signal: new AbortController().signal });
  for (;;) {
    const next = await generation.next();
    if (next.done === true) return next.value.completionTokens;
  }
}

/** Milliseconds until the first text. */
export async function firstToken(engine: Engine, text: string): Promise<number> {
  const startedMs = performance.now();
  await generate(engine, text, 1);
  return performance.now() - startedMs;
}

function requestOf(text: string, tokens: number): Parameters<Engine['generate']>[0] {
  return {
    prompt: { kind: 'text', text },
    format: { kind: 'text' },
    sampling: { temperature: 0, logitBias: new Map(endTokens.map((token) => [token, -1_000])) },
    maxTokens: tokens,
    stop: [],
    topLogprobs: null,
  };
}
