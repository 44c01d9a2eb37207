import assert from 'node:assert/strict';
import test from 'node:test';
import { formatDecimal } from './decimal.ts';
import { balanceTokensOf, costOf } from './pricing.ts';

const free = { tokenWeight: '1', promptTokenCost: '0', completionTokenCost: '0' };

test('a model of weight 1 costs one balance token per token', () => {
  assert.equal(balanceTokensOf(1_234, free), 1_234n);
});

test('a weighted request is rounded up once, not per token', () => {
  assert.equal(balanceTokensOf(3, { ...free, tokenWeight: '0.4' }), 2n);
  assert.equal(balanceTokensOf(10, { ...free, tokenWeight: '2.5' }), 25n);
  assert.equal(balanceTokensOf(1, { ...free, tokenWeight: '0.000001' }), 1n);
  assert.equal(balanceTokensOf(500, { ...free, tokenWeight: '0' }), 0n);
});

test('cost is exact where floats are not', () => {
  const price = { tokenWeight: '1', promptTokenCost: '0.00000015', completionTokenCost: '0.0000006' };
  const counts = { promptTokens: 333_333, cachedPromptTokens: 0, completionTokens: 77_777 };
  assert.equal(formatDecimal(costOf(counts, price), 12), '0.09666615');
});

test('cached prompt tokens are billed once, at their own price', () => {
  const price = {
    tokenWeight: '1',
    promptTokenCost: '0.01',
    cachedPromptTokenCost: '0.001',
    completionTokenCost: '0',
  };
  const counts = { promptTokens: 100, cachedPromptTokens: 90, completionTokens: 0 };
  assert.equal(formatDecimal(costOf(counts, price), 12), '0.19');
});

test('without a cache price cached tokens cost what the others cost', () => {
  const price = { tokenWeight: '1', promptTokenCost: '0.01', completionTokenCost: '0' };
  const counts = { promptTokens: 100, cachedPromptTokens: 90, completionTokens: 0 };
  assert.equal(formatDecimal(costOf(counts, price), 12), '1');
});
