import { expect, test } from 'vitest';
import { aboutTokens, timesDecimal } from './cost.ts';

test('prices are multiplied exactly', () => {
  expect(timesDecimal('0.0000006', 148)).toBe('0.0000888');
  expect(timesDecimal('0.1', 3)).toBe('0.3');
  expect(timesDecimal('0.5', 4)).toBe('2');
  expect(timesDecimal('0', 100)).toBe('0');
  expect(timesDecimal('12', 2)).toBe('24');
});

test('an empty text has no tokens', () => {
  expect(aboutTokens('')).toBe(0);
  expect(aboutTokens('Say hello to me')).toBe(4);
});
