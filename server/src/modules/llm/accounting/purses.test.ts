import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually } from '#kernel/testing/eventually.ts';
import {
  type AccountingWorld,
  accountingWorld,
  askFor as ask,
  ledgerThatGoesAway,
  testUse as used,
} from '../testing/accounting-world.ts';
import { createPurses, type PurseDeps } from './purses.ts';

let it: AccountingWorld;

before(async () => {
  it = await accountingWorld();
});
after(() => it[Symbol.asyncDispose]());

const pursesWith = (idleMs: number, changed: Partial<PurseDeps> = {}) =>
  createPurses(it.deps({ idleMs, ...changed }));

test('many requests in a row are charged exactly, each once, and what was put aside comes back', async () => {
  const userId = await it.userWith(1_000_000);
  const purses = pursesWith(60_000);
  for (let turn = 0; turn < 40; turn += 1) {
    const hold = await purses.hold(ask(userId));
    const bill = await hold.settle(used);
    assert.deepEqual([bill.chargedTokens, bill.cost, bill.currency], [70, '0.00008', 'USD']);
  }
  const failed = await purses.hold(ask(userId));
  await failed.release();
  await purses[Symbol.asyncDispose]();
  assert.deepEqual(await it.balanceOf(userId), { tokens: 1_000_000 - 40 * 70, heldTokens: 0 });
});

test('requests at once never hold more than the balance, also while more is put aside for one key', async () => {
  const userId = await it.userWith(1_000);
  await using purses = pursesWith(60_000);
  const outcomes = await Promise.allSettled(
    Array.from({ length: 30 }, (_, turn) =>
      purses.hold(ask(userId, turn % 2 === 0 ? {} : { apiKeyId: 'key' })),
    ),
  );
  const holds = outcomes.filter((outcome) => outcome.status === 'fulfilled');
  assert.equal(holds.length, 10);
  for (const { value } of holds) await value.settle({ ...used, completionTokens: 40 });
  await purses[Symbol.asyncDispose]();
  assert.deepEqual(await it.balanceOf(userId), { tokens: 0, heldTokens: 0 });
});

test('what lies idle in one purse of a user serves the next one', async () => {
  const userId = await it.userWith(1_000);
  await using purses = pursesWith(60_000);
  for (let turn = 0; turn < 4; turn += 1) await (await purses.hold(ask(userId))).settle(used);
  const large = await purses.hold(ask(userId, { apiKeyId: 'other', maxCompletionTokens: 600 }));
  await large.release();
});

test('an answer that used more than was held for it takes the rest from the balance', async () => {
  const userId = await it.userWith(10_000);
  const purses = pursesWith(0);
  const hold = await purses.hold(ask(userId));
  await hold.settle({ ...used, completionTokens: 500 });
  await purses[Symbol.asyncDispose]();
  assert.deepEqual(await it.balanceOf(userId), { tokens: 10_000 - 560, heldTokens: 0 });
});

test('what was used while the ledger is away for long is charged when it is back', async () => {
  const userId = await it.userWith(1_000);
  const { state, cut } = ledgerThatGoesAway(it.deps().ledger);
  await using purses = pursesWith(0, { ledger: cut, retryMs: [1, 1, 1] });
  const hold = await purses.hold(ask(userId));
  state.away = true;
  await hold.settle(used);
  await eventually(() => assert.ok(state.refusals > 10));
  state.away = false;
  await eventually(async () => {
    assert.deepEqual(await it.balanceOf(userId), { tokens: 1_000 - 70, heldTokens: 0 });
  });
});

test('a process that dies leaves a reservation that expires; nothing is billed', async () => {
  const userId = await it.userWith(1_000);
  const purses = pursesWith(60_000);
  await purses.hold(ask(userId));
  assert.equal((await it.balanceOf(userId))?.heldTokens, 100);
  // It is never settled, given back or disposed: as after kill -9.
  it.world.clock.advance(901_000);
  await it.sweep();
  assert.deepEqual(await it.balanceOf(userId), { tokens: 1_000, heldTokens: 0 });
});

test('a request that runs longer than its reservation keeps its tokens: they can’t be spent twice', async () => {
  const userId = await it.userWith(100);
  await using purses = pursesWith(0, { lifetimeMs: 60_000 });
  const long = await purses.hold(ask(userId));
  for (let minute = 0; minute < 5; minute += 1) {
    const { expires_at: before } = await reservationOf(userId);
    it.world.clock.advance(40_000);
    // It is renewed once half of its time has gone.
    await eventually(async () => {
      const { expires_at: now } = await reservationOf(userId);
      assert.ok(now.getTime() > before.getTime());
    });
    await it.sweep();
  }
  await assert.rejects(purses.hold(ask(userId)), { code: 'ledger.insufficient_balance' });
  await long.settle({ ...used, completionTokens: 40 });
  await purses[Symbol.asyncDispose]();
  assert.deepEqual(await it.balanceOf(userId), { tokens: 0, heldTokens: 0 });
});

async function reservationOf(userId: string): Promise<{ expires_at: Date }> {
  const [row] = await it.world.database.query<{ expires_at: Date }>({
    text: 'select expires_at from ledger.reservation where user_id = $1 order by created_at desc limit 1',
    values: [userId],
  });
  assert.ok(row);
  return row;
}

test('a use that the ledger can’t take does not keep those beside it from being charged', async () => {
  const userId = await it.userWith(10_000);
  const { state, cut } = ledgerThatGoesAway(it.deps().ledger);
  await using purses = pursesWith(60_000, { ledger: cut, retryMs: [1] });
  const holds = [];
  for (let turn = 0; turn < 6; turn += 1) holds.push(await purses.hold(ask(userId)));
  // While it is away they gather: then all of them are sent at once.
  state.away = true;
  for (const [turn, hold] of holds.entries()) {
    await hold.settle(turn === 2 ? { ...used, promptTokens: 200_000_000 } : used);
  }
  await eventually(() => assert.ok(state.refusals > 0));
  state.away = false;
  await eventually(async () => assert.equal(await it.requestsOf(userId), 5));
});

test('what lies idle beside a request that still runs serves the next one, of whatever key', async () => {
  const userId = await it.userWith(1_000);
  await using purses = pursesWith(60_000);
  // Many in a row: more and more is put aside ahead, and one of them goes on for long.
  const long = [];
  for (let turn = 0; turn < 4; turn += 1) long.push(await purses.hold(ask(userId)));
  for (const hold of long.slice(1)) await hold.settle(used);
  const other = await purses.hold(ask(userId, { apiKeyId: 'other', maxCompletionTokens: 600 }));
  await assert.rejects(purses.hold(ask(userId, { maxCompletionTokens: 600 })), {
    code: 'ledger.insufficient_balance',
  });
  await other.settle({ ...used, completionTokens: 600 });
  await long[0]?.settle({ ...used, completionTokens: 40 });
  await purses[Symbol.asyncDispose]();
  assert.deepEqual(await it.balanceOf(userId), { tokens: 1_000 - 3 * 70 - 660 - 100, heldTokens: 0 });
});
