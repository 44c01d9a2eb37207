import type { ModelActivity } from './model-queries.ts';

interface Bar {
  readonly at: string;
  readonly requests: number;
  readonly failed: number;
  readonly tokens: number;
  /** Height; even an idle minute shows a line. */
  readonly percent: number;
}

/** One model's hour as a strip of minutes. */
export interface Strip {
  readonly model: string;
  readonly bars: readonly Bar[];
  readonly requests: number;
  readonly failed: number;
  readonly tokens: number;
}

const least = 12;

/** The models of the last hour, the busiest first; all strips have one scale, so that they can be compared. */
export function stripsOf(minutes: ModelActivity['minutes']): Strip[] {
  const all = minutes.flatMap(({ models }) => models);
  const most = Math.max(1, ...all.map(({ tokens }) => tokens));
  const names = [...new Set(all.map(({ model }) => model))];
  const strips = names.map((model) => {
    const bars = minutes.map(({ at, models }) => {
      const { requests, failed, tokens } = models.find((one) => one.model === model) ?? nothing;
      return { at, requests, failed, tokens, percent: Math.max(least, Math.round((tokens / most) * 100)) };
    });
    const sum = (what: 'requests' | 'failed' | 'tokens') => bars.reduce((total, bar) => total + bar[what], 0);
    return { model, bars, requests: sum('requests'), failed: sum('failed'), tokens: sum('tokens') };
  });
  return strips.sort((a, b) => b.tokens - a.tokens);
}

const nothing = { requests: 0, failed: 0, tokens: 0 };
