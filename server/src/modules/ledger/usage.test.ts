import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { isFault } from '#base/fault.ts';
import { ledgerContract } from './contract.ts';
import { ledgerWorld } from './testing/ledger-world.ts';

const books = await ledgerWorld();
after(() => books[Symbol.asyncDispose]());
const { world } = books;
const client = world.client(ledgerContract);
const dayMs = 24 * 3_600_000;

async function use(userId: string, model: string, completionTokens: number): Promise<void> {
  const { reservationId } = await books.reserve(userId, {
    model,
    price: { promptTokenCost: '0.1', cachedPromptTokenCost: '0.01', completionTokenCost: '0.2' },
  });
  await books.settle({ reservationId, promptTokens: 10, cachedPromptTokens: 5, completionTokens });
}

test('use is summed exactly, in total and by model, the largest first', async () => {
  const userId = await books.userWith(10_000);
  await use(userId, 'small', 1);
  await use(userId, 'large', 20);
  await use(userId, 'large', 20);
  const usage = await client.call('usage.me', { groupBy: 'model' }, world.call({ userId }));
  assert.deepEqual(usage.total, {
    requests: 3,
    promptTokens: 30,
    cachedPromptTokens: 15,
    completionTokens: 41,
    chargedTokens: 71,
    cost: '9.85',
  });
  assert.deepEqual(
    usage.groups.map((group) => [group.key, group.requests, group.completionTokens, group.cost]),
    [
      ['large', 2, 40, '9.1'],
      ['small', 1, 1, '0.75'],
    ],
  );
  assert.equal(usage.currency, 'USD');
  assert.equal(usage.balance.tokens, 9_929);
});

test('use is grouped by day of UTC, the newest first, and cut to the period asked for', async () => {
  const userId = await books.userWith(10_000);
  const firstMs = world.clock.now();
  await use(userId, 'small', 1);
  world.clock.advance(dayMs);
  await use(userId, 'small', 2);
  const admin = world.call({ role: 'admin' });
  const dates = [firstMs + dayMs, firstMs].map((ms) => new Date(ms).toISOString().slice(0, 10));
  const all = await client.call('admin.users.usage', { id: userId, groupBy: 'day' }, admin);
  assert.deepEqual(
    all.groups.map((group) => group.key),
    dates,
  );
  const part = await client.call(
    'admin.users.usage',
    { id: userId, from: dates[1], to: dates[0], groupBy: 'endpoint' },
    admin,
  );
  assert.equal(part.total.requests, 1);
  assert.deepEqual(
    part.groups.map((group) => group.key),
    ['/v1/chat/completions'],
  );
});

test('nobody’s use is an answer of zeros, not an error', async () => {
  const usage = await client.call('usage.me', {}, world.call());
  assert.equal(usage.total.requests, 0);
  assert.equal(usage.total.cost, '0');
  assert.deepEqual(usage.groups, []);
});

test('a period that ends before it begins, or is too long, is refused', async () => {
  const ask = (from: string, to: string) => client.call('usage.me', { from, to }, world.call());
  await assert.rejects(ask('2026-02-01', '2026-01-01'), (error) => isFault(error, 'ledger.range_invalid'));
  await assert.rejects(ask('2020-01-01', '2026-01-01'), (error) => isFault(error, 'ledger.range_invalid'));
  await assert.rejects(ask('yesterday', '2026-01-01'), (error) => isFault(error, 'common.invalid_params'));
});
