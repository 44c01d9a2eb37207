import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import test, { after } from 'node:test';
import { isFault } from '#base/fault.ts';
import { splitCharge } from './settlements.ts';
import { ledgerWorld } from './testing/ledger-world.ts';

const books = await ledgerWorld();
after(() => books[Symbol.asyncDispose]());

const price = { tokenWeight: '2', promptTokenCost: '0.00000015', completionTokenCost: '0.0000006' };

test('a charge is paid from what is held, then from the balance, and what is left is uncovered', () => {
  const funds = { held: 100n, available: 30n };
  const [nothing, some] = [0n, 70n];
  assert.deepEqual(splitCharge(some, funds), {
    fromHeld: 70n,
    returned: 30n,
    fromAvailable: nothing,
    uncovered: nothing,
  });
  assert.deepEqual(splitCharge(120n, funds), {
    fromHeld: 100n,
    returned: nothing,
    fromAvailable: 20n,
    uncovered: nothing,
  });
  assert.deepEqual(splitCharge(150n, funds), {
    fromHeld: 100n,
    returned: nothing,
    fromAvailable: 30n,
    uncovered: 20n,
  });
});

test('settling charges what was used, returns the rest, and records the exact cost', async () => {
  const userId = await books.userWith(1_000);
  const { reservationId, tokens } = await books.reserve(userId, { price });
  assert.equal(tokens, 200);
  const settlement = await books.settle({ reservationId, promptTokens: 60, completionTokens: 7 });
  assert.deepEqual(settlement, {
    chargedTokens: 134,
    uncoveredTokens: 0,
    returnedTokens: 66,
    cost: '0.0000132',
    currency: 'USD',
    replayed: false,
  });
  assert.deepEqual(await books.balance(userId), { tokens: 866, heldTokens: 0 });
});

test('settling again with the same counts bills nothing more; with others it is refused', async () => {
  const userId = await books.userWith(1_000);
  const { reservationId } = await books.reserve(userId);
  const settle = (completionTokens: number) =>
    books.settle({ reservationId, promptTokens: 60, completionTokens });
  const answers = await Promise.all(Array.from({ length: 8 }, () => settle(5)));
  assert.equal(answers.filter((answer) => !answer.replayed).length, 1);
  await assert.rejects(settle(6), (error) => isFault(error, 'ledger.key_reused'));
  assert.deepEqual(await books.balance(userId), { tokens: 935, heldTokens: 0 });
});

test('a retry of a settled request is told so and billed no second time', async () => {
  const userId = await books.userWith(1_000);
  const { reservationId } = await books.reserve(userId, { requestId: 'once' });
  await books.settle({ reservationId, promptTokens: 60, completionTokens: 5 });
  const retry = await books.reserve(userId, { requestId: 'once' });
  assert.equal(retry.status, 'settled');
  assert.equal(retry.replayed, true);
  assert.deepEqual(await books.balance(userId), { tokens: 935, heldTokens: 0 });
});

test('more than was reserved is taken from the balance as far as it reaches, never below zero', async () => {
  const userId = await books.userWith(130);
  const { reservationId } = await books.reserve(userId, { requestId: 'too-long' });
  const settlement = await books.settle({ reservationId, promptTokens: 60, completionTokens: 100 });
  assert.equal(settlement.chargedTokens, 160);
  assert.equal(settlement.uncoveredTokens, 30);
  assert.equal(settlement.returnedTokens, 0);
  assert.deepEqual(await books.balance(userId), { tokens: 0, heldTokens: 0 });
  assert.deepEqual(await books.events(userId, 'ledger.uncovered'), [
    { userId, requestId: 'too-long', uncoveredTokens: 30 },
  ]);
  await books.assertBalancedBooks();
});

test('a released reservation can not be settled, nor a settled one released', async () => {
  const userId = await books.userWith(1_000);
  const released = await books.reserve(userId);
  await books.release(released.reservationId);
  await assert.rejects(
    books.settle({ reservationId: released.reservationId, promptTokens: 1, completionTokens: 1 }),
    (error) => isFault(error, 'ledger.reservation_closed'),
  );
  const settled = await books.reserve(userId);
  await books.settle({ reservationId: settled.reservationId, promptTokens: 60, completionTokens: 1 });
  await assert.rejects(books.release(settled.reservationId), (error) =>
    isFault(error, 'ledger.reservation_closed'),
  );
});

test('a reservation that expired while the model still answered is charged from the balance', async () => {
  const userId = await books.userWith(1_000);
  const { reservationId } = await books.reserve(userId, { lifetimeMs: 1_000 });
  books.world.clock.advance(2_000);
  await books.world.platform.composition.runtimes.get('ledger')?.recover?.();
  const settlement = await books.settle({ reservationId, promptTokens: 60, completionTokens: 10 });
  assert.deepEqual(
    [settlement.chargedTokens, settlement.returnedTokens, settlement.uncoveredTokens],
    [70, 0, 0],
  );
  assert.deepEqual(await books.balance(userId), { tokens: 930, heldTokens: 0 });
});

test('an expired attempt is not billed beside the retry that took its place', async () => {
  const userId = await books.userWith(1_000);
  const first = await books.reserve(userId, { requestId: 'slow', lifetimeMs: 1_000 });
  books.world.clock.advance(2_000);
  await books.world.platform.composition.runtimes.get('ledger')?.recover?.();
  const second = await books.reserve(userId, { requestId: 'slow' });
  await assert.rejects(
    books.settle({ reservationId: first.reservationId, promptTokens: 60, completionTokens: 1 }),
    (error) => isFault(error, 'ledger.reservation_closed'),
  );
  await books.settle({ reservationId: second.reservationId, promptTokens: 60, completionTokens: 1 });
  assert.deepEqual(await books.balance(userId), { tokens: 939, heldTokens: 0 });
});

test('more cached than prompt tokens make no sense and are refused', async () => {
  const userId = await books.userWith(1_000);
  const { reservationId } = await books.reserve(userId);
  await assert.rejects(
    books.settle({ reservationId, promptTokens: 5, cachedPromptTokens: 6, completionTokens: 0 }),
    (error) => isFault(error, 'common.invalid_params'),
  );
});

test('the price is the one of the reservation, also when it changes before the end', async () => {
  const userId = await books.userWith(1_000);
  const requestId = randomUUID();
  const { reservationId } = await books.reserve(userId, { requestId, price });
  const retry = await books.reserve(userId, { requestId, price: { ...price, tokenWeight: '9' } });
  assert.equal(retry.reservationId, reservationId);
  const settlement = await books.settle({ reservationId, promptTokens: 10, completionTokens: 0 });
  assert.equal(settlement.chargedTokens, 20);
});

test('a model of weight 0 costs no tokens, but its use and cost are recorded', async () => {
  const userId = await books.userWith(0);
  const { reservationId, tokens } = await books.reserve(userId, { price: { ...price, tokenWeight: '0' } });
  assert.equal(tokens, 0);
  const settlement = await books.settle({ reservationId, promptTokens: 60, completionTokens: 7 });
  assert.equal(settlement.chargedTokens, 0);
  assert.equal(settlement.cost, '0.0000132');
});
