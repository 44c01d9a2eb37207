import assert from 'node:assert/strict';
import test from 'node:test';
import { divideUp, formatDecimal, parseDecimal } from './decimal.ts';

test('a decimal text survives reading and writing without a digit lost', () => {
  for (const text of ['0', '0.000000000001', '12', '999999999.999999999999', '0.15', '-3.5']) {
    assert.equal(formatDecimal(parseDecimal(text, 12), 12), text);
  }
});

test('trailing zeros are cut, also behind the scale', () => {
  assert.equal(formatDecimal(parseDecimal('1.500000000000000', 12), 12), '1.5');
});

test('a tenth and two tenths are exactly three tenths', () => {
  assert.equal(formatDecimal(parseDecimal('0.1', 12) + parseDecimal('0.2', 12), 12), '0.3');
});

test('refuses what is no plain decimal, or too fine for its scale', () => {
  for (const text of ['', '1e3', '.5', '5.', '1,5', 'NaN', ' 1', '0.0000000000001']) {
    assert.throws(() => parseDecimal(text, 12), RangeError, text);
  }
});

test('division rounds up, and only when something is left', () => {
  assert.equal(divideUp(10n, 5n), 2n);
  assert.equal(divideUp(11n, 5n), 3n);
  assert.equal(divideUp(0n, 5n), 0n);
});
