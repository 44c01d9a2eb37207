import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { ledgerContract } from './contract.ts';
import { type LedgerWorld, ledgerWorld } from './testing/ledger-world.ts';

let it: LedgerWorld;

before(async () => {
  it = await ledgerWorld();
});
after(() => it[Symbol.asyncDispose]());

const price = { promptTokenCost: '0.000001', completionTokenCost: '0.000002' };
const use = (requestId: string = randomUUID()) => ({
  requestId,
  model: 'm',
  endpoint: '/v1/chat/completions',
  promptTokens: 60,
  completionTokens: 10,
  price,
});

const draw = (reservationId: string, uses: ReturnType<typeof use>[], close = false) =>
  it.world.client(ledgerContract).call('ledger.draw', { reservationId, uses, close }, it.world.call(null));

const usageOf = async (userId: string) =>
  (await it.world.client(ledgerContract).call('usage.me', {}, it.world.call({ userId }))).total;

test('several requests draw on one reservation; the rest comes back when it is closed', async () => {
  const userId = await it.userWith(1_000);
  const { reservationId } = await it.reserve(userId, { promptTokens: 300, maxCompletionTokens: 0 });
  assert.deepEqual(await draw(reservationId, [use(), use()]), {
    chargedTokens: 140,
    uncoveredTokens: 0,
    returnedTokens: 0,
  });
  assert.deepEqual(await it.balance(userId), { tokens: 700, heldTokens: 160 });
  assert.deepEqual(await draw(reservationId, [use()], true), {
    chargedTokens: 70,
    uncoveredTokens: 0,
    returnedTokens: 90,
  });
  assert.deepEqual(await it.balance(userId), { tokens: 790, heldTokens: 0 });
  const { requests, chargedTokens, cost } = await usageOf(userId);
  assert.deepEqual([requests, chargedTokens, cost], [3, 210, '0.00024']);
  await it.assertBalancedBooks();
});

test('a batch that is sent again, as after an answer that was lost, charges nothing twice', async () => {
  const userId = await it.userWith(1_000);
  const { reservationId } = await it.reserve(userId, { promptTokens: 300, maxCompletionTokens: 0 });
  const uses = [use(), use()];
  await draw(reservationId, uses);
  assert.equal((await draw(reservationId, [...uses, use()])).chargedTokens, 70);
  assert.equal((await usageOf(userId)).requests, 3);
  assert.deepEqual(await it.balance(userId), { tokens: 700, heldTokens: 90 });
});

test('more than the reservation holds is taken from the balance, never below zero, and told', async () => {
  const userId = await it.userWith(100);
  const { reservationId } = await it.reserve(userId, { promptTokens: 50, maxCompletionTokens: 0 });
  const drawn = await draw(reservationId, [use(), use()], true);
  assert.deepEqual(drawn, { chargedTokens: 140, uncoveredTokens: 40, returnedTokens: 0 });
  assert.deepEqual(await it.balance(userId), { tokens: 0, heldTokens: 0 });
  assert.equal((await it.events(userId, 'ledger.uncovered')).length, 1);
});

test('a closed reservation gives nothing more', async () => {
  const userId = await it.userWith(1_000);
  const { reservationId } = await it.reserve(userId);
  await draw(reservationId, [], true);
  await assert.rejects(draw(reservationId, [use()]), { code: 'ledger.reservation_closed' });
  assert.deepEqual(await it.balance(userId), { tokens: 1_000, heldTokens: 0 });
});

