import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import test, { after } from 'node:test';
import { isFault } from '#base/fault.ts';
import { ledgerContract } from './contract.ts';
import { ledgerWorld } from './testing/ledger-world.ts';

const books = await ledgerWorld();
after(() => books[Symbol.asyncDispose]());
const { world } = books;
const client = world.client(ledgerContract);
const service = world.call(null);
const trillion = 1_000_000_000_000;

function adjust(userId: string, change: { kind: 'to' | 'by'; tokens: number }, key: string = randomUUID()) {
  return client.call('ledger.adjust', { userId, change, key, reason: 'a test' }, service);
}

test('a credit counts once per key, also when ten arrive at once', async () => {
  const userId = randomUUID();
  const credit = { userId, tokens: 500, key: 'voucher-1', reason: 'voucher' };
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => client.call('ledger.credit', credit, service)),
  );
  assert.equal(answers.filter((answer) => !answer.replayed).length, 1);
  assert.deepEqual(await books.balance(userId), { tokens: 500, heldTokens: 0 });
  await assert.rejects(client.call('ledger.credit', { ...credit, tokens: 501 }, service), (error) =>
    isFault(error, 'ledger.key_reused'),
  );
});

test('the first uses of one new account at once open it once', async () => {
  const userId = randomUUID();
  await Promise.all(Array.from({ length: 20 }, (_, index) => adjust(userId, { kind: 'by', tokens: index })));
  assert.equal((await books.balance(userId)).tokens, 190);
  await books.assertBalancedBooks();
});

test('a balance is set or changed, never below zero', async () => {
  const userId = await books.userWith(100);
  assert.equal((await adjust(userId, { kind: 'to', tokens: 40 })).balance.tokens, 40);
  assert.equal((await adjust(userId, { kind: 'by', tokens: -30 })).balance.tokens, 10);
  await assert.rejects(adjust(userId, { kind: 'by', tokens: -11 }), (error) =>
    isFault(error, 'ledger.insufficient_balance'),
  );
  assert.equal((await books.balance(userId)).tokens, 10);
});

test('setting the same balance again with the same key changes nothing, whatever was spent since', async () => {
  const userId = await books.userWith(0);
  await adjust(userId, { kind: 'to', tokens: 500 }, 'monthly');
  const { reservationId } = await books.reserve(userId);
  await books.settle({ reservationId, promptTokens: 60, completionTokens: 40 });
  const again = await adjust(userId, { kind: 'to', tokens: 500 }, 'monthly');
  assert.equal(again.replayed, true);
  assert.equal(again.balance.tokens, 400);
});

test('no balance exceeds what JSON carries exactly', async () => {
  const userId = await books.userWith(1_000 * trillion);
  await assert.rejects(adjust(userId, { kind: 'by', tokens: 1 }), (error) =>
    isFault(error, 'ledger.balance_limit'),
  );
});

test('amounts that are no whole numbers are refused', async () => {
  const userId = await books.userWith(0);
  for (const tokens of [0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60]) {
    await assert.rejects(adjust(userId, { kind: 'by', tokens }), (error) =>
      isFault(error, 'common.invalid_params'),
    );
  }
});

test('every change is a line of the history, newest first, with the balance after it', async () => {
  const userId = await books.userWith(1_000);
  const { reservationId } = await books.reserve(userId, { requestId: 'asked' });
  await books.settle({ reservationId, promptTokens: 60, completionTokens: 0 });
  await adjust(userId, { kind: 'by', tokens: -40 });
  const call = world.call({ userId });
  const first = await client.call('ledger.history', { limit: 3 }, call);
  assert.deepEqual(
    first.entries.map(({ kind, tokens, balanceAfter, requestId }) => [kind, tokens, balanceAfter, requestId]),
    [
      ['debit', -40, 900, null],
      ['settle', 40, 940, 'asked'],
      ['reserve', -100, 900, 'asked'],
    ],
  );
  assert.ok(first.nextCursor);
  const second = await client.call('ledger.history', { cursor: first.nextCursor }, call);
  assert.deepEqual(
    second.entries.map((entry) => [entry.kind, entry.tokens, entry.reason]),
    [['credit', 1_000, 'start']],
  );
  assert.equal(second.nextCursor, null);
});

test('an administrator’s change is announced with its reason', async () => {
  const userId = await books.userWith(0);
  await adjust(userId, { kind: 'by', tokens: 7 });
  const [event] = await books.events(userId, 'ledger.balance_changed');
  assert.deepEqual(event, { userId, tokens: 7, balanceAfter: 7, reason: 'a test', actorId: null });
});

test('the database itself refuses books that do not balance or overdraw', async () => {
  const userId = await books.userWith(10);
  const [account] = await world.database.query<{ id: bigint }>({
    text: `select id from ledger.account where owner = $1 and kind = 'available'`,
    values: [userId],
  });
  const post = (amounts: string, accounts: string) =>
    world.database.execute({
      text: `select ledger.post(row(null, 'x', 'debit', 'k', '', null, null, null, now())::ledger.transfer,
                                ${accounts}, ${amounts})`,
    });
  await assert.rejects(post('array[-5]', `array[${account?.id}]`), /sum to zero/);
  await assert.rejects(
    post('array[-11, 11]', `array[${account?.id}, 9223372036854775807]`),
    /account_not_overdrawn/,
  );
});
