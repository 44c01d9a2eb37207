import { expect, test } from 'vitest';
import { formatBytes, formatCount } from './format.ts';

test('sizes have at most three digits before the point', () => {
  const sizes = [0, 999, 1_000, 1_536, 1_007 * 2 ** 20, 64 * 2 ** 20, 23.5 * 2 ** 30];
  expect(sizes.map((size) => formatBytes(size, 'en'))).toEqual([
    '0 B',
    '999 B',
    '1 KB',
    '1.5 KB',
    '1 GB',
    '64 MB',
    '23.5 GB',
  ]);
  expect(formatBytes(1_536, 'de')).toBe('1,5 KB');
});

test('counts are grouped as the language writes them', () => {
  for (const count of [0, 7, 999, 1_000, 184_320, 1_234_567, -45_000]) {
    expect(formatCount(count, 'en')).toBe(count.toLocaleString('en'));
    expect(formatCount(count, 'de')).toBe(count.toLocaleString('de'));
  }
});
