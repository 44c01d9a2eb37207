import type { Call, Client } from '#base/contract.ts';
import { moneyScale, parseDecimal } from '#base/decimal.ts';
import type { llmContract } from '#modules/llm/contract.ts';
import type { Price } from './spending.ts';

/** What is known of a model before it is asked. */
export interface Offer {
  /** The highest of all models that may answer in its place. */
  readonly price: Price;
  /** Tokens that all of them can hold; null when nobody told. */
  readonly contextSize: number | null;
  /** Whether nothing but models of this machine may answer. */
  readonly local: boolean;
}

/**
 * Price and window of a model's name. `auto` and the fallbacks of the administrator can lead to another model than the
 * one asked for; a budget holds only when the dearest of them is reckoned with.
 */
export async function offerOf(
  model: string,
  {
    llm,
    call,
    system,
  }: { readonly llm: Client<typeof llmContract>; readonly call: Call; readonly system: Call },
): Promise<Offer> {
  const [{ data }, routing] = await Promise.all([
    llm.call('llm.models', {}, call),
    llm.call('admin.routing.read', {}, system),
  ]);
  const chat = data.filter(({ capabilities }) => capabilities.chat);
  const task = /^auto(?:\/(autocomplete|code|refactor|chat|embed))?$/.exec(model);
  const chosen =
    task === null ? [model, ...fallbacksOf(routing.fallbacks, model)] : routing[taskName(task[1])].models;
  const offered = chosen.length === 0 ? chat : chat.filter(({ id }) => chosen.includes(id));
  const sizes = offered.map(({ context_size }) => context_size).filter((size) => size !== null);
  return {
    price: {
      promptToken: highest(offered.map(({ input_cost }) => input_cost)),
      completionToken: highest(offered.map(({ output_cost }) => output_cost)),
    },
    contextSize: sizes.length === 0 ? null : Math.min(...sizes),
    local: offered.length === 0 ? !model.includes('/') : offered.every(({ id }) => !id.includes('/')),
  };
}

function fallbacksOf(
  fallbacks: Readonly<Record<string, readonly string[]>>,
  model: string,
): readonly string[] {
  return Object.hasOwn(fallbacks, model) ? (fallbacks[model] ?? []) : [];
}

function taskName(name: string | undefined): 'autocomplete' | 'code' | 'refactor' | 'chat' | 'embed' {
  return (name ?? 'chat') as 'chat';
}

function highest(prices: readonly string[]): bigint {
  let most = 0n;
  for (const price of prices) {
    const parsed = parseDecimal(price, moneyScale);
    if (parsed > most) most = parsed;
  }
  return most;
}