test('drawn tokens count against budgets', async () => {
  const userId = await it.userWith(1_000);
  const ledger = it.world.client(ledgerContract);
  const admin = it.world.call({ role: 'admin' });
  const budget = { id: userId, apiKeyId: null, period: 'day' as const, limitTokens: 200 };
  await ledger.call('admin.users.setBudget', budget, admin);
  const { reservationId } = await it.reserve(userId, { promptTokens: 150, maxCompletionTokens: 0 });
  await draw(reservationId, [use(), use()], true);
  const { budgets } = await ledger.call('admin.users.budgets', { id: userId }, admin);
  assert.deepEqual([budgets[0]?.usedTokens, budgets[0]?.heldTokens], [140, 0]);
  await assert.rejects(it.reserve(userId, { promptTokens: 61, maxCompletionTokens: 0 }), {
    code: 'ledger.budget_exceeded',
  });
});

test('what nothing covers any more counts against budgets all the same', async () => {
  const userId = await it.userWith(150);
  const ledger = it.world.client(ledgerContract);
  const admin = it.world.call({ role: 'admin' });
  const budget = { id: userId, apiKeyId: null, period: 'day' as const, limitTokens: 1_000 };
  await ledger.call('admin.users.setBudget', budget, admin);
  const { reservationId } = await it.reserve(userId, { promptTokens: 150, maxCompletionTokens: 0 });
  await draw(reservationId, [use(), use(), use()]);
  const drawn = await draw(reservationId, [use()]);
  assert.deepEqual([drawn.chargedTokens, drawn.uncoveredTokens], [70, 70]);
  const { budgets } = await ledger.call('admin.users.budgets', { id: userId }, admin);
  assert.deepEqual([budgets[0]?.usedTokens, budgets[0]?.heldTokens], [280, 0]);
});

test('a request that was drawn cannot be reserved under its id: nothing could charge it', async () => {
  const userId = await it.userWith(1_000);
  const { reservationId } = await it.reserve(userId, { promptTokens: 300, maxCompletionTokens: 0 });
  const drawn = use();
  await draw(reservationId, [drawn], true);
  await assert.rejects(it.reserve(userId, { requestId: drawn.requestId }), { code: 'ledger.key_reused' });
  assert.deepEqual(await it.balance(userId), { tokens: 930, heldTokens: 0 });
});

test('a draw counts for the user and the key, in the day and month in which its reservation began', async () => {
  const userId = await it.userWith(1_000);
  const { reservationId } = await it.reserve(userId, { apiKeyId: 'key', maxCompletionTokens: 140 });
  const other = await it.reserve(userId, { apiKeyId: 'other' });
  it.world.clock.advance(40 * 86_400_000);
  await draw(reservationId, [use(), use()], true);
  const rows = await it.world.database.query<{ api_key_id: string; used: string; held: string }>({
    text: `select api_key_id, used_tokens::text as used, held_tokens::text as held from ledger.budget_use
            where user_id = $1 order by api_key_id, period`,
    values: [userId],
  });
  assert.deepEqual(
    rows.map((row) => [row.api_key_id, row.used, row.held]),
    [
      ['', '140', '100'],
      ['', '140', '100'],
      ['key', '140', '0'],
      ['key', '140', '0'],
      ['other', '0', '100'],
      ['other', '0', '100'],
    ],
  );
  assert.equal((await it.release(other.reservationId)).returnedTokens, 100);
  await it.assertBalancedBooks();
});

test('what is put aside beyond what is still needed comes back, once however often it is asked', async () => {
  const userId = await it.userWith(1_000);
  const { reservationId } = await it.reserve(userId, { promptTokens: 300, maxCompletionTokens: 0 });
  const keep = (keepTokens: number) =>
    it.world
      .client(ledgerContract)
      .call('ledger.draw', { reservationId, uses: [], keepTokens }, it.world.call(null));
  assert.equal((await keep(100)).returnedTokens, 200);
  assert.equal((await keep(100)).returnedTokens, 0);
  assert.deepEqual(await it.balance(userId), { tokens: 900, heldTokens: 100 });
  assert.equal((await draw(reservationId, [use()], true)).returnedTokens, 30);
  assert.deepEqual(await it.balance(userId), { tokens: 930, heldTokens: 0 });
  await it.assertBalancedBooks();
});
