import type { SequenceEvaluateOptions, Token } from 'node-llama-cpp';
import { type Sampled, type SourceOptions, samplingOptions, type TokenSource } from './token-source.ts';

/** Where a request does not cut the choice, it is made among this many of the likeliest tokens. */
const candidatesAtMost = 1_024;

/**
 * Samples with log-probabilities as OpenAI means them: of the model's own distribution (after bias and penalties),
 * before temperature and truncation. The engine gives the highest scores and the weight of all; the choice among them
 * is made here, by the same steps in the same order. With a grammar see `createConstrainedLogprobSource`.
 */
export function createLogprobSource(options: SourceOptions, alternatives: number): TokenSource {
  const { topK = 0, topP = 1, minP = 0, temperature = 0, seed = 0, ...scoring } = samplingOptions(options);
  const wanted = Math.max(topK > 0 ? topK : candidatesAtMost, alternatives, 1);
  const random = randomOf(seed);

  async function evaluate(tokens: Token[]): Promise<Sampled | null> {
    const last = tokens.at(-1);
    if (last === undefined) return null;
    const input = [
      ...tokens.slice(0, -1),
      [
        last,
        {
          generateNext: {
            token: true,
            totalLogitWeight: true,
            logits: { filter: { tokens: [], includeTop: wanted } },
            // Greedy, because a temperature and truncation would change the scores that are given back.
            options: { ...scoring, temperature: 0, topK: 0, topP: 1, minP: 0 },
          },
        },
      ] satisfies [Token, unknown],
    ];
    const results = await options.sequence.controlledEvaluate(input);
    const next = results.at(-1)?.next;
    if (next?.logits === undefined || next.totalLogitWeight === undefined) return null;
    const scored = [...next.logits].sort((a, b) => b[1] - a[1]);
    const highest = scored[0]?.[1] ?? 0;
    const normalizer = highest + Math.log(next.totalLogitWeight);
    const logprobs = scored.map(([token, logit]) => [token, logit - normalizer] as const);
    const token = choose(scored, { topK, topP, minP, temperature, random });
    if (token === null || options.model.isEogToken(token)) return null;
    const logprob = logprobs.find(([candidate]) => candidate === token)?.[1] ?? Number.NEGATIVE_INFINITY;
    return { token, logprob, alternatives: logprobs.slice(0, alternatives) };
  }

  let last: Token | null = null;
  const remember = (sampled: Sampled | null): Sampled | null => {
    last = sampled?.token ?? null;
    return sampled;
  };
  return {
    start: async (tokens) => remember(await evaluate(tokens)),
    next: async () => (last === null ? null : remember(await evaluate([last]))),
    close: async () => {},
  };
}

/**
 * With a grammar the engine must choose, so its probabilities are those among the tokens that grammar and truncation
 * left over.
 */
export function createConstrainedLogprobSource(options: SourceOptions, alternatives: number): TokenSource {
  let generator: ReturnType<typeof options.sequence.evaluateWithMetadata<{ probabilities: true }>> | null =
    null;
  const step = async (): Promise<Sampled | null> => {
    const result = await generator?.next();
    if (result === undefined || result.done === true) return null;
    const { token, probabilities } = result.value;
    const entries = [...probabilities].filter(([, probability]) => probability > 0);
    return {
      token,
      logprob: Math.log(probabilities.get(token) ?? 0),
      alternatives: entries
        .slice(0, alternatives)
        .map(([other, probability]) => [other, Math.log(probability)]),
    };
  };
  return {
    start(tokens) {
      const evaluation: SequenceEvaluateOptions = samplingOptions(options);
      if (options.grammar !== null) evaluation.grammarEvaluationState = options.grammar;
      generator = options.sequence.evaluateWithMetadata(tokens, { probabilities: true }, evaluation);
      return step();
    },
    next: step,
    async close() {
      await generator?.return();
    },
  };
}

interface Choice {
  readonly topK: number;
  readonly topP: number;
  readonly minP: number;
  readonly temperature: number;
  readonly random: () => number;
}

type Scored = readonly (readonly [token: Token, logit: number])[];

/** Top-k, top-p, min-p, temperature, then a draw, as llama.cpp's chain does it. `scored` begins with the highest. */
export function choose(scored: Scored, choice: Choice): Token | null {
  if (choice.temperature <= 0) return scored[0]?.[0] ?? null;
  let kept = choice.topK > 0 ? scored.slice(0, choice.topK) : scored;
  if (choice.topP < 1) kept = kept.slice(0, countWithin(weightsOf(kept, 1), choice.topP));
  if (choice.minP > 0) {
    const floor = (kept[0]?.[1] ?? 0) + Math.log(choice.minP);
    kept = kept.filter(([, logit], index) => index === 0 || logit >= floor);
  }
  const weights = weightsOf(kept, choice.temperature);
  let left = choice.random() * weights.reduce((sum, weight) => sum + weight, 0);
  for (const [index, weight] of weights.entries()) {
    left -= weight;
    if (left <= 0) return kept[index]?.[0] ?? null;
  }
  return kept.at(-1)?.[0] ?? null;
}

function weightsOf(scored: Scored, temperature: number): number[] {
  const highest = scored[0]?.[1] ?? 0;
  return scored.map(([, logit]) => Math.exp((logit - highest) / temperature));
}

/** How many of the first weights make up this part of all. */
function countWithin(weights: readonly number[], part: number): number {
  const needed = part * weights.reduce((sum, weight) => sum + weight, 0);
  let sum = 0;
  for (const [index, weight] of weights.entries()) {
    sum += weight;
    if (sum >= needed) return index + 1;
  }
  return weights.length;
}

/** The splitmix32 generator: numbers from 0 to 1 that a seed determines. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}
