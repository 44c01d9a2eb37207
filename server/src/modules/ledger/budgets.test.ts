import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { isFault } from '#base/fault.ts';
import type { Principal } from '#base/principal.ts';
import { ledgerContract } from './contract.ts';
import { ledgerWorld } from './testing/ledger-world.ts';

const books = await ledgerWorld();
after(() => books[Symbol.asyncDispose]());
const { world } = books;
const client = world.client(ledgerContract);
const admin = world.call({ role: 'admin' });
const dayMs = 24 * 3_600_000;

interface Limit {
  readonly apiKeyId?: string;
  readonly period?: 'day' | 'month';
  readonly limitTokens: number | null;
}

async function setBudget(userId: string, { period = 'day', ...limit }: Limit) {
  const { budgets } = await client.call('admin.users.setBudget', { id: userId, period, ...limit }, admin);
  return budgets;
}

async function spend(userId: string, tokens: number, apiKeyId: string | null = null): Promise<void> {
  const { reservationId } = await books.reserve(userId, {
    promptTokens: tokens,
    maxCompletionTokens: 0,
    apiKeyId,
  });
  await books.settle({ reservationId, promptTokens: tokens, completionTokens: 0 });
}

/** To noon of a day in the middle of next month, so that no test runs across the end of a period. */
function toMiddleOfNextMonth(): void {
  const now = new Date(world.clock.now());
  world.clock.advance(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 15, 12) - now.getTime());
}

test('a budget refuses what would exceed it, with what is reserved counted in', async () => {
  toMiddleOfNextMonth();
  const userId = await books.userWith(10_000);
  await setBudget(userId, { limitTokens: 250 });
  await books.reserve(userId);
  await books.reserve(userId);
  await assert.rejects(books.reserve(userId), (error) => {
    assert.ok(isFault(error, 'ledger.budget_exceeded'));
    assert.equal(error.data.limitTokens, 250);
    assert.equal(error.data.usedTokens, 200);
    return true;
  });
});

test('fifty racers stay within a budget', async () => {
  const userId = await books.userWith(100_000);
  await setBudget(userId, { limitTokens: 730 });
  const outcomes = await Promise.allSettled(Array.from({ length: 50 }, () => books.reserve(userId)));
  assert.equal(outcomes.filter((outcome) => outcome.status === 'fulfilled').length, 7);
});

test('what was reserved and not used is free again', async () => {
  const userId = await books.userWith(10_000);
  await setBudget(userId, { limitTokens: 100 });
  const { reservationId } = await books.reserve(userId);
  await books.settle({ reservationId, promptTokens: 10, completionTokens: 0 });
  const [budget] = await setBudget(userId, { limitTokens: 100 });
  assert.equal(budget?.usedTokens, 10);
  assert.equal(budget?.heldTokens, 0);
  await books.reserve(userId, { promptTokens: 90, maxCompletionTokens: 0 });
});

test('a day’s budget begins anew at midnight UTC; the month’s goes on', async () => {
  toMiddleOfNextMonth();
  const userId = await books.userWith(10_000);
  await setBudget(userId, { limitTokens: 100 });
  await setBudget(userId, { limitTokens: 150, period: 'month' });
  await spend(userId, 100);
  await assert.rejects(spend(userId, 1), (error) => isFault(error, 'ledger.budget_exceeded'));
  world.clock.advance(dayMs);
  await spend(userId, 50);
  await assert.rejects(spend(userId, 1), (error) => {
    assert.ok(isFault(error, 'ledger.budget_exceeded'));
    assert.equal(error.data.period, 'month');
    return true;
  });
});

test('a key has its own budget beside the user’s', async () => {
  const userId = await books.userWith(10_000);
  await setBudget(userId, { apiKeyId: 'key-a', limitTokens: 100 });
  await spend(userId, 100, 'key-a');
  await assert.rejects(spend(userId, 1, 'key-a'), (error) => isFault(error, 'ledger.budget_exceeded'));
  await spend(userId, 500, 'key-b');
  await spend(userId, 500);
});

test('a budget that is set later knows what was used before it', async () => {
  const userId = await books.userWith(10_000);
  await spend(userId, 300);
  const [budget] = await setBudget(userId, { limitTokens: 350, period: 'month' });
  assert.equal(budget?.usedTokens, 300);
});

test('crossing 80 and 100 percent is told once each per period and limit', async () => {
  toMiddleOfNextMonth();
  const userId = await books.userWith(10_000);
  await setBudget(userId, { limitTokens: 100 });
  const told = async () =>
    (await books.events(userId, 'ledger.budget_reached')).map(
      (payload) => (payload as { percent: number }).percent,
    );
  await spend(userId, 79);
  assert.deepEqual(await told(), []);
  await spend(userId, 1);
  await spend(userId, 5);
  assert.deepEqual(await told(), [80]);
  await spend(userId, 15);
  assert.deepEqual(await told(), [80, 100]);
  await assert.rejects(spend(userId, 1));
  assert.deepEqual(await told(), [80, 100]);
  world.clock.advance(dayMs);
  await spend(userId, 100);
  assert.deepEqual(await told(), [80, 100, 80, 100]);
});

test('a refusal tells that the budget is used up although it was never met exactly', async () => {
  const userId = await books.userWith(10_000);
  await setBudget(userId, { limitTokens: 150 });
  await spend(userId, 90);
  await assert.rejects(spend(userId, 70));
  const [event] = await books.events(userId, 'ledger.budget_reached');
  assert.equal((event as { percent: number }).percent, 100);
});

test('a budget of zero blocks, and a removed one does not', async () => {
  const userId = await books.userWith(10_000);
  await setBudget(userId, { limitTokens: 0 });
  await assert.rejects(spend(userId, 1), (error) => isFault(error, 'ledger.budget_exceeded'));
  assert.deepEqual(await setBudget(userId, { limitTokens: null }), []);
  await spend(userId, 1);
});

test('users limit their own keys, but not by way of a key, and not what an administrator set', async () => {
  const userId = await books.userWith(10_000);
  const asUser = (credential: Principal['credential']) => world.call({ userId, credential });
  const session = asUser({ kind: 'session', sessionId: 'here' });
  const limit = { apiKeyId: 'mine', period: 'day', limitTokens: 10 } as const;
  const { budgets } = await client.call('ledger.budget.set', limit, session);
  assert.equal(budgets[0]?.setByAdmin, false);
  await assert.rejects(
    client.call('ledger.budget.set', limit, asUser({ kind: 'apiKey', apiKeyId: 'mine' })),
    (error) => isFault(error, 'common.forbidden'),
  );
  await setBudget(userId, { apiKeyId: 'mine', limitTokens: 5 });
  await assert.rejects(client.call('ledger.budget.set', { ...limit, limitTokens: 1_000 }, session), (error) =>
    isFault(error, 'ledger.budget_locked'),
  );
});

test('one user can not fill the table with budgets of keys that do not exist', async () => {
  const userId = await books.userWith(0);
  const session = world.call({ userId });
  await world.database.execute({
    text: `insert into ledger.budget (user_id, api_key_id, period, limit_tokens, set_by_admin)
           select $1, 'key-' || number, 'day', 1, false from generate_series(1, 200) as number`,
    values: [userId],
  });
  await assert.rejects(
    client.call('ledger.budget.set', { apiKeyId: 'more', period: 'day', limitTokens: 1 }, session),
    (error) => isFault(error, 'ledger.too_many_budgets'),
  );
});
