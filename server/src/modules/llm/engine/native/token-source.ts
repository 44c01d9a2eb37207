import { randomInt } from 'node:crypto';
import type {
  LlamaContextSequence,
  LlamaGrammarEvaluationState,
  LlamaModel,
  SequenceEvaluateOptions,
  Token,
} from 'node-llama-cpp';
import { TokenBias } from 'node-llama-cpp';
import type { Sampling } from '../engine.ts';
import type { Utf8Guard } from './utf8-guard.ts';

/** What llama.cpp takes when a request names nothing; small models lose the thread without them. */
const defaults = { topK: 40, topP: 0.95, minP: 0.05 } as const;
/** Penalties look back this far. */
const penaltyTokens = 256;

/** A token of the answer, with natural logarithms of probabilities where they were asked for. */
export interface Sampled {
  readonly token: Token;
  readonly logprob?: number;
  /** The likeliest first. */
  readonly alternatives?: readonly (readonly [token: Token, logprob: number])[];
}

/** Tokens of one generation, one for each decode. */
export interface TokenSource {
  /** Evaluates the rest of the prompt and samples; null when the model has ended its answer. */
  start(tokens: Token[]): Promise<Sampled | null>;
  next(): Promise<Sampled | null>;
  close(): Promise<void>;
}

export interface SourceOptions {
  readonly model: LlamaModel;
  readonly sequence: LlamaContextSequence;
  readonly sampling: Sampling;
  readonly grammar: LlamaGrammarEvaluationState | null;
  readonly guard: Utf8Guard;
  /** The tokens generated so far; penalties count in them. */
  readonly generated: readonly Token[];
}

/** Samples in the engine, with the library's own chain: bias, penalties, top-k, top-p, min-p, temperature. */
export function createTokenSource(options: SourceOptions): TokenSource {
  let generator: AsyncGenerator<Token, void> | null = null;
  const step = async (): Promise<Sampled | null> => {
    const result = await generator?.next();
    return result === undefined || result.done === true ? null : { token: result.value };
  };
  return {
    start(tokens) {
      generator = options.sequence.evaluate(tokens, {
        ...samplingOptions(options),
        ...(options.grammar === null ? {} : { grammarEvaluationState: options.grammar }),
      });
      return step();
    },
    next: step,
    async close() {
      await generator?.return();
    },
  };
}

/** The request's sampling in the library's words. */
export function samplingOptions(options: SourceOptions): SequenceEvaluateOptions {
  const { sampling, generated } = options;
  return {
    temperature: sampling.temperature,
    topK: sampling.topK ?? defaults.topK,
    topP: sampling.topP ?? defaults.topP,
    minP: sampling.minP ?? defaults.minP,
    // The library's own default is the second of the clock: requests of one second would answer alike.
    seed: sampling.seed === undefined ? randomInt(2 ** 32) : sampling.seed >>> 0,
    ...penaltiesOf(sampling, generated),
    ...biasOf(options),
  };
}

function penaltiesOf(sampling: Sampling, generated: readonly Token[]): SequenceEvaluateOptions {
  const { repeatPenalty = 1, frequencyPenalty = 0, presencePenalty = 0 } = sampling;
  if (repeatPenalty === 1 && frequencyPenalty === 0 && presencePenalty === 0) return {};
  return {
    repeatPenalty: {
      punishTokens: () => generated.slice(-penaltyTokens),
      maxPunishTokens: penaltyTokens,
      penalty: repeatPenalty,
      frequencyPenalty,
      presencePenalty,
    },
  };
}

function biasOf({ model, sampling, grammar, guard, generated }: SourceOptions): SequenceEvaluateOptions {
  const add = (bias: TokenBias): void => {
    for (const [token, logit] of sampling.logitBias ?? []) bias.set(token as Token, { logit });
  };
  if (grammar !== null) {
    const biases = guard.biases(add);
    return { tokenBias: () => biases(generated.at(-1)) };
  }
  if (sampling.logitBias === undefined || sampling.logitBias.size === 0) return {};
  const bias = TokenBias.for(model);
  add(bias);
  return { tokenBias: bias };
}
