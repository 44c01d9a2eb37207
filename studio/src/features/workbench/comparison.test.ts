import { expect, test } from 'vitest';
import { parseComparison } from './comparison.ts';

test('reads what an address asks to compare with', () => {
  expect(parseComparison('head')).toEqual({ kind: 'head' });
  expect(parseComparison('commit:0af3')).toEqual({ kind: 'commit', id: '0af3' });
  expect(parseComparison('version:17')).toEqual({ kind: 'version', id: '17' });
});

test('anything else compares nothing', () => {
  for (const text of [undefined, '', 'commit:', 'commit:../x', 'commit:a b', 'tag:v1']) {
    expect(parseComparison(text)).toBeUndefined();
  }
});
