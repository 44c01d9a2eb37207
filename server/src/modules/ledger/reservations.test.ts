import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import test, { after } from 'node:test';
import { isFault } from '#base/fault.ts';
import { ledgerWorld } from './testing/ledger-world.ts';

const books = await ledgerWorld();
after(() => books[Symbol.asyncDispose]());

const minuteMs = 60_000;

test('a reservation moves tokens from what can be spent to what is held', async () => {
  const userId = await books.userWith(1_000);
  const reservation = await books.reserve(userId, { promptTokens: 60, maxCompletionTokens: 40 });
  assert.equal(reservation.tokens, 100);
  assert.equal(reservation.status, 'held');
  assert.deepEqual(await books.balance(userId), { tokens: 900, heldTokens: 100 });
});

test('refuses to reserve more than there is, and says how much is missing', async () => {
  const userId = await books.userWith(99);
  await assert.rejects(books.reserve(userId), (error) => {
    assert.ok(isFault(error, 'ledger.insufficient_balance'));
    assert.deepEqual(error.data, { neededTokens: 100, availableTokens: 99 });
    return true;
  });
  assert.deepEqual(await books.balance(userId), { tokens: 99, heldTokens: 0 });
});

test('a user without any account has nothing to spend', async () => {
  await assert.rejects(books.reserve(randomUUID()), (error) => isFault(error, 'ledger.insufficient_balance'));
});

test('fifty racers reserve exactly what the balance holds', async () => {
  const userId = await books.userWith(1_050);
  const outcomes = await Promise.allSettled(Array.from({ length: 50 }, () => books.reserve(userId)));
  assert.equal(outcomes.filter((outcome) => outcome.status === 'fulfilled').length, 10);
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') assert.ok(isFault(outcome.reason, 'ledger.insufficient_balance'));
  }
  assert.deepEqual(await books.balance(userId), { tokens: 50, heldTokens: 1_000 });
  await books.assertBalancedBooks();
});

test('the same request reserves once, however often and however parallel it asks', async () => {
  const userId = await books.userWith(1_000);
  const requestId = randomUUID();
  const answers = await Promise.all(Array.from({ length: 10 }, () => books.reserve(userId, { requestId })));
  assert.equal(new Set(answers.map((answer) => answer.reservationId)).size, 1);
  assert.equal(answers.filter((answer) => !answer.replayed).length, 1);
  assert.deepEqual(await books.balance(userId), { tokens: 900, heldTokens: 100 });
});

test('a request id with other values is refused', async () => {
  const userId = await books.userWith(1_000);
  const requestId = randomUUID();
  await books.reserve(userId, { requestId });
  await assert.rejects(books.reserve(userId, { requestId, maxCompletionTokens: 41 }), (error) =>
    isFault(error, 'ledger.key_reused'),
  );
  await assert.rejects(books.reserve(userId, { requestId, model: 'other' }), (error) =>
    isFault(error, 'ledger.key_reused'),
  );
});

test('a request id of one user does not stand in the way of another user', async () => {
  const [first, second] = [await books.userWith(1_000), await books.userWith(1_000)];
  await books.reserve(first, { requestId: 'shared' });
  const answer = await books.reserve(second, { requestId: 'shared', maxCompletionTokens: 1 });
  assert.equal(answer.replayed, false);
});

test('releasing returns everything, and a second time nothing more', async () => {
  const userId = await books.userWith(1_000);
  const { reservationId } = await books.reserve(userId);
  assert.deepEqual(await books.release(reservationId), { returnedTokens: 100, replayed: false });
  assert.deepEqual(await books.release(reservationId), { returnedTokens: 100, replayed: true });
  assert.deepEqual(await books.balance(userId), { tokens: 1_000, heldTokens: 0 });
});

test('a request whose reservation was released may try again', async () => {
  const userId = await books.userWith(1_000);
  const first = await books.reserve(userId, { requestId: 'again' });
  await books.release(first.reservationId);
  const second = await books.reserve(userId, { requestId: 'again' });
  assert.equal(second.replayed, false);
  assert.notEqual(second.reservationId, first.reservationId);
});

test('an unknown reservation can be neither released nor settled', async () => {
  const reservationId = randomUUID();
  await assert.rejects(books.release(reservationId), (error) => isFault(error, 'ledger.reservation_unknown'));
  await assert.rejects(books.settle({ reservationId, promptTokens: 1, completionTokens: 1 }), (error) =>
    isFault(error, 'ledger.reservation_unknown'),
  );
});

test('what nobody settles in time is released by recovery, and told', async () => {
  const userId = await books.userWith(1_000);
  const { reservationId } = await books.reserve(userId, { lifetimeMs: minuteMs, requestId: 'forgotten' });
  const recover = () => books.world.platform.composition.runtimes.get('ledger')?.recover?.();

  await recover();
  assert.deepEqual(await books.balance(userId), { tokens: 900, heldTokens: 100 });

  books.world.clock.advance(minuteMs + 1);
  await Promise.all([recover(), recover(), recover()]);
  assert.deepEqual(await books.balance(userId), { tokens: 1_000, heldTokens: 0 });
  assert.deepEqual(await books.events(userId, 'ledger.reservation_expired'), [
    { userId, requestId: 'forgotten', tokens: 100 },
  ]);
  assert.equal((await books.release(reservationId)).replayed, true);
  await books.assertBalancedBooks();
});

test('reserving, settling, releasing and crediting at once keeps the books balanced', async () => {
  const users = await Promise.all([1, 2, 3].map(() => books.userWith(10_000)));
  await Promise.all(
    Array.from({ length: 60 }, async (_, index) => {
      const userId = users[index % users.length] ?? '';
      const { reservationId } = await books.reserve(userId);
      if (index % 4 === 0) await books.release(reservationId);
      else await books.settle({ reservationId, promptTokens: 60, completionTokens: index });
    }),
  );
  for (const userId of users) assert.equal((await books.balance(userId)).heldTokens, 0);
  await books.assertBalancedBooks();
});
