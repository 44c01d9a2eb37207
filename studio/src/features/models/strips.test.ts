import { expect, test } from 'vitest';
import { stripsOf } from './strips.ts';

test('each model has a bar for every minute, all on one scale, the busiest model first', () => {
  const strips = stripsOf([
    { at: 'a', models: [{ model: 'small', requests: 1, failed: 1, tokens: 50 }] },
    { at: 'b', models: [] },
    {
      at: 'c',
      models: [
        { model: 'small', requests: 1, failed: 0, tokens: 0 },
        { model: 'large', requests: 2, failed: 0, tokens: 200 },
      ],
    },
  ]);
  expect(strips.map(({ model, requests, failed, tokens }) => [model, requests, failed, tokens])).toEqual([
    ['large', 2, 0, 200],
    ['small', 2, 1, 50],
  ]);
  expect(strips[0]?.bars.map(({ percent }) => percent)).toEqual([12, 12, 100]);
  expect(strips[1]?.bars.map(({ percent }) => percent)).toEqual([25, 12, 12]);
});
