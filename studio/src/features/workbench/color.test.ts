import { expect, test } from 'vitest';
import { hexOf } from './color.ts';

test('reads colours with and without alpha as tokens.css writes them', () => {
  expect(hexOf('rgb(61 220 245 / 0.19)')).toBe('#3ddcf530');
  expect(hexOf('rgb(4, 5, 10)')).toBe('#04050a');
  expect(hexOf('#10121d')).toBe('#10121d');
});

test('reads colours that the CSS build has shortened', () => {
  expect(hexOf('#fff')).toBe('#ffffff');
  expect(hexOf('#0f08')).toBe('#00ff0088');
});
