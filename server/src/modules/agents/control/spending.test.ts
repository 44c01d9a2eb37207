import assert from 'node:assert/strict';
import test from 'node:test';
import { isFault } from '#base/fault.ts';
import type { Budget, Usage } from '../contract-shapes.ts';
import { createSpending, type Held, tokensOf, withLost } from './spending.ts';

const nothing: Usage = { calls: 0, promptTokens: 0, completionTokens: 0, estimatedTokens: 0, cost: '0' };
const price = { promptToken: 1_000_000n, completionToken: 4_000_000n };

function spendingOf(budget: Partial<Budget>, used = nothing) {
  const saved: { usage: Usage; held: Held | null }[] = [];
  const spending = createSpending({
    budget: { tokens: 1_000, seconds: 60, cost: null, ...budget },
    used,
    save: async (usage, held) => void saved.push({ usage, held }),
  });
  return { spending, saved };
}

test('no call begins that could go beyond the tokens; its answer is made to fit', async () => {
  const { spending, saved } = spendingOf({ tokens: 1_000 });
  const hold = await spending.hold({ promptTokens: 600, maxTokens: 8_000, price });
  assert.equal(hold.maxTokens, 400);
  assert.equal(saved[0]?.held?.tokens, 1_000);
  await hold.settle({ promptTokens: 300, completionTokens: 100, estimated: false });
  assert.deepEqual([tokensOf(spending.usage()), saved[1]?.held], [400, null]);
  await assert.rejects(
    spending.hold({ promptTokens: 550, maxTokens: 100, price }),
    (error) => isFault(error, 'agents.budget_tokens') && error.data.used === 400,
  );
});

test('no call begins that could go beyond the money; an answer is as long as it can be paid', async () => {
  // 2 millionths for the prompt of 2 tokens, the rest for at most 100 tokens of answer.
  const { spending } = spendingOf({ tokens: 1_000_000, cost: 402 });
  const hold = await spending.hold({ promptTokens: 2, maxTokens: 8_000, price });
  assert.equal(hold.maxTokens, 100);
  await hold.settle({ promptTokens: 2, completionTokens: 60, estimated: false });
  assert.equal(spending.usage().cost, '0.000242');
  await assert.rejects(
    spending.hold({ promptTokens: 2, maxTokens: 100, price }),
    (error) => isFault(error, 'agents.budget_cost') && error.data.used === '0.000242',
  );
  const free = { promptToken: 0n, completionToken: 0n };
  assert.equal((await spending.hold({ promptTokens: 2, maxTokens: 100, price: free })).maxTokens, 100);
});

test('a runaway ends within its budget, whatever it asks for', async () => {
  for (const budget of [
    { tokens: 50_000, cost: null },
    { tokens: 10_000_000, cost: 5_000 },
  ]) {
    const { spending, saved } = spendingOf(budget);
    let calls = 0;
    try {
      for (;;) {
        calls += 1;
        const hold = await spending.hold({ promptTokens: 37 * calls, maxTokens: 4_000, price });
        await hold.settle({
          promptTokens: 37 * calls,
          completionTokens: hold.maxTokens,
          estimated: calls % 2 === 0,
        });
      }
    } catch (error) {
      assert.ok(isFault(error, budget.cost === null ? 'agents.budget_tokens' : 'agents.budget_cost'));
    }
    assert.ok(calls > 1);
    for (const { usage, held } of saved) {
      assert.ok(tokensOf(usage) + (held?.tokens ?? 0) <= budget.tokens);
      const cost = Number(usage.cost) + Number(held?.cost ?? 0);
      if (budget.cost !== null) assert.ok(cost <= (budget.cost + 0.001) / 1e6, String(cost));
    }
  }
});

test('what was held when a process died counts as spent', () => {
  const lost = withLost({ ...nothing, promptTokens: 5, cost: '0.1' }, { tokens: 700, cost: '0.25' });
  assert.deepEqual([lost.promptTokens, lost.estimatedTokens, lost.cost], [5, 700, '0.35']);
});
